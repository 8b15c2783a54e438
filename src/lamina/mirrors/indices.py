"""The Packages indices of suites: fetched, checked against what is signed, and unpacked."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from lamina.deb.packages import PackagesFile
from lamina.deb.release import IndexFile, Release
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive
from lamina.mirrors.fetching import Fetch, check
from lamina.mirrors.releases import PARALLEL, SuiteRelease, read_releases

_OPENERS: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lzma.decompress,
    ".gz": gzip.decompress,
    "": bytes,
}


@dataclass(frozen=True, slots=True)
class ReadIndex:
    """What some archives have for one architecture."""

    files: tuple[PackagesFile, ...]
    releases: tuple[SuiteRelease, ...]


def read_index(
    archives: Sequence[Archive],
    architecture: str,
    *,
    fetch: Fetch,
    now: datetime,
    seen: Mapping[str, datetime] | None = None,
) -> ReadIndex:
    """Return all that the archives have for an architecture; see `read_releases`."""
    releases = read_releases(archives, fetch=fetch, now=now, seen=seen)
    return ReadIndex(read_packages(releases, architecture, fetch=fetch), releases)


def read_packages(
    releases: Sequence[SuiteRelease], architecture: str, *, fetch: Fetch
) -> tuple[PackagesFile, ...]:
    """Return the indices of an architecture, every byte of them vouched for by a release file."""
    wanted = [
        (each.archive, each.release, component)
        for each in releases
        for component in each.archive.components
    ]
    read = partial(_read, architecture=architecture, fetch=fetch)
    with ThreadPoolExecutor(PARALLEL, "index") as pool:
        return tuple(pool.map(lambda each: read(*each), wanted))


def _read(
    archive: Archive, release: Release, component: str, architecture: str, fetch: Fetch
) -> PackagesFile:
    file = release.packages_file(component, architecture, where=f"`InRelease` of {archive}")
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
    base = f"{archive.url}/{archive.folder}"
    if release.has_by_hash:
        folder = file.path.rpartition("/")[0]
        return f"{base}{folder}/by-hash/SHA256/{file.sha256}"
    return base + file.path
