"""The indices of suites: every byte vouched for by a release file, and never too many."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from debs import Mirror, stanza
from lamina.deb.preferences import Provenance
from lamina.deb.release import WrongRelease
from lamina.mirrors.archives import Archive
from lamina.mirrors.fetching import DamagedDownload, Gone
from lamina.mirrors.indices import TooLargeIndex, read_index
from lamina.mirrors.inflate import Unpackable
from lamina.mirrors.keyrings import Keys

URL = "https://deb.example/debian"
NOW = datetime(2026, 9, 13, tzinfo=UTC)
FOLDER = f"{URL}/dists/trixie/main/binary-amd64"
TEXT = stanza("a").encode()
HASH = hashlib.sha256(TEXT).hexdigest()
PLAIN = f" {HASH} {len(TEXT)} main/binary-amd64/Packages\n"


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    mirror = Mirror(tmp_path)
    mirror.publish("trixie", [stanza("a")])
    return mirror


@pytest.fixture
def archive(mirror: Mirror) -> Archive:
    return Archive(url=URL, suite="trixie", keys=Keys((mirror.keyring,)))


def read(mirror: Mirror, *archives: Archive, architecture: str = "amd64") -> list[bytes]:
    found = read_index(archives, architecture, fetch=mirror, now=NOW)
    return [file.data for file in found.files]


def vouch(mirror: Mirror, listed: str, fields: str = "") -> None:
    """Sign a release file that lists these files."""
    text = f"Codename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\n{fields}SHA256:\n{listed}"
    mirror.documents[f"{URL}/dists/trixie/InRelease"] = mirror.sign(text.encode())


@pytest.mark.parametrize(
    ("ending", "pack"),
    [
        (".xz", lzma.compress),
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".zst", zstandard.compress),
        ("", bytes),
    ],
)
@pytest.mark.parametrize("plain", [PLAIN, ""])
def test_every_form_is_read(
    mirror: Mirror, archive: Archive, ending: str, pack: Callable[[bytes], bytes], plain: str
) -> None:
    packed = pack(TEXT)
    digest = hashlib.sha256(packed).hexdigest()
    vouch(mirror, f"{plain} {digest} {len(packed)} main/binary-amd64/Packages{ending}\n")
    mirror.documents[f"{FOLDER}/Packages{ending}"] = packed

    assert read(mirror, archive) == [TEXT]


def test_all_components_are_read_with_the_priority_of_their_suite(
    mirror: Mirror, archive: Archive
) -> None:
    mirror.publish("trixie", {"main": [stanza("a")], "contrib": [stanza("b")]})
    mirror.publish("back", [stanza("c")], fields="NotAutomatic: yes\nButAutomaticUpgrades: yes\n")
    archives = [
        replace(archive, components=("main", "contrib")),
        replace(archive, suite="back"),
    ]

    found = read_index(archives, "amd64", fetch=mirror, now=NOW)

    assert [(file.data.decode(), file.suite, file.priority) for file in found.files] == [
        (stanza("a"), "trixie", 500),
        (stanza("b"), "trixie", 500),
        (stanza("c"), "back", 100),
    ]
    assert [each.archive.suite for each in found.releases] == ["trixie", "back"]


def test_an_index_tells_what_preferences_may_ask(mirror: Mirror, archive: Archive) -> None:
    mirror.publish("trixie", {"contrib": [stanza("b")]}, fields="Version: 13.1\nLabel: Main\n")
    own = replace(archive, components=("contrib",))
    moved = replace(own, site="https://ftp.example/debian")

    found = read_index([own, moved], "amd64", fetch=mirror, now=NOW)

    of = Provenance(
        archive="stable",
        codename="trixie",
        version="13.1",
        origin="Debian",
        label="Main",
        component="contrib",
        architecture="amd64",
        site="deb.example",
    )
    assert [file.provenance for file in found.files] == [of, replace(of, site="ftp.example")]


def test_a_flat_repository_is_read(mirror: Mirror, archive: Archive) -> None:
    text = f"Date: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n {HASH} {len(TEXT)} Packages\n"
    mirror.documents[f"{URL}/x/InRelease"] = mirror.sign(text.encode())
    mirror.documents[f"{URL}/x/Packages"] = TEXT

    assert read(mirror, replace(archive, suite="x/", components=())) == [TEXT]


def test_an_index_is_read_from_where_its_release_file_came_from(
    mirror: Mirror, archive: Archive
) -> None:
    mirror.fetched.clear()
    read(mirror, replace(archive, url="https://old.example/debian", more_urls=(URL,)))

    assert mirror.fetched[-1].startswith(FOLDER)


def test_a_mirror_that_lacks_the_name_by_hash_may_have_the_file(
    mirror: Mirror, archive: Archive
) -> None:
    mirror.publish("trixie", [stanza("a")], fields="Acquire-By-Hash: yes\n")
    for url in list(mirror.documents):
        if "by-hash" in url:
            del mirror.documents[url]

    assert read(mirror, archive) == [TEXT]


def test_an_index_that_is_not_there_is_told(mirror: Mirror, archive: Archive) -> None:
    del mirror.documents[f"{FOLDER}/Packages.xz"]

    with pytest.raises(Gone) as caught:
        read(mirror, archive)

    assert str(caught.value) == ("Unable to find `Packages of trixie`: the mirror does not have it")
    assert caught.value.hint == (
        "The mirror is in the middle of an update, or damaged; try again later, or name another "
        "mirror as `debian-mirror` in `[tool.lamina]`"
    )


def test_a_changed_index_is_refused(mirror: Mirror, archive: Archive) -> None:
    data = mirror.documents[f"{FOLDER}/Packages.xz"]
    changed = data[:-1] + b"x"
    mirror.documents[f"{FOLDER}/Packages.xz"] = changed

    with pytest.raises(DamagedDownload) as caught:
        read(mirror, archive)

    assert str(caught.value) == (
        "Hash mismatch for `Packages of trixie`\n"
        f"  expected: sha256:{hashlib.sha256(data).hexdigest()}\n"
        f"  got:      sha256:{hashlib.sha256(changed).hexdigest()}"
    )
    assert caught.value.hint == (
        "The mirror is in the middle of an update, or damaged; try again later, or name another "
        "mirror as `debian-mirror` in `[tool.lamina]`"
    )


@pytest.mark.parametrize(
    ("packed", "unpacked", "message"),
    [
        (1 << 40, len(TEXT), f"it has {1 << 40} bytes, and no index needs more than {1 << 28}"),
        (10, 1 << 40, f"it has {1 << 40} bytes, and no index needs more than {1 << 29}"),
    ],
)
def test_gigabytes_are_not_even_asked_for(
    mirror: Mirror, archive: Archive, packed: int, unpacked: int, message: str
) -> None:
    path = "main/binary-amd64/Packages"
    vouch(mirror, f" {HASH} {packed} {path}.xz\n {HASH} {unpacked} {path}\n")
    mirror.fetched.clear()

    with pytest.raises(TooLargeIndex) as caught:
        read(mirror, archive)

    assert str(caught.value) == f"Unable to read `Packages of trixie`: {message}"
    assert mirror.fetched == [archive.release_url]


def test_an_index_that_unpacks_to_less_than_it_should_is_refused(
    mirror: Mirror, archive: Archive
) -> None:
    packed = lzma.compress(TEXT)
    digest = hashlib.sha256(packed).hexdigest()
    path = "main/binary-amd64/Packages"
    vouch(mirror, f" {digest} {len(packed)} {path}.xz\n {HASH} {len(TEXT) + 5} {path}\n")
    mirror.documents[f"{FOLDER}/Packages.xz"] = packed

    with pytest.raises(Unpackable) as caught:
        read(mirror, archive)

    assert str(caught.value) == (
        f"Unable to unpack `Packages of trixie`: expected {len(TEXT) + 5} bytes, got {len(TEXT)}"
    )


@pytest.mark.parametrize(
    ("component", "architecture", "message"),
    [
        ("universe", "amd64", "has no component `universe`\n  it has: `main`"),
        (
            "main",
            "arm64",
            "has no packages for the architecture `arm64`\n  it has: `all`, `amd64`",
        ),
    ],
)
def test_what_a_suite_does_not_have_is_told(
    mirror: Mirror, archive: Archive, component: str, architecture: str, message: str
) -> None:
    with pytest.raises(WrongRelease) as caught:
        read(mirror, replace(archive, components=(component,)), architecture=architecture)

    assert str(caught.value) == f"`InRelease` of `trixie` at deb.example {message}"


def test_an_archive_as_ubuntu_lays_it_out_is_read(mirror: Mirror, archive: Archive) -> None:
    names = "Suite: {suite}\nCodename: noble\n"
    archives = []
    for architecture in ("amd64", "arm64"):
        for suite in ("noble", "noble-updates", "noble-security", "noble-backports"):
            back = "NotAutomatic: yes\nButAutomaticUpgrades: yes\n" if "back" in suite else ""
            mirror.url = {
                "amd64": "https://security.example/ubuntu"
                if "security" in suite
                else "https://archive.example/ubuntu",
                "arm64": "https://ports.example/ubuntu-ports",
            }[architecture]
            mirror.publish(
                suite,
                {"main": [stanza(f"a-{architecture}")], "universe": [stanza(suite)]},
                fields=f"Acquire-By-Hash: yes\n{back}",
                architecture=architecture,
                names=names,
            )
            each = replace(archive, url=mirror.url, suite=suite, components=("main", "universe"))
            archives.append((architecture, each))

    for architecture in ("amd64", "arm64"):
        own = [each for name, each in archives if name == architecture]
        found = read_index(own, architecture, fetch=mirror, now=NOW)

        assert [(file.suite, file.priority) for file in found.files][::2] == [
            ("noble", 500),
            ("noble-updates", 500),
            ("noble-security", 500),
            ("noble-backports", 100),
        ]
        assert f"Package: a-{architecture}".encode() in found.files[0].data

    updates = replace(archives[1][1], suite="noble")
    mirror.documents[updates.release_url] = mirror.documents[archives[1][1].release_url]
    with pytest.raises(WrongRelease, match="expected: noble\n  got:      noble-updates"):
        read(mirror, updates)
