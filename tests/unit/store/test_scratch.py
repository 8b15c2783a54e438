"""What is not finished, and what becomes of it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from lamina.store.scratch import StoreUnusable, scratch


def abandon(parent: Path, name: str, *, has_lock: bool = True) -> Path:
    """Leave what a process leaves that was killed."""
    folder = parent / name
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/half").write_bytes(b"half")
    if has_lock:
        (folder / "lock").touch()
    return folder


def test_every_name_is_new(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        paths = [folder.new() for _ in range(3)]

        assert len(set(paths)) == 3
        assert not any(path.exists() for path in paths)
        assert folder.new(".whl").suffix == ".whl"
        assert list(folder.folder().iterdir()) == []


def test_all_is_gone_at_the_end(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        folder.new().write_bytes(b"x")
        (folder.folder() / "y").write_bytes(b"y")

    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_all_is_gone_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with scratch(tmp_path) as folder:
            folder.new().write_bytes(b"x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_nothing_is_written_until_it_is_needed(tmp_path: Path) -> None:
    with scratch(tmp_path / "scratch"):
        assert not (tmp_path / "scratch").exists()

    assert not (tmp_path / "scratch").exists()


def test_what_is_dropped_is_gone_and_only_that(tmp_path: Path) -> None:
    with scratch(tmp_path / "scratch") as folder:
        ours, theirs = folder.new(), tmp_path / "theirs.whl"
        ours.touch()
        theirs.touch()

        folder.drop(ours)
        folder.drop(theirs)

        assert not ours.exists()
        assert theirs.exists()


@pytest.mark.parametrize("has_lock", [True, False])
def test_what_a_killed_process_left_is_swept_away(tmp_path: Path, has_lock: bool) -> None:
    left = abandon(tmp_path, "left", has_lock=has_lock)

    with scratch(tmp_path) as folder:
        folder.new()

        assert not left.exists()


def test_what_was_left_goes_though_nothing_is_made(tmp_path: Path) -> None:
    left = abandon(tmp_path, "left")

    with scratch(tmp_path):
        assert not left.exists()


def test_what_another_process_needs_stays(tmp_path: Path) -> None:
    theirs = abandon(tmp_path, "theirs")
    lock = os.open(theirs / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)

    with scratch(tmp_path) as folder:
        folder.new()

    os.close(lock)
    assert (theirs / "deep/half").read_bytes() == b"half"


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    with scratch(tmp_path) as one, scratch(tmp_path) as other:
        paths = {one.new(), other.new()}
        for path in paths:
            path.write_bytes(b"x")

        assert len(paths) == 2
        assert all(path.exists() for path in paths)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    parent = tmp_path / "file/scratch"

    with scratch(parent) as folder, pytest.raises(StoreUnusable) as caught:
        folder.new()

    assert str(caught.value) == f"Unable to write to `{parent}`: Not a directory"
    assert caught.value.hint == (
        "To keep the store elsewhere, pass `--store DIR` or set `LAMINA_STORE`"
    )
