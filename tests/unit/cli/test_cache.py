from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from builders import Item
from lamina.store.store import Store
from projects import LockedProject
from unit.cli.program import Program


@pytest.fixture
def filled(locked: LockedProject, program: Program) -> Program:
    """The command line, with a store that has three layers."""
    locked.wheel("numbers", Item("numbers.py", b"1\n"))
    locked.write()
    assert program.build("-q").code == 0
    return program


def test_the_folder_of_the_store_is_told(program: Program) -> None:
    assert program("cache", "dir").out == "ROOT/store\n"
    assert program("cache", "dir", "--store", "x").out == "ROOT/x\n"
    assert json.loads(program("cache", "dir", "--json").out) == {"store": "ROOT/store"}


def test_a_store_that_is_not_there_is_empty_and_stays_away(program: Program) -> None:
    assert program("cache", "size").out == (
        "layers           0        0 B\n"
        "trees            0        0 B\n"
        "downloads        0        0 B\n"
        "documents        0        0 B\n"
        "unfinished       0        0 B\n"
        "total            0        0 B\n"
    )
    assert program("cache", "verify").out == "no blobs in order, 0 B\n"
    assert program("cache", "prune").out == (
        "Freed 0 B in no files "
        "(layers 0 B, trees 0 B, downloads 0 B, documents 0 B, unfinished 0 B)\n"
    )
    assert not (program.root / "store").exists()


def test_what_the_store_holds_is_counted(filled: Program) -> None:
    held = json.loads(filled("cache", "size", "--json").out)

    blobs = [path for path in (filled.root / "store/blobs").rglob("*") if path.is_file()]
    assert held["layers"] == {"count": 3, "bytes": sum(path.stat().st_size for path in blobs)}
    assert held["total"]["bytes"] == sum(
        held[part]["bytes"] for part in ("layers", "trees", "downloads", "documents", "unfinished")
    )


def test_pruning_keeps_layers_unless_it_is_told_otherwise(filled: Program) -> None:
    assert json.loads(filled("cache", "prune", "--json").out)["layers"]["count"] == 0
    assert json.loads(filled("cache", "prune", "--older-than", "1", "--json").out)["layers"] == {
        "count": 0,
        "bytes": 0,
    }
    assert json.loads(filled("cache", "prune", "--all", "--json").out)["layers"]["count"] == 3
    assert json.loads(filled("cache", "size", "--json").out)["total"] == {"count": 0, "bytes": 0}


def test_pruning_removes_what_was_not_used_for_so_long(filled: Program) -> None:
    for path in (filled.root / "store").rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))

    freed = json.loads(filled("cache", "prune", "--older-than", "30", "--json").out)

    assert freed["layers"]["count"] == 3


def test_only_one_way_to_prune_can_be_meant(program: Program) -> None:
    ended = program("cache", "prune", "--all", "--older-than", "3")

    assert (ended.code, ended.err) == (
        2,
        "error: Only one of --older-than and --all can be meant\n\n"
        "hint: See `lamina cache prune --help`\n",
    )


def test_a_store_in_use_is_not_pruned(filled: Program) -> None:
    with Store(Path("store")).scratch():
        ended = filled("cache", "prune")

    assert (ended.code, ended.err) == (
        1,
        "error: Unable to change the store at `ROOT/store`: a build is using it\n\n"
        "hint: Wait for the build to end, then run the command again\n",
    )


def test_damaged_blobs_are_found_and_removed(filled: Program) -> None:
    blob = next(path for path in (filled.root / "store/blobs").rglob("*") if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b"damaged")

    found, again = filled("cache", "verify", "--json"), filled("cache", "verify")

    (damaged,) = json.loads(found.out)["damaged"]
    assert (found.code, damaged["digest"], damaged["layer"]) == (1, f"sha256:{blob.name}", True)
    assert again.code == 0
    assert again.out.startswith("2 blobs in order, ")


def test_what_is_removed_is_named(filled: Program) -> None:
    blob = next(path for path in (filled.root / "store/blobs").rglob("*") if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b"")

    ended = filled("cache", "verify")

    nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (ended.code, ended.out.splitlines()[0]) == (
        1,
        f"Removed sha256:{blob.name}: it had {nothing}",
    )
