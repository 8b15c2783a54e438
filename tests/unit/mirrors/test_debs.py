"""The file of a package, from an archive that has its suite."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from debs import Mirror
from lamina.deb.package import DebianPackage
from lamina.mirrors.archives import Archive
from lamina.mirrors.debs import NoArchive, PackageGone, fetch_deb
from lamina.mirrors.fetching import DamagedDownload, MirrorUnreachable
from lamina.transport.protocol import TransportError

URL = "https://deb.example/debian"
ARCHIVE = Archive(url=URL, suite="bookworm")
DEB = b"a package"
PACKAGE = DebianPackage(
    name="libpq5",
    version="15.3-0+deb12u1",
    architecture="amd64",
    suite="bookworm",
    path="pool/main/p/postgresql-15/libpq5_15.3-0+deb12u1_amd64.deb",
    size=len(DEB),
    sha256=hashlib.sha256(DEB).hexdigest(),
)


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path, documents={f"{URL}/{PACKAGE.path}": DEB})


def test_every_archive_and_every_mirror_of_the_suite_is_asked(mirror: Mirror) -> None:
    first = Archive(url="https://first.example", suite="bookworm")
    second = replace(ARCHIVE, url="https://second.example", more_urls=(URL,))
    other = Archive(url="https://third.example", suite="trixie")

    assert fetch_deb(PACKAGE, [other, first, second], mirror).read_bytes() == DEB
    assert mirror.fetched == [
        f"{url}/{PACKAGE.path}" for url in ("https://first.example", "https://second.example", URL)
    ]


def test_a_version_that_was_replaced_is_told_with_the_way_out(mirror: Mirror) -> None:
    mirror.documents.clear()

    with pytest.raises(PackageGone) as caught:
        fetch_deb(PACKAGE, [ARCHIVE], mirror)

    assert str(caught.value) == (
        "Unable to find `libpq5` 15.3-0+deb12u1 in `bookworm` at deb.example"
    )
    assert caught.value.hint == (
        "A newer version has replaced it, as updates do; to take that one, run "
        "`lamina lock --upgrade libpq5`"
    )


def test_a_changed_package_is_refused_and_another_mirror_may_have_it_whole(mirror: Mirror) -> None:
    changed = b"A package"
    mirror.documents[f"https://bad.example/{PACKAGE.path}"] = changed
    bad = replace(ARCHIVE, url="https://bad.example")

    with pytest.raises(DamagedDownload) as caught:
        fetch_deb(PACKAGE, [bad], mirror)

    assert str(caught.value) == (
        "Hash mismatch for `libpq5_15.3-0+deb12u1_amd64.deb`\n"
        f"  expected: sha256:{PACKAGE.sha256}\n"
        f"  got:      sha256:{hashlib.sha256(changed).hexdigest()}"
    )
    assert fetch_deb(PACKAGE, [bad, ARCHIVE], mirror).read_bytes() == DEB


class Failing(Mirror):
    """A mirror that fails at each file."""

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        raise TransportError("Unable to download it: the server answered 500")


def test_a_mirror_that_fails_may_be_replaced(tmp_path: Path) -> None:
    with pytest.raises(MirrorUnreachable) as caught:
        fetch_deb(PACKAGE, [ARCHIVE], Failing(tmp_path))

    assert str(caught.value) == "Unable to download it: the server answered 500"
    assert caught.value.hint == "Name another mirror as `debian-mirror` in `[tool.lamina]`"


def test_a_suite_that_no_source_names_is_told(mirror: Mirror) -> None:
    with pytest.raises(NoArchive) as caught:
        fetch_deb(PACKAGE, [replace(ARCHIVE, suite="trixie")], mirror)

    assert str(caught.value) == (
        "Unable to fetch `libpq5` 15.3-0+deb12u1: no apt source has the suite `bookworm`"
    )
    assert caught.value.hint == (
        "Name a mirror that has it as `debian-mirror` in `[tool.lamina]`, or its source in "
        "`apt-sources`"
    )
