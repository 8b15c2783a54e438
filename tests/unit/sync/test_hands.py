"""Processes that do what is done in bulk, and what happens without them."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamina.store.look import FILES, FORMAT, INDEX
from lamina.sync.hand import BULK
from lamina.sync.hands import Hands


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a tree of one file."""
    file = tmp_path / "tree" / FILES / "folder" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"A = 1\n")
    row = ["folder/a.py", 6, False, False, 0, file.stat().st_mtime_ns]
    document = {"format": FORMAT, "name": "a", "members": [row]}
    (tmp_path / "tree" / INDEX).write_text(json.dumps(document))
    bulk = {"folders": ["folder"], "paths": ["folder/a.py"], "executable": []}
    (tmp_path / "tree" / BULK).write_text(json.dumps(bulk))
    return tmp_path / "tree"


@pytest.fixture
def hands() -> Iterator[Hands]:
    hands = Hands()
    yield hands
    hands.close()


@pytest.mark.parametrize("count", [0, 2])
def test_it_is_the_same_here_and_there(
    tmp_path: Path, tree: Path, hands: Hands, count: int
) -> None:
    hands.start(count)
    site = tmp_path / "a site, mit Ümläut"
    site.mkdir()

    assert hands.count == max(count, 1)
    assert hands.do("is_as_made", str(tree))
    assert hands.do("bring", str(tree), str(site), "hardlink")
    assert not hands.do("bring", str(tree), str(site), "hardlink")

    assert (site / "folder" / "a.py").samefile(tree / FILES / "folder" / "a.py")


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("damage", ["content", "file", "index", "tree"])
def test_a_look_finds_what_is_not_as_it_was_made(
    tree: Path, hands: Hands, count: int, damage: str
) -> None:
    hands.start(count)
    file = tree / FILES / "folder" / "a.py"
    if damage == "content":
        file.write_bytes(b"A = 2 ")
        os.utime(file, ns=(0, 1))
    elif damage == "file":
        file.unlink()
    elif damage == "index":
        (tree / INDEX).write_text('{"format": 7, "members": []}')
    else:
        (tree / FILES).rename(tree / "gone")

    assert not hands.do("is_as_made", str(tree))


def test_what_an_ended_process_does_not_do_is_done_here(
    tmp_path: Path, tree: Path, hands: Hands
) -> None:
    hands.start(1)
    for process in hands._all:
        process.kill()
        process.wait()

    assert hands.do("is_as_made", str(tree))
    assert hands.do("bring", str(tree), str(tmp_path), "copy")


def test_where_no_process_can_be_started_all_is_done_here(
    tree: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    hands.start(2)

    assert hands.count == 1
    assert hands.do("is_as_made", str(tree))


def test_a_lock_is_held_as_long_as_somebody_may_write(tmp_path: Path, tree: Path) -> None:
    def is_free() -> bool:
        with (tmp_path / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hands = Hands((lock.fileno(),))
        hands.start(1)
    assert not is_free()

    hands.close()

    assert is_free()
