"""Which suites packages come from, and where each is: of a base, a mirror, or this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from lamina.deb.sources import AptSource
from lamina.errors import LaminaError
from lamina.mirrors.distributions import DEBIAN, RELEASE_SUFFIXES, Distribution
from lamina.mirrors.keyrings import Keys
from lamina.oci.digest import Digest
from lamina.urls import redacted

_NOT_OWN = 9


class MirrorNotFound(LaminaError):
    """Nothing says where packages may be fetched from."""

    def __init__(self, codename: str | None, distribution: Distribution | None = DEBIAN) -> None:
        what = "Debian packages" if codename is None else f"the packages of `{codename}`"
        whose = f" of {distribution.name}" if distribution else ""
        if distribution and codename:
            hint = (
                "Name one in `LAMINA_DEBIAN_MIRROR`, or as `debian-mirror` in `[tool.lamina]`; or "
                "name all sources as `apt-sources`"
            )
        else:
            hint = "Name the sources as `apt-sources` in `[tool.lamina]`"
        super().__init__(f"Unable to find {what}: no mirror{whose} is known", hint=hint)


class MalformedMirror(LaminaError):
    """A mirror that is not the URL of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One suite at one mirror, or at several that have the same."""

    url: str
    """What ``dists/`` and ``pool/`` lie below."""
    suite: str
    """With a slash at the end it is a folder, and the repository a flat one (sources.list(5))."""
    components: tuple[str, ...] = ("main",)
    more_urls: tuple[str, ...] = ()
    """To be asked where the first does not answer."""
    site: str = ""
    """The URL in the apt source, where another mirror stands in for it: preferences may name it."""
    signed_by: str = ""
    """As in the apt source it came from."""
    keys: Keys = field(default_factory=Keys)
    is_own: bool = False
    """Whether it is of the distribution itself; others have other mirrors, and other keys."""
    is_required: bool = True
    checks_date: bool = True
    unsigned_in: str = ""
    """The place of its source, if that says to believe it without a signature."""

    @property
    def urls(self) -> tuple[str, ...]:
        """All its mirrors, the best first."""
        return self.url, *self.more_urls

    @property
    def is_flat(self) -> bool:
        """Whether its indices lie in one folder, without components."""
        return self.suite.endswith("/")

    @property
    def folder(self) -> str:
        """Where its release file lies, below its URL; ends in a slash or is empty."""
        return self.suite.lstrip("/") if self.is_flat else f"dists/{self.suite}/"

    @property
    def release_url(self) -> str:
        """Where its signed release file lies."""
        return f"{self.url}/{self.folder}InRelease"

    @property
    def name(self) -> str:
        """What it is remembered by; the same for every build, without user and password."""
        return f"{redacted(self.url)} {self.suite}"

    @property
    def identity(self) -> str:
        """All that decides what is read of it, and whom it is believed by; not to be shown."""
        keys = Digest.of(b"".join(self.keys.keyrings)).hex
        components = " ".join(self.components)
        return f"{self.release_url} {components} {keys} {sorted(self.keys.fingerprints)}"

    def __str__(self) -> str:
        # The host alone: a mirror's URL may hold a password.
        return f"`{self.suite}` at {urlsplit(self.url).hostname}"


def archives_of_mirror(
    codename: str,
    mirror: str,
    *,
    security: str | None = None,
    distribution: Distribution = DEBIAN,
) -> tuple[Archive, ...]:
    """Return the archives of a release where the mirror is named by its URL.

    Where security updates have a mirror of their own, they are left out if none is named.
    """
    suites = [codename + suffix for suffix in RELEASE_SUFFIXES]
    archives = [
        Archive(url="", suite=suite, components=distribution.components, is_own=True)
        for suite in suites
    ]
    return at_mirror(archives, codename, mirror, security=security, distribution=distribution)


def at_mirror(
    archives: Iterable[Archive],
    codename: str,
    mirror: str,
    *,
    security: str | None,
    distribution: Distribution,
) -> tuple[Archive, ...]:
    """Return archives, those of the distribution moved to another mirror.

    It need not have more than the release itself, since many have no more.
    """
    if security is None and not distribution.has_own_security:
        security = mirror
    moved = []
    for archive in archives:
        if not archive.is_own:
            moved.append(archive)
            continue
        suffix = distribution.suffix(archive.suite, codename)
        url = security if suffix == "-security" else mirror
        if url is not None:
            moved.append(
                replace(
                    archive,
                    url=checked_url(url),
                    more_urls=(),
                    site=archive.url,
                    is_required=not suffix,
                    unsigned_in="",
                )
            )
    return tuple(moved)


def archives_of_machine(
    codename: str, sources: Iterable[AptSource], distribution: Distribution = DEBIAN
) -> tuple[Archive, ...]:
    """Return the archives of a release, by what apt of this machine uses for its own release.

    Sources of others are not taken, be their suites called ever so much alike: what a machine has
    besides its distribution is no business of an image.
    """
    found: dict[str, Archive] = {}
    for source in own_sources(sources, codename, distribution):
        names = tuple(name for name in distribution.components if name in source.components)
        for suite in source.suites:
            suffix = distribution.suffix(suite, codename)
            if suffix in RELEASE_SUFFIXES and suffix not in found:
                archive = _archive(source, codename + suffix, "")
                found[suffix] = replace(
                    archive, components=names, is_own=True, is_required=not suffix
                )
    if "" not in found:
        raise MirrorNotFound(codename, distribution)
    return tuple(found[suffix] for suffix in RELEASE_SUFFIXES if suffix in found)


def archives_of_sources(
    sources: Sequence[AptSource],
    architecture: str,
    codename: str | None,
    distribution: Distribution | None,
) -> tuple[Archive, ...]:
    """Return the archives that apt sources name for an architecture, all of them, each once."""
    own = own_sources(sources, codename, distribution) if codename and distribution else []
    archives: dict[tuple[str, str], Archive] = {}
    for source in sources:
        if not source.uris or not source.is_for(architecture):
            continue
        for suite in source.suites:
            archive = replace(_archive(source, suite, architecture), is_own=source in own)
            before = archives.get((archive.url, archive.suite), archive)
            components = tuple(dict.fromkeys((*before.components, *archive.components)))
            archives[archive.url, archive.suite] = replace(before, components=components)
    return tuple(archives.values())


def own_sources(
    sources: Iterable[AptSource], codename: str, distribution: Distribution
) -> Sequence[AptSource]:
    """Return those of the distribution itself, which its suites and its keyring tell.

    Others call their suites `stable`, too. So those count that name the keyring of the
    distribution; only where there are none, those of the release that name no keys, then those
    with other keys, as of a company that signs its mirror itself; and at last any of such suites.
    """
    ranked: dict[int, list[AptSource]] = {}
    for source in sources:
        if source.uris and "main" in source.components:
            rank = _rank(source, codename, distribution)
            ranked.setdefault(rank, []).append(source)
    ranked.pop(_NOT_OWN, None)
    return ranked[min(ranked)] if ranked else []


def checked_url(url: str) -> str:
    """Return the URL of a mirror without the slash at its end; refuse what is none."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_good = False
    if not is_good or any(char.isspace() for char in url):
        raise MalformedMirror(f"Expected the URL of a Debian mirror, got: {redacted(url)}")
    return url.rstrip("/")


def _archive(source: AptSource, suite: str, architecture: str) -> Archive:
    """Return one archive of a source; in its words, $(ARCH) is the architecture."""

    def filled(word: str) -> str:
        return word.replace("$(ARCH)", architecture)

    url, *more = (checked_url(filled(uri)) for uri in source.uris)
    return Archive(
        url=url,
        more_urls=tuple(more),
        suite=filled(suite),
        components=source.components,
        signed_by=source.signed_by,
        checks_date=source.checks_date,
        unsigned_in=source.place if source.is_trusted else "",
    )


def _rank(source: AptSource, codename: str, distribution: Distribution) -> int:
    if all(distribution.suffix(suite, codename) is None for suite in source.suites):
        return _NOT_OWN
    if source.signed_by and distribution.is_signed(source.signed_by):
        return 0
    is_of_release = any(suite.startswith(codename) for suite in source.suites)
    return (1 if is_of_release else 3) + bool(source.signed_by)
