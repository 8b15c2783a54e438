"""From a codename to packages: release files, their signatures, indices, the closure."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from lamina.bases.debian.archives import Archive, MirrorNotFound
from lamina.bases.debian.plan import ALONE, ROOTS, DebianPlan
from lamina.deb.package import DebianPackage
from lamina.deb.packages import PackagesFile, PackagesIndex
from lamina.deb.release import IndexFile, Release
from lamina.deb.signature import verify
from lamina.errors import LaminaError

_CODENAME = re.compile("[a-z]+")
_OPENERS: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lzma.decompress,
    ".gz": gzip.decompress,
    "": bytes,
}


class Fetch(Protocol):
    """Where documents and files of a mirror come from."""

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        """Return a file of that size and SHA-256, which stays where it is during the build."""
        ...

    def read(self, url: str) -> bytes | None:
        """Return a small document as it is now; ``None`` if the server has none there."""
        ...


class SuiteNotFound(LaminaError):
    """A mirror without the release asked for."""


class DamagedDownload(LaminaError):
    """A file that is not the one that the archive's signature vouches for."""

    def __init__(self, name: str, expected: str, got: str) -> None:
        super().__init__(
            f"Hash mismatch for `{name}`\n  expected: sha256:{expected}\n  got:      sha256:{got}"
        )


def resolve(
    codename: str,
    architecture: str,
    archives: Sequence[Archive],
    *,
    keyrings: Sequence[bytes],
    fetch: Fetch,
    now: datetime,
    previous: DebianPlan | None = None,
) -> DebianPlan:
    """Return the packages of a base; of each the newest version that an archive has.

    ``previous`` is an earlier answer to the same question. It is given again where no release file
    has changed since, which spares the indices.
    """
    if not _CODENAME.fullmatch(codename):
        raise SuiteNotFound(
            f"Unable to make the base `debian:{codename}`: expected a codename, as in `bookworm`"
        )
    if not archives:
        raise MirrorNotFound(codename)
    read = [(archive, _read_release(archive, keyrings, fetch, now)) for archive in archives]
    found = [(archive, release) for archive, release in read if release is not None]
    suites = tuple(archive.suite for archive, _ in found)
    releases = tuple(release.sha256 for _, release in found)
    if previous is not None and (previous.suites, previous.releases) == (suites, releases):
        return replace(previous, resolved_at=now)
    files = [_read_packages(*each, architecture, fetch) for each in found]
    packages = PackagesIndex(files).closure(ROOTS, alone=ALONE)
    return DebianPlan(codename, architecture, suites, releases, packages, now)


def fetch_deb(package: DebianPackage, archives: Sequence[Archive], fetch: Fetch) -> Path:
    """Return the file of a package, its size and SHA-256 checked."""
    urls = {archive.suite: archive.url for archive in archives}
    if package.suite not in urls:
        raise MirrorNotFound(package.suite)
    url = f"{urls[package.suite]}/{package.path}"
    path = fetch.fetch(url, sha256=package.sha256, size=package.size, name=package.file_name)
    return check(path, package.sha256, package.file_name)


def check(path: Path, sha256: str, name: str) -> Path:
    """Return ``path`` if its content has that SHA-256: also of a file that was kept for long."""
    with path.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != sha256:
        raise DamagedDownload(name, sha256, got)
    return path


def _read_release(
    archive: Archive, keyrings: Sequence[bytes], fetch: Fetch, now: datetime
) -> Release | None:
    where = f"`InRelease` of {archive}"
    signed = fetch.read(archive.release_url)
    if signed is None:
        if archive.is_required:
            raise SuiteNotFound(
                f"Unable to find {archive}",
                hint="Check the codename, or name another mirror in `LAMINA_DEBIAN_MIRROR`",
            )
        return None
    release = Release.parse(verify(signed, keyrings, what=where), where=where)
    release.check_suite(archive.suite, where=where)
    if archive.checks_date:
        release.check_date(now, where=where)
    return release


def _read_packages(
    archive: Archive, release: Release, architecture: str, fetch: Fetch
) -> PackagesFile:
    file = release.packages_file("main", architecture, where=f"`InRelease` of {archive}")
    name = f"Packages of {archive.suite}"
    path = fetch.fetch(
        _index_url(archive, release, file), sha256=file.sha256, size=file.size, name=name
    )
    check(path, file.sha256, name)
    try:
        data = _OPENERS[Path(file.path).suffix](path.read_bytes())
    except (lzma.LZMAError, OSError, EOFError) as error:
        raise LaminaError(f"Unable to unpack `{name}`: {error}") from error
    return PackagesFile(data, archive.suite)


def _index_url(archive: Archive, release: Release, file: IndexFile) -> str:
    """Return the URL of an index: by hash it stays the same while the mirror updates itself."""
    base = f"{archive.url}/dists/{archive.suite}/"
    if release.has_by_hash:
        folder = file.path.rpartition("/")[0]
        return f"{base}{folder}/by-hash/SHA256/{file.sha256}"
    return base + file.path
