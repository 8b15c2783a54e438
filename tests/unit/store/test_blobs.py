"""Blobs by digest, and files that are being written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.oci.digest import Digest
from lamina.store.blobs import Blobs, Draft, digest_of, draft
from lamina.store.scratch import Scratch, StoreUnusable, scratch

DIGEST = Digest.of(b"hello")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Scratch]:
    with scratch(tmp_path / "scratch") as folder:
        yield folder


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def add(blobs: Blobs, folder: Scratch, data: bytes) -> Path:
    with draft(folder) as file:
        file.write(data)
    return blobs.adopt(file.path, Digest.of(data))


def test_a_blob_lies_under_its_digest(blobs: Blobs, folder: Scratch, tmp_path: Path) -> None:
    path = add(blobs, folder, b"hello")

    assert path == tmp_path / "blobs/sha256" / DIGEST.hex[:2] / DIGEST.hex
    assert path.read_bytes() == b"hello"
    assert blobs.path(DIGEST) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_what_was_not_added_is_not_there(blobs: Blobs) -> None:
    assert blobs.path(DIGEST) is None
    assert blobs.kept(DIGEST) is None
    assert list(blobs) == []


def test_a_blob_may_be_added_again(blobs: Blobs, folder: Scratch) -> None:
    with add(blobs, folder, b"hello").open("rb") as reader:
        add(blobs, folder, b"hello")

        assert reader.read() == b"hello"

    assert [digest for digest, _ in blobs] == [DIGEST]


def test_a_blob_may_be_forgotten_twice(blobs: Blobs, folder: Scratch) -> None:
    add(blobs, folder, b"hello")

    blobs.remove(DIGEST)
    blobs.remove(DIGEST)

    assert blobs.path(DIGEST) is None


def test_blobs_come_sorted_and_without_what_is_none(
    blobs: Blobs, folder: Scratch, tmp_path: Path
) -> None:
    for data in (b"a", b"b", b"c"):
        add(blobs, folder, data)
    (tmp_path / "blobs/sha256/ab").mkdir(exist_ok=True)
    (tmp_path / "blobs/sha256/ab/README").touch()
    (tmp_path / "blobs/.DS_Store").touch()

    assert [digest for digest, _ in blobs] == sorted(Digest.of(data) for data in (b"a", b"b", b"c"))


def test_a_kept_file_is_read_before_it_is_used(blobs: Blobs, folder: Scratch) -> None:
    path = add(blobs, folder, b"hello")
    os.utime(path, (1, 1))

    assert blobs.kept(DIGEST) == path
    assert path.stat().st_mtime > 1, "when it was last used is not noted"


@pytest.mark.parametrize("damaged", [b"hallo", b"hell", b""])
def test_a_damaged_file_is_removed(blobs: Blobs, folder: Scratch, damaged: bytes) -> None:
    path = add(blobs, folder, b"hello")
    path.chmod(0o644)
    path.write_bytes(damaged)

    assert blobs.kept(DIGEST) is None
    assert not path.exists()


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(3_000_000))

    assert digest_of(path) == Digest.of(bytes(3_000_000))


def test_a_draft_is_gone_if_an_error_comes(folder: Scratch) -> None:
    written: list[Path] = []

    def write_half() -> None:
        with draft(folder) as file:
            file.write(b"half")
            written.append(file.path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()

    assert not written[0].exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk always full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        file = Draft(tmp_path / "0", full)
        with pytest.raises(StoreUnusable) as caught:
            file.write(b"x")

    assert str(caught.value) == f"Unable to write to `{tmp_path}/0`: No space left on device"
    assert caught.value.hint == (
        "To keep the store elsewhere, pass `--store DIR` or set `LAMINA_STORE`"
    )
