"""Which suites packages come from, and where each is: of a base, a mirror, or this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from lamina.deb.sources import AptSource
from lamina.errors import LaminaError
from lamina.mirrors.distributions import DEBIAN, RELEASE_SUFFIXES, Distribution
from lamina.mirrors.keyrings import Keys
from lamina.urls import redacted


class MirrorNotFound(LaminaError):
    """Nothing says where packages may be fetched from."""

    def __init__(self, codename: str, distribution: str = "Debian") -> None:
        super().__init__(
            f"Unable to find the packages of `{codename}`: no mirror of {distribution} is known",
            hint="Name one in `LAMINA_DEBIAN_MIRROR`, or as `debian-mirror` in `[tool.lamina]`; "
            "or all sources as `apt-sources`",
        )


class MalformedMirror(LaminaError):
    """A mirror that is not the URL of one."""


class UnsignedSource(LaminaError):
    """A source that is to be believed without a signature."""

    def __init__(self, archive: Archive, place: str) -> None:
        super().__init__(
            f"Unable to believe {archive}: the source in {place} is trusted without a signature",
            hint="Remove `Trusted: yes` and name its key in `Signed-By`; or name other sources "
            "as `apt-sources` in `[tool.lamina]`",
        )


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
    signed_by: str = ""
    """As in the apt source it came from."""
    keys: Keys = field(default_factory=Keys)
    is_required: bool = True
    checks_date: bool = True

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
    if security is None and not distribution.has_own_security:
        security = mirror
    urls = {"": mirror, "-updates": mirror, "-security": security}
    return tuple(
        Archive(
            url=checked_url(url),
            suite=codename + suffix,
            components=distribution.components,
            is_required=not suffix,
        )
        for suffix, url in urls.items()
        if url is not None
    )


def archives_of_machine(
    codename: str, sources: Iterable[AptSource], distribution: Distribution = DEBIAN
) -> tuple[Archive, ...]:
    """Return the archives of a release, by what apt of this machine uses for its own release.

    Sources of others are not taken, be their suites called ever so much alike: what a machine has
    besides its distribution is no business of an image.
    """
    found: dict[str, Archive] = {}
    for source in own_sources(sources, codename, distribution):
        for suite in source.suites:
            suffix = distribution.suffix(suite, codename)
            if suffix not in RELEASE_SUFFIXES:
                continue
            url, *more = map(checked_url, source.uris)
            archive = Archive(
                url=url,
                more_urls=tuple(more),
                suite=codename + suffix,
                components=tuple(
                    name for name in distribution.components if name in source.components
                ),
                signed_by=source.signed_by,
                is_required=not suffix,
                checks_date=source.checks_date,
            )
            found.setdefault(suffix, archive)
    if "" not in found:
        raise MirrorNotFound(codename, distribution.name)
    return tuple(found[suffix] for suffix in RELEASE_SUFFIXES if suffix in found)


def archives_of_sources(sources: Iterable[AptSource], architecture: str) -> tuple[Archive, ...]:
    """Return the archives that apt sources name, all of them, each once."""
    archives: dict[tuple[str, str], Archive] = {}
    for source in sources:
        if source.architectures and architecture not in source.architectures:
            continue
        for archive in _archives(source, architecture):
            if source.is_trusted:
                raise UnsignedSource(archive, source.place)
            before = archives.get((archive.url, archive.suite), archive)
            components = tuple(dict.fromkeys((*before.components, *archive.components)))
            archives[archive.url, archive.suite] = replace(before, components=components)
    return tuple(archives.values())


def own_sources(
    sources: Iterable[AptSource], codename: str, distribution: Distribution
) -> Sequence[AptSource]:
    """Return those of the distribution itself.

    Its suites tell them, and its keyring; only where none names that, any other keyring will do,
    as that of a company with a mirror that it signs itself.
    """
    found = [
        source
        for source in sources
        if "main" in source.components
        and any(distribution.suffix(suite, codename) is not None for suite in source.suites)
    ]
    return [source for source in found if distribution.is_signed(source.signed_by)] or found


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


def _archives(source: AptSource, architecture: str) -> Iterable[Archive]:
    """Give the archives of one source; in its words, $(ARCH) is the architecture."""

    def filled(word: str) -> str:
        return word.replace("$(ARCH)", architecture)

    url, *more = (checked_url(filled(uri)) for uri in source.uris)
    for suite in source.suites:
        yield Archive(
            url=url,
            more_urls=tuple(more),
            suite=filled(suite),
            components=source.components,
            signed_by=source.signed_by,
            checks_date=source.checks_date,
        )
