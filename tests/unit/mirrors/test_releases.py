"""What is signed of a suite, and when that is not believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest

from debs import Mirror, stanza
from lamina.deb.release import OutdatedRelease, WrongRelease
from lamina.deb.signature import BadSignature
from lamina.mirrors.archives import Archive
from lamina.mirrors.fetching import MirrorUnreachable
from lamina.mirrors.keyrings import KeyringNotFound, Keys
from lamina.mirrors.releases import (
    RolledBack,
    SuiteNotFound,
    UnsignedSource,
    newest_dates,
    read_releases,
    with_pinned,
)
from lamina.transport.protocol import Interrupted, TransportError

URL = "https://deb.example/debian"
DATE = datetime(2026, 9, 12, 7, 55, 41, tzinfo=UTC)
NOW = DATE + timedelta(days=1)
WHERE = "`InRelease` of `trixie` at deb.example"


@dataclass
class Broken:
    """A mirror some of whose hosts do not answer."""

    mirror: Mirror
    down: Mapping[str, Exception] = field(default_factory=dict)

    def read(self, url: str) -> bytes | None:
        for host, error in self.down.items():
            if host in url:
                raise error
        return self.mirror.read(url)

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        return self.mirror.fetch(url, sha256=sha256, size=size, name=name)


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    mirror = Mirror(tmp_path)
    mirror.publish("trixie", [stanza("a")])
    return mirror


@pytest.fixture
def archive(mirror: Mirror) -> Archive:
    return Archive(url=URL, suite="trixie", keys=Keys((mirror.keyring,)))


def detach(mirror: Mirror, folder: str = f"{URL}/dists/trixie") -> None:
    """Put the signature of a release into a file of its own."""
    signed = mirror.documents.pop(f"{folder}/InRelease")
    text = pysequoia.verify(signed, lambda _: [mirror.key.extract_certificate()]).bytes
    assert text is not None
    mode = pysequoia.SignatureMode.DETACHED
    mirror.documents[f"{folder}/Release"] = text
    signature = bytes(pysequoia.sign(mirror.key.signer(), text, mode=mode))
    mirror.documents[f"{folder}/Release.gpg"] = signature


def test_a_release_is_read_with_its_date(mirror: Mirror, archive: Archive) -> None:
    (found,) = read_releases([archive], fetch=mirror, now=NOW)

    assert (found.archive, found.url, found.where) == (archive, URL, WHERE)
    assert newest_dates([found]) == {"https://deb.example/debian trixie": DATE}


def test_suites_come_in_the_order_in_which_they_are_named(mirror: Mirror, archive: Archive) -> None:
    archives = [replace(archive, suite=f"s{number}") for number in range(20)]
    for each in archives:
        mirror.publish(each.suite, [stanza("a")])

    found = read_releases(archives, fetch=mirror, now=NOW)

    assert [each.archive.suite for each in found] == [each.suite for each in archives]


def test_an_older_release_than_was_seen_is_refused(mirror: Mirror, archive: Archive) -> None:
    seen = {archive.name: DATE + timedelta(hours=6)}

    with pytest.raises(RolledBack) as caught:
        read_releases([archive], fetch=mirror, now=NOW, seen=seen)

    assert str(caught.value) == (
        f"{WHERE} is older than the one that was seen before\n"
        "  seen: 2026-09-12 13:55:41 UTC\n"
        "  got:  2026-09-12 07:55:41 UTC"
    )
    assert caught.value.hint == (
        "The mirror is behind, or somebody keeps updates from you: try again later, or name "
        "another mirror as `debian-mirror` in `[tool.lamina]`; to go back on purpose, forget what "
        "was seen: run `lamina cache prune --all`, and remove `lamina.lock`"
    )
    assert read_releases([archive], fetch=mirror, now=NOW, seen={archive.name: DATE})


def test_a_lock_tells_what_was_seen_elsewhere(archive: Archive) -> None:
    snapshot = replace(archive, url="https://snapshot.example/2024", checks_date=False)
    older, newer = DATE - timedelta(days=1), DATE + timedelta(days=1)

    def known(seen: datetime) -> dict[str, datetime]:
        return with_pinned({archive.name: seen}, [archive, snapshot], {"trixie": DATE, "sid": DATE})

    assert known(older) == {archive.name: DATE}
    assert known(newer) == {archive.name: newer}
    assert with_pinned({}, [archive, snapshot], {"trixie": DATE}) == {archive.name: DATE}


def test_a_suite_that_was_there_may_not_vanish(mirror: Mirror, archive: Archive) -> None:
    updates = replace(archive, suite="trixie-updates", is_required=False)

    assert read_releases([updates], fetch=mirror, now=NOW) == ()
    with pytest.raises(SuiteNotFound, match="Unable to find `trixie-updates`"):
        read_releases([updates], fetch=mirror, now=NOW, seen={updates.name: DATE})


def test_a_snapshot_may_be_older_than_it_says(mirror: Mirror, archive: Archive) -> None:
    mirror.publish("trixie", [], fields="Valid-Until: Sat, 12 Sep 2026 08:00:00 UTC\n")

    with pytest.raises(OutdatedRelease) as caught:
        read_releases([archive], fetch=mirror, now=NOW)

    assert str(caught.value) == f"{WHERE} was valid until 2026-09-12 08:00 UTC"
    assert read_releases([replace(archive, checks_date=False)], fetch=mirror, now=NOW)


def test_a_release_of_the_future_is_refused(mirror: Mirror, archive: Archive) -> None:
    with pytest.raises(OutdatedRelease) as caught:
        read_releases([archive], fetch=mirror, now=DATE - timedelta(days=2))

    assert str(caught.value) == f"{WHERE} is dated 2026-09-12, which is in the future"


def test_weak_hashes_are_never_used(mirror: Mirror, archive: Archive) -> None:
    text = b"Suite: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nMD5Sum:\n 00 1 main/Packages\n"
    mirror.documents[archive.release_url] = mirror.sign(text)

    with pytest.raises(Exception, match=f"^Missing in {WHERE}: `SHA256`$"):
        read_releases([archive], fetch=mirror, now=NOW)


def test_a_source_trusted_without_a_signature_is_refused(mirror: Mirror, archive: Archive) -> None:
    trusted = replace(archive, unsigned_in="`/etc/apt/sources.list:3`")

    with pytest.raises(UnsignedSource) as caught:
        read_releases([trusted], fetch=mirror, now=NOW)

    assert str(caught.value) == (
        "Unable to believe `trixie` at deb.example: the source in `/etc/apt/sources.list:3` says "
        "to trust it without a signature"
    )
    assert caught.value.hint == (
        "Name its key in `Signed-By` instead of `Trusted: yes`; or name the sources to use as "
        "`apt-sources` in `[tool.lamina]`"
    )


def test_without_keys_nothing_is_asked(mirror: Mirror, archive: Archive) -> None:
    with pytest.raises(KeyringNotFound):
        read_releases([replace(archive, keys=Keys(tried=("/k.gpg",)))], fetch=mirror, now=NOW)

    assert mirror.fetched == []


def test_the_key_of_one_archive_says_nothing_of_another(
    mirror: Mirror, archive: Archive, tmp_path: Path
) -> None:
    other = Mirror(tmp_path, url="https://other.example", documents=mirror.documents)
    other.publish("stable", [stanza("b")])
    second = Archive(url=other.url, suite="stable", keys=Keys((other.keyring,)))

    assert len(read_releases([archive, second], fetch=mirror, now=NOW)) == 2
    with pytest.raises(BadSignature):
        read_releases([archive, replace(second, keys=archive.keys)], fetch=mirror, now=NOW)


def test_the_signature_may_have_a_file_of_its_own(mirror: Mirror, archive: Archive) -> None:
    detach(mirror)

    (found,) = read_releases([archive], fetch=mirror, now=NOW)

    assert found.where == "`Release` of `trixie` at deb.example"
    assert found.release.codename == "trixie"


def test_a_release_without_any_signature_is_refused(mirror: Mirror, archive: Archive) -> None:
    detach(mirror)
    del mirror.documents[f"{URL}/dists/trixie/Release.gpg"]

    with pytest.raises(BadSignature) as caught:
        read_releases([archive], fetch=mirror, now=NOW)

    assert str(caught.value) == (
        "Unable to verify the signature of `Release` of `trixie` at deb.example: the mirror has "
        "none"
    )


def test_a_changed_release_with_a_signature_of_its_own_is_refused(
    mirror: Mirror, archive: Archive
) -> None:
    detach(mirror)
    mirror.documents[f"{URL}/dists/trixie/Release"] += b"Evil: yes\n"

    with pytest.raises(BadSignature, match="no valid signatures found"):
        read_releases([archive], fetch=mirror, now=NOW)


def test_a_flat_repository_has_its_release_file_beside_its_packages(
    mirror: Mirror, archive: Archive
) -> None:
    signed = mirror.documents.pop(f"{URL}/dists/trixie/InRelease")
    mirror.documents[f"{URL}/./InRelease"] = signed
    flat = replace(archive, suite="./", components=())

    (found,) = read_releases([flat], fetch=mirror, now=NOW)

    assert found.archive.is_flat


def test_the_next_mirror_is_asked_where_one_does_not_answer(
    mirror: Mirror, archive: Archive
) -> None:
    both = replace(archive, url="https://down.example/debian", more_urls=(URL,))
    down = {"down.example": TransportError("Unable to reach `down.example`")}

    (found,) = read_releases([both], fetch=Broken(mirror, down), now=NOW)
    (again,) = read_releases([both], fetch=mirror, now=NOW)

    assert found.url == again.url == URL
    assert newest_dates([found]).keys() == {"https://down.example/debian trixie"}


def test_where_no_mirror_answers_the_first_says_why(mirror: Mirror, archive: Archive) -> None:
    down = {
        "a.example": TransportError("Unable to reach `a`", hint="Check the network"),
        "b.example": TransportError("Unable to reach `b`"),
    }
    urls = replace(archive, url="https://a.example", more_urls=("https://b.example",))

    with pytest.raises(MirrorUnreachable) as caught:
        read_releases([urls], fetch=Broken(mirror, down), now=NOW)

    assert str(caught.value) == "Unable to reach `a`"
    assert caught.value.hint == (
        "Check the network; or name another mirror as `debian-mirror` in `[tool.lamina]`"
    )


def test_a_mirror_that_refuses_may_be_replaced(mirror: Mirror, archive: Archive) -> None:
    down = {"deb.example": TransportError("Unable to download it: the server answered 500")}

    with pytest.raises(MirrorUnreachable) as caught:
        read_releases([archive], fetch=Broken(mirror, down), now=NOW)

    assert caught.value.hint == "Name another mirror as `debian-mirror` in `[tool.lamina]`"


def test_what_cannot_pass_is_told_as_it_is(mirror: Mirror, archive: Archive) -> None:
    offline = TransportError("Unable to reach it", hint="Without `--offline`", may_pass=False)

    with pytest.raises(TransportError) as caught:
        read_releases([archive], fetch=Broken(mirror, {"deb.example": offline}), now=NOW)

    assert caught.value is offline


def test_an_interruption_is_no_reason_to_ask_another(mirror: Mirror, archive: Archive) -> None:
    both = replace(archive, url="https://down.example/debian", more_urls=(URL,))
    fetch = Broken(mirror, {"down.example": Interrupted("down.example")})

    with pytest.raises(Interrupted):
        read_releases([both], fetch=fetch, now=NOW)


def test_another_suite_is_refused_be_it_signed_ever_so_well(
    mirror: Mirror, archive: Archive
) -> None:
    other = replace(archive, suite="bookworm")
    mirror.documents[other.release_url] = mirror.documents[archive.release_url]

    with pytest.raises(WrongRelease) as caught:
        read_releases([other], fetch=mirror, now=NOW)

    assert str(caught.value) == (
        "`InRelease` of `bookworm` at deb.example is of another suite\n"
        "  expected: bookworm\n  got:      stable, trixie"
    )


def test_an_unknown_suite_is_told(mirror: Mirror, archive: Archive) -> None:
    with pytest.raises(SuiteNotFound) as caught:
        read_releases([replace(archive, suite="zurg")], fetch=mirror, now=NOW)

    assert str(caught.value) == "Unable to find `zurg` at deb.example"
    assert caught.value.hint == (
        "Check the codename, or name another mirror in `LAMINA_DEBIAN_MIRROR`"
    )


@pytest.mark.parametrize(
    ("suite", "meant"),
    [
        ("boookworm", "bookworm"),
        ("nobel", "noble"),
        ("trixy-backports", "trixie-backports"),
    ],
)
def test_a_misspelt_suite_is_told_with_the_one_that_is_meant(
    suite: str, meant: str, mirror: Mirror, archive: Archive
) -> None:
    with pytest.raises(SuiteNotFound) as caught:
        read_releases([replace(archive, suite=suite)], fetch=mirror, now=NOW)

    assert caught.value.hint == (
        f"Did you mean `{meant}`? Or name another mirror in `LAMINA_DEBIAN_MIRROR`"
    )


def test_a_suite_that_is_known_is_not_taken_for_another(mirror: Mirror, archive: Archive) -> None:
    with pytest.raises(SuiteNotFound) as caught:
        read_releases([replace(archive, suite="unstable")], fetch=mirror, now=NOW)

    assert caught.value.hint == (
        "Check the codename, or name another mirror in `LAMINA_DEBIAN_MIRROR`"
    )
