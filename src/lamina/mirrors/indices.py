"""The Packages indices of suites: fetched, checked against what is signed, and unpacked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from lamina.deb.packages import PackagesFile
from lamina.deb.preferences import Provenance
from lamina.deb.release import PackagesForm
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive
from lamina.mirrors.fetching import Fetch, fetch_first
from lamina.mirrors.inflate import Unpackable, inflate
from lamina.mirrors.releases import PARALLEL, SuiteRelease, read_releases

_MOST_PACKED = 1 << 28
_MOST = 1 << 29
"""Five times what the largest index known has: that of `main` and `universe` in one."""


class TooLargeIndex(LaminaError):
    """An index that is far larger than any of its kind."""

    def __init__(self, name: str, size: int, most: int) -> None:
        super().__init__(
            f"Unable to read `{name}`: it has {size} bytes, and no index needs more than {most}"
        )


@dataclass(frozen=True, slots=True)
class ReadIndex:
    """What some archives have for one architecture."""

    files: tuple[PackagesFile, ...]
    releases: tuple[SuiteRelease, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    suite: SuiteRelease
    component: str
    form: PackagesForm

    @property
    def name(self) -> str:
        """What it is called in errors."""
        component = f", {self.component}" if self.component not in ("", "main") else ""
        return f"Packages of {self.suite.archive.suite}{component}"

    @property
    def urls(self) -> Iterator[str]:
        """Where it lies: by hash it stays the same while the mirror updates itself."""
        file = self.form.file
        folder = file.path.rpartition("/")[0]
        for url in dict.fromkeys((self.suite.url, *self.suite.archive.urls)):
            base = f"{url}/{self.suite.archive.folder}"
            if self.suite.release.has_by_hash:
                yield f"{base}{folder}{'/' if folder else ''}by-hash/SHA256/{file.sha256}"
            yield base + file.path


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
    """Return the indices of an architecture, every byte of them vouched for by a release file.

    A suite whose mirror has no packages for the architecture, or not the component, is an error.
    """
    wanted = [
        _Wanted(each, component, form)
        for each in releases
        for component in each.archive.components or ("",)
        for form in each.release.packages(component, architecture, where=each.where)
    ]
    with ThreadPoolExecutor(PARALLEL, "index") as pool:
        return tuple(pool.map(partial(_read, fetch=fetch), wanted))


def _read(wanted: _Wanted, fetch: Fetch) -> PackagesFile:
    file, unpacked, name = wanted.form.file, wanted.form.unpacked, wanted.name
    most = _MOST if unpacked is None else unpacked.size
    for size, bound in ((file.size, _MOST_PACKED), (most, _MOST)):
        if size > bound:
            raise TooLargeIndex(name, size, bound)
    path = fetch_first(wanted.urls, fetch, sha256=file.sha256, size=file.size, name=name)
    data = inflate(path.read_bytes(), Path(file.path).suffix, most=most, name=name)
    if unpacked is not None and len(data) != unpacked.size:
        raise Unpackable(name, f"expected {unpacked.size} bytes, got {len(data)}")
    archive, release = wanted.suite.archive, wanted.suite.release
    names = frozenset({release.suite, release.codename} - {"", archive.suite})
    return PackagesFile(data, archive.suite, release.priority, names, _provenance(wanted))


def _provenance(wanted: _Wanted) -> Provenance:
    release = wanted.suite.release
    folder = wanted.form.file.path.rpartition("/")[0].rpartition("/")[2]
    return Provenance(
        archive=release.suite,
        codename=release.codename,
        version=release.version,
        origin=release.origin,
        label=release.label,
        component=wanted.component,
        architecture=folder.removeprefix("binary-") if wanted.component else "",
        site=urlsplit(wanted.suite.archive.site or wanted.suite.archive.url).hostname or "",
    )
