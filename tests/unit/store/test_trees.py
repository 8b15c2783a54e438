"""Wheels, unpacked in the store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Item, write_wheel
from lamina.archive.payload import DamagedPayload
from lamina.store import prune
from lamina.store.scratch import Scratch
from lamina.store.scratch import scratch as scratch_below
from lamina.store.store import Store
from lamina.store.trees import Tree
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import Unpacked, unpack

KEY = "ab" * 32
ITEMS = (
    Item("demo/__init__.py", b"import sys\n" * 100),
    Item("demo/tool", b"\x7fELF", mode=0o100755),
    Item("demo-1.0.data/scripts/run", b"#!python\nrun\n"),
    Item("demo-1.0.data/data/share/x", b"x"),
)
SCHEME = Scheme("/opt/venv", "3.12")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def scratch(store: Store) -> Iterator[Scratch]:
    with scratch_below(store.scratch_root) as folder:
        yield folder


@pytest.fixture
def tree(tmp_path: Path, store: Store, scratch: Scratch) -> Tree:
    path = write_wheel(tmp_path, *ITEMS)
    with WheelFile(path, path.name) as wheel:
        return store.trees.make(KEY, wheel, scratch)


def said(wheel: Unpacked) -> list[tuple[str, int, bytes]]:
    return [(e.path, e.mode, b"".join(e.content.chunks())) for e in wheel.entries]


def test_a_tree_is_installed_as_its_wheel_is(tmp_path: Path, store: Store, tree: Tree) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    with WheelFile(path, path.name) as wheel:
        expected = unpack(wheel, SCHEME)
        contents = said(expected)

    found = store.trees.get(KEY)

    assert found == tree
    again = unpack(found, SCHEME)
    assert said(again) == contents
    assert again.rows == expected.rows


def test_a_tree_has_the_modes_of_what_is_installed(tree: Tree) -> None:
    modes = {name: Path(tree.root, name).stat().st_mode & 0o777 for name in tree._files}

    assert {name for name, mode in modes.items() if mode == 0o755} == {
        "demo/tool",
        "demo-1.0.data/scripts/run",
    }


def test_what_was_changed_is_damaged(store: Store, tree: Tree) -> None:
    Path(tree.root, "demo/tool").write_bytes(b"\x7fBLF")

    assert store.trees.get(KEY) is None
    assert not store.trees.has(KEY)
    assert not Path(tree.root).exists()


def test_a_file_that_is_gone_is_damage(store: Store, tree: Tree) -> None:
    Path(tree.root, "demo/tool").unlink()

    assert store.trees.get(KEY) is None


def test_a_store_that_was_copied_is_read_once_more(store: Store, tree: Tree) -> None:
    os.utime(f"{tree.root}/demo/tool", (1, 1))

    assert store.trees.get(KEY) == tree


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format":1,"name":"a","members":[[1]]}'])
def test_an_index_that_says_nothing_is_none(store: Store, tree: Tree, data: bytes) -> None:
    store.trees.index(KEY).write_bytes(data)

    assert store.trees.get(KEY) is None


def test_a_tree_is_made_anew_in_the_place_of_what_cannot_be_read(
    tmp_path: Path, store: Store, scratch: Scratch, tree: Tree
) -> None:
    store.trees.index(KEY).write_bytes(b"")
    path = tmp_path / "demo-1.0-py3-none-any.whl"

    with WheelFile(path, path.name) as wheel:
        made = store.trees.make(KEY, wheel, scratch)
        same = store.trees.make(KEY, wheel, scratch)

    assert store.trees.get(KEY) == made == same


def test_damage_within_a_wheel_leaves_no_tree(
    tmp_path: Path, store: Store, scratch: Scratch
) -> None:
    path = write_wheel(tmp_path, Item("demo/a.py", b"a" * 1000, method=0))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"a" * 1000, b"b" * 1000))

    with WheelFile(path, path.name) as wheel, pytest.raises(DamagedPayload):
        store.trees.make(KEY, wheel, scratch)

    assert list(store.trees) == []


def test_trees_are_counted_verified_and_pruned(store: Store, tree: Tree) -> None:
    files = [member.size for member in tree.members if not member.is_directory]
    index = store.trees.index(KEY).stat().st_size
    assert prune.size(store).trees == prune.Amount(len(files) + 1, sum(files) + index)
    assert prune.prune(store, now=0).trees == prune.Amount()
    assert prune.verify(store).damaged_trees == ()

    Path(tree.root, "demo/tool").write_bytes(b"\x7fBLF")
    assert prune.verify(store).damaged_trees == (
        prune.DamagedTree("demo-1.0-py3-none-any.whl", "demo/tool"),
    )
    assert list(store.trees) == []


def test_trees_that_were_not_used_for_long_are_pruned(store: Store, tree: Tree) -> None:
    os.utime(store.trees.index(KEY), (1000, 1000))

    assert prune.prune(store, now=1010, unused_for=20).trees.count == 0
    assert prune.prune(store, now=1030, unused_for=20).trees.count == len(tree._files) + 1
    assert list(store.trees) == []
