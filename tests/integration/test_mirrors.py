"""The mirror of this machine's apt, read as builds read it, and what is refused of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest

from fakes.observer import RecordingObserver
from lamina.cli.mirrors import archives_for
from lamina.deb.packages import PackagesIndex
from lamina.deb.signature import BadSignature
from lamina.make.kept import KeptFiles
from lamina.make.mirror_files import MirrorFiles
from lamina.make.release_dates import ReleaseDates
from lamina.mirrors.archives import Archive
from lamina.mirrors.debs import fetch_deb
from lamina.mirrors.indices import ReadIndex, read_index
from lamina.mirrors.keyrings import Keys
from lamina.mirrors.releases import RolledBack, SuiteNotFound, read_releases
from lamina.observer import Traffic
from lamina.project.config import Config
from lamina.store.store import Store
from lamina.system.small_files import SmallFiles
from lamina.transport.http import HttpTransport, Network

pytestmark = [pytest.mark.integration, pytest.mark.network]

BOOKWORM = SmallFiles({"etc/os-release": b"ID=debian\nVERSION_CODENAME=bookworm\n"})


@dataclass
class Site:
    """A store, and what fetches from mirrors."""

    store: Store
    files: MirrorFiles
    observer: RecordingObserver

    def read(self, archives: Sequence[Archive], architecture: str = "amd64") -> ReadIndex:
        return read_index(archives, architecture, fetch=self.files, now=datetime.now(UTC))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    store = Store(tmp_path_factory.mktemp("store"))
    observer = RecordingObserver()
    with closing(HttpTransport(Network())) as transport, store.scratch() as scratch:
        files = KeptFiles(store, scratch, transport, observer, Traffic.BASE)
        yield Site(store, MirrorFiles(files), observer)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, ...]:
    """Those of a base that has no sources of its own."""
    folder = tmp_path_factory.mktemp("project")
    return archives_for(BOOKWORM, "amd64", {}, Config(), pytest.fail, folder=folder)


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_all_suites_are_read_for_every_architecture(
    site: Site, archives: Sequence[Archive], architecture: str
) -> None:
    found = site.read(archives, architecture)

    assert [file.suite for file in found.files] == [
        "bookworm",
        "bookworm-updates",
        "bookworm-security",
    ]
    assert f"Architecture: {architecture}\n".encode() in found.files[0].data
    assert PackagesIndex(found.files).versions("libgomp1")


def test_with_the_lists_kept_an_index_takes_no_time(
    site: Site, archives: Sequence[Archive]
) -> None:
    site.read(archives)
    downloads = len(site.observer.downloads)

    start = time.perf_counter()
    found = site.read(archives)
    taken = time.perf_counter() - start

    assert found.files[0].data.startswith(b"Package: ")
    assert len(site.observer.downloads) == downloads
    assert taken < 2  # 0.2 s where nothing else runs.


def test_a_package_is_fetched(site: Site, archives: Sequence[Archive]) -> None:
    newest, *_ = PackagesIndex(site.read(archives).files).versions("libgomp1")

    path = fetch_deb(newest.package, archives, site.files)

    assert path.stat().st_size == newest.package.size
    assert path.read_bytes().startswith(b"!<arch>\n")


def test_the_signature_of_this_archive_needs_its_own_keys(
    site: Site, archives: Sequence[Archive]
) -> None:
    stranger = bytes(pysequoia.Tsk.generate(user_id="Nobody").extract_certificate())
    other = replace(archives[0], keys=Keys((stranger,)))

    with pytest.raises(BadSignature, match="which the keyring does not have"):
        site.read([other])


def test_a_suite_that_the_mirror_lacks_is_told(site: Site, archives: Sequence[Archive]) -> None:
    with pytest.raises(SuiteNotFound, match="Unable to find `zurg`"):
        site.read([replace(archives[0], suite="zurg")])


def test_what_was_seen_is_remembered(site: Site, archives: Sequence[Archive]) -> None:
    dates = ReleaseDates(site.store)
    dates.keep(site.read(archives).releases)
    seen = dates.seen(archives)
    newer = {name: date + timedelta(seconds=1) for name, date in seen.items()}
    now = datetime.now(UTC)

    assert seen.keys() == {archive.name for archive in archives}
    assert read_releases(archives, fetch=site.files, now=now, seen=seen)
    with pytest.raises(RolledBack):
        read_releases(archives, fetch=site.files, now=now, seen=newer)


def test_the_signature_may_have_a_file_of_its_own(site: Site, archives: Sequence[Archive]) -> None:
    (found,) = read_releases(
        archives[:1], fetch=WithoutInRelease(site.files), now=datetime.now(UTC)
    )

    assert found.where.startswith("`Release` of `bookworm`")


@dataclass
class WithoutInRelease:
    """A mirror as older ones are."""

    files: MirrorFiles

    def read(self, url: str) -> bytes | None:
        return None if url.endswith("/InRelease") else self.files.read(url)

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        return self.files.fetch(url, sha256=sha256, size=size, name=name)
