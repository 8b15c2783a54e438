"""Files that are fetched once, and kept by their SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.transport import Reply
from lamina.fetch.download import HashMismatch, Refused, SizeMismatch
from lamina.make.kept import BackendStore, KeptFiles, MissingFile, TooLarge
from lamina.observer import Traffic
from lamina.oci.digest import Digest
from lamina.store.scratch import StoreUnusable
from unit.make.site import Site, open_site

DATA = b"a Debian package"
SHA256 = hashlib.sha256(DATA).hexdigest()
URL = "https://mirror.example/pool/a_1.0.deb"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as site:
        yield site


@pytest.fixture
def files(site: Site) -> KeptFiles:
    return KeptFiles(site.store, site.scratch, site.transport, site.observer, Traffic.BASE)


def fetch(
    files: KeptFiles, url: str = URL, *, sha256: str = SHA256, size: int | None = None
) -> Path:
    return files.fetch(url, sha256=sha256, size=size, name="a_1.0.deb")


def test_a_file_is_downloaded_once(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(DATA))

    first = fetch(files, size=len(DATA))
    second = fetch(files)

    assert first == second == site.store.blobs.path(Digest("sha256", SHA256))
    assert first.read_bytes() == DATA
    assert site.asked() == ["a_1.0.deb"]
    assert site.observer.downloads == ["a_1.0.deb"]


def test_a_damaged_file_is_downloaded_again(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(DATA))
    path = fetch(files)
    path.chmod(0o644)
    path.write_bytes(b"damaged")

    assert fetch(files).read_bytes() == DATA
    assert len(site.asked()) == 2


def test_another_file_is_not_kept(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(b"another"))

    with pytest.raises(HashMismatch):
        fetch(files)
    with pytest.raises(SizeMismatch):
        fetch(files, size=3)

    assert list(site.store.blobs) == []


def test_a_file_of_this_machine_is_copied(site: Site, files: KeptFiles) -> None:
    source = site.folder / "a 1.deb"
    source.write_bytes(DATA)

    assert fetch(files, source.as_uri(), size=len(DATA)).read_bytes() == DATA
    assert source.exists()
    with pytest.raises(HashMismatch):
        fetch(files, source.as_uri(), sha256="0" * 64)


def test_a_file_of_this_machine_that_is_gone_is_named(site: Site, files: KeptFiles) -> None:
    with pytest.raises(MissingFile) as caught:
        fetch(files, (site.folder / "gone.deb").as_uri())

    assert str(caught.value) == (
        f"Unable to read `file://{site.folder}/gone.deb`: No such file or directory"
    )


def test_a_disk_that_takes_nothing_is_named(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(DATA))
    next_path = site.scratch.new()
    following = next_path.with_name(str(int(next_path.name) + 1))
    following.mkdir()

    with pytest.raises(StoreUnusable) as caught:
        fetch(files)

    assert str(caught.value) == f"Unable to write to `{following}`: Is a directory"


def test_a_small_document_is_read_as_it_is_now(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(b"one"), Reply(b"two"), Reply(status=404))

    assert [files.read(URL), files.read(URL), files.read(URL)] == [b"one", b"two", None]


def test_a_document_that_is_refused_is_named(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(status=403))

    with pytest.raises(Refused, match="the server answered 403"):
        files.read(URL)


def test_a_document_that_is_far_too_large_is_given_up(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(bytes((1 << 24) + 1)))

    with pytest.raises(TooLarge) as caught:
        files.read(URL)

    assert str(caught.value) == f"Unable to read `{URL}`: it has more than 16777216 bytes"


def test_backends_find_what_they_kept(site: Site, files: KeptFiles) -> None:
    site.transport.answer(URL, Reply(DATA))
    store, key = BackendStore(site.store, files), "ab" * 32

    assert store.find_resolution(key) is None
    store.keep_resolution(key, {"wheels": []})

    assert store.find_resolution(key) == {"wheels": []}
    assert store.wheel(URL, SHA256, "a.whl").read_bytes() == DATA
