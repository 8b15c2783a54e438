"""Which archives a base is made from, and the keys that they are believed by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lamina.deb.sources import AptSource
from lamina.errors import LaminaError
from lamina.urls import redacted

_SUFFIXES = ("", "-updates", "-security")
"""Of the suites that a release consists of; the first is the release itself."""

_DEBIAN = frozenset(
    {"buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid"}
    | {"oldoldstable", "oldstable", "stable", "testing", "unstable"}
)
"""Suites that tell a mirror of Debian from one of another distribution: where a machine gets one of
these, it can get the others."""


class MirrorNotFound(LaminaError):
    """Nothing says where Debian packages may be fetched from."""

    def __init__(self, codename: str) -> None:
        super().__init__(
            f"Unable to make the base `debian:{codename}`: no mirror of Debian is known",
            hint="Name one in `LAMINA_DEBIAN_MIRROR`, or as `debian-mirror` in `[tool.lamina]`",
        )


class MalformedMirror(LaminaError):
    """A mirror that is not the URL of one."""


class KeyringNotFound(LaminaError):
    """No keyring to check the archive's signature with."""

    def __init__(self, tried: Iterable[str]) -> None:
        lines = "".join(f"\n  {path}" for path in tried)
        super().__init__(
            f"Unable to find the keys of the Debian archive; tried{lines}",
            hint="Install `debian-archive-keyring`, or copy its file from a Debian machine and "
            "name it in `LAMINA_DEBIAN_KEYRING`",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One suite at one mirror."""

    url: str
    """What ``dists/`` and ``pool/`` lie below."""
    suite: str
    signed_by: str = ""
    """As in the apt source it came from."""
    is_required: bool = True
    checks_date: bool = True

    @property
    def release_url(self) -> str:
        """Where its signed release file lies."""
        return f"{self.url}/dists/{self.suite}/InRelease"

    def __str__(self) -> str:
        # The host alone: a mirror's URL may hold a password.
        return f"`{self.suite}` at {urlsplit(self.url).hostname}"


def archives_of_mirror(
    codename: str, mirror: str, *, security: str | None = None
) -> tuple[Archive, ...]:
    """Return the archives of a release where the mirror is named by its URL.

    Security updates have a mirror of their own, and are left out where none is named.
    """
    urls = {"": mirror, "-updates": mirror, "-security": security}
    return tuple(
        Archive(url=_checked(url), suite=codename + suffix, is_required=not suffix)
        for suffix, url in urls.items()
        if url is not None
    )


def archives_of_sources(codename: str, sources: Iterable[AptSource]) -> tuple[Archive, ...]:
    """Return the archives of a release, by what apt of this machine uses for its own release."""
    found: dict[str, Archive] = {}
    for source in sources:
        if "main" not in source.components:
            continue
        for suite in source.suites:
            stem, dash, rest = suite.partition("-")
            suffix = dash + rest
            if suffix in _SUFFIXES and (stem in _DEBIAN or stem == codename):
                archive = Archive(
                    url=_checked(source.uris[0]),
                    suite=codename + suffix,
                    signed_by=source.signed_by,
                    is_required=not suffix,
                    checks_date=source.checks_date,
                )
                found.setdefault(suffix, archive)
    if "" not in found:
        raise MirrorNotFound(codename)
    return tuple(found[suffix] for suffix in _SUFFIXES if suffix in found)


def read_keyrings(
    archives: Iterable[Archive], *, configured: Path | None, system: Path
) -> tuple[bytes, ...]:
    """Return the keyring that is configured, else those of the apt sources, else the system's."""
    if configured is not None:
        return (_read(configured),)
    signed_by = {archive.signed_by: None for archive in archives if archive.signed_by}
    found = tuple(keyring for value in signed_by for keyring in _named(value))
    if found:
        return found
    if not system.is_file():
        raise KeyringNotFound([*(value for value in signed_by if "\n" not in value), str(system)])
    return (_read(system),)


def _named(signed_by: str) -> Iterator[bytes]:
    """Give the keyrings of one `Signed-By`: the key itself, or files; fingerprints name no file."""
    if "\n" in signed_by:
        yield signed_by.encode()
        return
    for word in signed_by.split():
        path = Path(word)
        if path.is_absolute() and path.is_file():
            yield _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LaminaError(f"Unable to read the keyring `{path}`: {error.strerror}") from error


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_good = False
    if not is_good or any(char.isspace() for char in url):
        raise MalformedMirror(f"Expected the URL of a Debian mirror, got: {redacted(url)}")
    return url.rstrip("/")
