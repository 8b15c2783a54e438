"""What of a wheel is brought as it is, and that with the rest it is the whole wheel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Item, write_wheel
from lamina.archive.entry import Kind
from lamina.store.scratch import Scratch
from lamina.store.scratch import scratch as scratch_below
from lamina.store.store import Store
from lamina.store.trees import Tree
from lamina.sync.bulk import Bulk, note_bulk
from lamina.sync.hand import BULK, bring
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import Unpacked, unpack

KEY = "ab" * 32
NAME = "demo-1.0-py3-none-any.whl"
ITEMS = (
    Item("demo/__init__.py", b"import sys\n" * 100),
    Item("demo/tool", b"\x7fELF", mode=0o100755),
    Item('demo/a "name", quoted.txt', b"1"),
    Item("demo-more.py", b"2"),
    Item("demo+more.py", b"3"),
    Item("Other/deep/er/file.txt", b"4"),
    Item("empty/within/", b""),
    Item("foreign.data/data/file.txt", b"5"),
    Item("demo-1.0.dist-info/licenses/LICENSE", b"6"),
    Item("demo-1.0.dist-info/entry_points.txt", b"[console_scripts]\nrun = demo:main\n"),
)
APART = (
    Item("demo-1.0.data/scripts/tool.sh", b"#!python\nrun\n"),
    Item("demo-1.0.data/data/share/x", b"x"),
    Item("demo-1.0.data/headers/x.h", b"x"),
)
ORIGIN = b'{"url":"file:///here"}'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def scratch(store: Store) -> Iterator[Scratch]:
    with scratch_below(store.scratch_root) as folder:
        yield folder


def note(tmp_path: Path, store: Store, scratch: Scratch, *items: Item) -> Tree:
    path = write_wheel(tmp_path, *items)
    with WheelFile(path, path.name) as wheel:
        tree = store.trees.make(KEY, wheel, scratch)
    note_bulk(store.trees, KEY, tree, unpack(tree, Scheme("/opt/venv", "3.12")), scratch)
    return tree


def said(wheel: Unpacked) -> dict[str, tuple[int, bytes]]:
    return {
        f"/{entry.path}": (entry.mode, b"".join(entry.content.chunks()))
        for entry in wheel.entries
        if entry.kind is Kind.FILE
    }


@pytest.mark.parametrize("apart", [(), APART])
@pytest.mark.parametrize("way", ["copy", "hardlink", "symlink"])
def test_bulk_and_rest_are_the_whole_wheel_in_every_environment(
    tmp_path: Path, store: Store, scratch: Scratch, way: str, apart: tuple[Item, ...]
) -> None:
    tree = note(tmp_path, store, scratch, *ITEMS, *apart)
    scheme = Scheme(str(tmp_path / "venv"), "3.13")
    whole = said(unpack(tree, scheme, ORIGIN, {"lamina.json": b"{}"}))
    bulk = Bulk.read(store.trees, KEY)
    assert bulk is not None

    rest = bulk.complete(unpack(bulk.rest, scheme, ORIGIN, {"lamina.json": b"{}"}))
    site = Path("/", scheme.site_packages)
    site.mkdir(parents=True)
    assert bring(bulk.tree, str(site), way)

    brought = {
        str(path): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in site.rglob("*")
        if path.is_file()
    }
    assert brought.keys().isdisjoint(said(rest))
    assert brought | said(rest) == whole
    assert (site / "empty" / "within").is_dir()
    assert rest.record == f"{scheme.site_packages}/demo-1.0.dist-info/RECORD"
    assert bulk.tops == {"demo", "demo-more.py", "demo+more.py", "other", "empty", "foreign.data"}
    assert (site / "demo-more.py").is_symlink() == (way == "symlink")


@pytest.mark.parametrize(
    "item",
    [
        Item("demo-1.0.data/purelib/x.py"),
        Item("demo-1.0.data/platlib/x.py"),
        Item("demo-1.0.data/data/lib/python3.12/site-packages/x.py"),
        Item("demo-1.0.data/data/Lib64/x.py"),
    ],
)
def test_what_may_lie_among_the_bulk_leaves_none(
    tmp_path: Path, store: Store, scratch: Scratch, item: Item
) -> None:
    note(tmp_path, store, scratch, *ITEMS, item)

    assert Bulk.read(store.trees, KEY) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'"x"', b"7", b'{"format":0}', b'{"format":1}', b"[" * 100_000],
)
def test_a_note_that_says_nothing_is_none(
    tmp_path: Path, store: Store, scratch: Scratch, data: bytes
) -> None:
    note(tmp_path, store, scratch, *ITEMS)
    (store.trees.path(KEY) / BULK).write_bytes(data)

    assert Bulk.read(store.trees, KEY) is None
    assert not bring(str(store.trees.path(KEY)), str(tmp_path), "copy")


def test_what_is_in_the_way_ends_it(tmp_path: Path, store: Store, scratch: Scratch) -> None:
    note(tmp_path, store, scratch, *ITEMS)
    (tmp_path / "demo-more.py").write_text("mine")

    assert not bring(str(store.trees.path(KEY)), str(tmp_path), "copy")

    assert (tmp_path / "demo-more.py").read_text() == "mine"


def test_the_name_is_that_of_the_lock_where_it_tells_one(
    tmp_path: Path, store: Store, scratch: Scratch
) -> None:
    note(tmp_path, store, scratch, *ITEMS)

    said, given = Bulk.read(store.trees, KEY), Bulk.read(store.trees, KEY, "demo-1.0-py2-any.whl")

    assert said is not None
    assert given is not None
    assert (said.rest.name, given.rest.name) == (NAME, "demo-1.0-py2-any.whl")
    assert json.loads((store.trees.path(KEY) / BULK).read_bytes())["name"] == NAME
