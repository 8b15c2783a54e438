"""What is refused of a mirror that lies, over real sockets, and what is remembered of one."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from debs import Mirror, make_deb, stanza
from fakes.observer import RecordingObserver
from fakes.server import Answer, Server, free_port, serve
from lamina.deb.package import DebianPackage
from lamina.deb.release import OutdatedRelease
from lamina.deb.signature import BadSignature
from lamina.fetch.download import Refused
from lamina.make.kept import KeptFiles, TooLarge
from lamina.make.mirror_files import MirrorFiles
from lamina.make.release_dates import ReleaseDates
from lamina.mirrors.archives import Archive
from lamina.mirrors.debs import PackageGone, fetch_deb
from lamina.mirrors.fetching import DamagedDownload, MirrorUnreachable
from lamina.mirrors.indices import ReadIndex, TooLargeIndex, read_index
from lamina.mirrors.inflate import Unpackable
from lamina.mirrors.keyrings import Keys
from lamina.mirrors.releases import RolledBack, SuiteNotFound
from lamina.observer import Traffic
from lamina.store.store import Store
from lamina.transport.http import HttpTransport, Network
from lamina.transport.protocol import BrokenTransfer, TransportError

NOW = datetime(2026, 9, 13, tzinfo=UTC)
DEB = make_deb(name="a")
PACKAGES = "main/binary-amd64/Packages"
POOL = "pool/main/a_1.0-1_amd64.deb"
PACKAGE = DebianPackage(
    name="a",
    version="1.0-1",
    architecture="amd64",
    suite="trixie",
    path=POOL,
    size=len(DEB),
    sha256=hashlib.sha256(DEB).hexdigest(),
)


@dataclass
class Site:
    """A signed archive at a server of its own, and what fetches from it."""

    server: Server
    mirror: Mirror
    store: Store
    files: MirrorFiles

    @property
    def archive(self) -> Archive:
        return Archive(url=self.mirror.url, suite="trixie", keys=Keys((self.mirror.keyring,)))

    @property
    def host(self) -> str | None:
        return urlsplit(self.server.address).hostname

    def publish(self, fields: str = "", date: str = "Sat, 12 Sep 2026 07:55:41 UTC") -> None:
        """Put up the archive as it is at a date."""
        packages = [stanza("a", deb=DEB)]
        self.mirror.publish("trixie", packages, fields=fields, compression=".gz", date=date)
        self.mirror.documents[f"{self.mirror.url}/{POOL}"] = DEB
        for url, data in self.mirror.documents.items():
            self.server.answer(urlsplit(url).path, Answer(data))

    def answer(self, path: str, *answers: Answer) -> None:
        """Answer otherwise at a path below the archive."""
        self.server.answer(f"/debian/{path}", *answers)

    def document(self, path: str) -> bytes:
        return self.mirror.documents[f"{self.mirror.url}/{path}"]

    def index(self) -> ReadIndex:
        """Read the index as a build does: no older than it was seen before."""
        dates = ReleaseDates(self.store)
        seen = dates.seen([self.archive])
        found = read_index([self.archive], "amd64", fetch=self.files, now=NOW, seen=seen)
        dates.keep(found.releases)
        return found

    def deb(self) -> bytes:
        return fetch_deb(PACKAGE, [self.archive], self.files).read_bytes()

    def asked(self, ending: str) -> int:
        return sum(each.target.endswith(ending) for each in self.server.asked)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = Store(tmp_path / "store")
    network = Network(timeout=5, backoff=0)
    with (
        serve() as server,
        closing(HttpTransport(network)) as transport,
        store.scratch() as scratch,
    ):
        files = KeptFiles(store, scratch, transport, RecordingObserver(), Traffic.BASE)
        mirror = Mirror(tmp_path, url=f"{server.address}/debian")
        site = Site(server, mirror, store, MirrorFiles(files))
        site.publish()
        yield site


def test_an_index_and_a_package_are_fetched_once(site: Site) -> None:
    first, second = site.index(), site.index()

    assert first.files == second.files
    assert first.files[0].data == stanza("a", deb=DEB).encode()
    assert site.deb() == site.deb() == DEB
    assert (site.asked("InRelease"), site.asked(".gz"), site.asked(".deb")) == (2, 1, 1)


def test_a_changed_release_file_is_refused(site: Site) -> None:
    signed = site.document("dists/trixie/InRelease")
    site.answer("dists/trixie/InRelease", Answer(signed.replace(b"amd64", b"arm64")))

    with pytest.raises(BadSignature) as caught:
        site.index()

    assert str(caught.value) == (
        f"Unable to verify the signature of `InRelease` of `trixie` at {site.host}: "
        "no valid signatures found"
    )


def test_a_release_file_that_a_stranger_signed_is_refused(site: Site, tmp_path: Path) -> None:
    stranger = Mirror(tmp_path, url=site.mirror.url)
    stranger.publish("trixie", [stanza("evil")])
    site.answer(
        "dists/trixie/InRelease",
        Answer(stranger.documents[f"{stranger.url}/dists/trixie/InRelease"]),
    )

    with pytest.raises(BadSignature) as caught:
        site.index()

    assert str(caught.value) == (
        f"Unable to verify the signature of `InRelease` of `trixie` at {site.host}: it is signed "
        f"by `{stranger.signer}`, which the keyring does not have"
    )


def test_a_changed_index_is_refused_and_not_kept(site: Site) -> None:
    right = site.document(f"dists/trixie/{PACKAGES}.gz")
    wrong = right[:-1] + bytes([right[-1] ^ 1])
    site.answer(f"dists/trixie/{PACKAGES}.gz", Answer(wrong), Answer(right))

    with pytest.raises(DamagedDownload) as caught:
        site.index()

    assert str(caught.value) == (
        "Hash mismatch for `Packages of trixie`\n"
        f"  expected: sha256:{hashlib.sha256(right).hexdigest()}\n"
        f"  got:      sha256:{hashlib.sha256(wrong).hexdigest()}"
    )
    assert site.index().files


def test_a_changed_package_is_refused_and_not_kept(site: Site) -> None:
    wrong = DEB[:-1] + b"x"
    site.answer(POOL, Answer(wrong), Answer(DEB))

    with pytest.raises(DamagedDownload) as caught:
        site.deb()

    assert str(caught.value) == (
        "Hash mismatch for `a_1.0-1_amd64.deb`\n"
        f"  expected: sha256:{PACKAGE.sha256}\n"
        f"  got:      sha256:{hashlib.sha256(wrong).hexdigest()}"
    )
    assert site.deb() == DEB


def test_a_package_without_an_end_is_given_up(site: Site) -> None:
    site.answer(POOL, Answer(DEB + bytes(1 << 22)))

    with pytest.raises(DamagedDownload) as caught:
        site.deb()

    assert str(caught.value) == (
        f"Size mismatch for `a_1.0-1_amd64.deb`\n  expected: {len(DEB)} bytes\n  got:      more"
    )


def test_a_package_that_is_shorter_is_refused(site: Site) -> None:
    site.answer(POOL, Answer(DEB[:-2]))

    with pytest.raises(DamagedDownload) as caught:
        site.deb()

    assert str(caught.value) == (
        f"Size mismatch for `a_1.0-1_amd64.deb`\n  expected: {len(DEB)} bytes\n"
        f"  got:      {len(DEB) - 2} bytes"
    )


def test_a_package_whose_transfer_breaks_is_taken_up(site: Site) -> None:
    site.answer(POOL, Answer(DEB, cut=100), Answer(DEB))

    assert site.deb() == DEB


def test_a_package_whose_transfer_always_breaks_is_told(site: Site) -> None:
    site.answer(POOL, Answer(DEB, cut=100))

    with pytest.raises(MirrorUnreachable, match="broke off") as caught:
        site.deb()

    assert isinstance(caught.value.__cause__, BrokenTransfer)


def test_a_package_that_was_replaced_is_told_with_the_way_out(site: Site) -> None:
    site.answer(POOL, Answer(status=404))

    with pytest.raises(PackageGone) as caught:
        site.deb()

    assert str(caught.value) == f"Unable to find `a` 1.0-1 in `trixie` at {site.host}"
    assert caught.value.hint == (
        "A newer version has replaced it, as updates do; to take that one, run "
        "`lamina lock --upgrade a`"
    )


def test_a_server_that_refuses_is_told(site: Site) -> None:
    site.answer(POOL, Answer(status=403))

    with pytest.raises(MirrorUnreachable, match="the server answered 403") as caught:
        site.deb()

    assert isinstance(caught.value.__cause__, Refused)
    assert caught.value.hint == (
        "The server wants credentials, or other ones; or name another mirror as `debian-mirror` in "
        "`[tool.lamina]`"
    )


def test_redirects_are_followed(site: Site) -> None:
    for path, data in (("dists/trixie/InRelease", None), (POOL, DEB)):
        body = site.document(path) if data is None else data
        url = site.server.answer(f"/elsewhere/{path}", Answer(body))
        site.answer(path, Answer(status=302, headers={"Location": url}))

    assert site.index().files
    assert site.deb() == DEB


def test_a_mirror_without_the_suite_is_told(site: Site) -> None:
    other = replace(site.archive, suite="zurg")

    with pytest.raises(SuiteNotFound, match="Unable to find `zurg` at"):
        read_index([other], "amd64", fetch=site.files, now=NOW)


def test_an_expired_index_is_refused(site: Site) -> None:
    site.publish("Valid-Until: Sat, 12 Sep 2026 10:00:00 UTC\n")

    with pytest.raises(OutdatedRelease) as caught:
        site.index()

    assert str(caught.value) == (
        f"`InRelease` of `trixie` at {site.host} was valid until 2026-09-12 10:00 UTC"
    )


def test_an_index_that_was_rolled_back_is_refused(site: Site) -> None:
    site.index()
    site.publish(date="Fri, 11 Sep 2026 07:55:41 UTC")

    with pytest.raises(RolledBack) as caught:
        site.index()

    assert str(caught.value) == (
        f"`InRelease` of `trixie` at {site.host} is older than the one that was seen before\n"
        "  seen: 2026-09-12 07:55:41 UTC\n"
        "  got:  2026-09-11 07:55:41 UTC"
    )
    site.publish(date="Sun, 13 Sep 2026 00:00:00 UTC")
    assert site.index().releases[0].release.date == NOW


def test_a_release_file_without_an_end_is_given_up(site: Site) -> None:
    site.answer("dists/trixie/InRelease", Answer(bytes(1 << 25)))

    with pytest.raises(TooLarge):
        site.index()


def test_an_index_that_unpacks_to_more_than_was_signed_is_given_up(site: Site) -> None:
    bomb = gzip.compress(bytes(1 << 24))
    digest, plain = hashlib.sha256(bomb).hexdigest(), "ab" * 32
    listed = f" {digest} {len(bomb)} {PACKAGES}.gz\n {plain} 1000 {PACKAGES}\n"
    text = f"Codename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n{listed}"
    site.answer("dists/trixie/InRelease", Answer(site.mirror.sign(text.encode())))
    site.answer(f"dists/trixie/{PACKAGES}.gz", Answer(bomb))

    with pytest.raises(Unpackable) as caught:
        site.index()

    assert str(caught.value) == (
        "Unable to unpack `Packages of trixie`: it holds more than 1000 bytes"
    )


def test_an_index_of_gigabytes_is_not_asked_for(site: Site) -> None:
    listed = f" {'ab' * 32} {1 << 34} {PACKAGES}.gz\n"
    text = f"Codename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n{listed}"
    site.answer("dists/trixie/InRelease", Answer(site.mirror.sign(text.encode())))

    with pytest.raises(TooLargeIndex):
        site.index()

    assert site.asked(".gz") == 0


def test_where_nobody_listens_that_is_told(site: Site) -> None:
    with free_port() as port:
        archive = replace(site.archive, url=f"http://127.0.0.1:{port}/debian")

        with pytest.raises(TransportError, match="Unable to reach"):
            read_index([archive], "amd64", fetch=site.files, now=NOW)


def test_dates_are_remembered_by_archive_and_what_is_damaged_is_forgotten(site: Site) -> None:
    assert ReleaseDates(site.store).seen([site.archive]) == {}

    found = site.index()
    (document,) = site.store.facts.root.rglob("*.json")
    assert ReleaseDates(site.store).seen([site.archive, replace(site.archive, suite="sid")]) == {
        site.archive.name: NOW - timedelta(hours=16, minutes=4, seconds=19)
    }

    document.write_text('{"date": "soon"}')
    assert ReleaseDates(site.store).seen([site.archive]) == {}
    assert found.releases


def test_a_lock_tells_the_date_of_a_suite_wherever_it_came_from(site: Site) -> None:
    found, suite = NOW - timedelta(hours=16, minutes=4, seconds=19), site.archive.suite
    older, newer = (ReleaseDates(site.store, {suite: found + each}) for each in (-DAY, DAY))
    archives = [site.archive, replace(site.archive, suite="sid")]

    assert older.seen(archives) == {site.archive.name: found - DAY}
    site.index()
    assert older.seen(archives) == {site.archive.name: found}
    assert newer.seen(archives) == {site.archive.name: found + DAY}


def test_of_suites_of_one_name_the_oldest_date_is_to_be_pinned(site: Site) -> None:
    """Else an archive would be refused for what another one has."""
    dates, (release,) = ReleaseDates(site.store), site.index().releases
    later = replace(release, release=replace(release.release, date=NOW))

    dates.keep([later, release])

    assert dates.found == {site.archive.suite: release.release.date}


DAY = timedelta(days=1)
