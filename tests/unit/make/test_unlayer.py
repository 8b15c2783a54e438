"""Layers back to the trees of their wheels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import Item, directory, write_wheel
from lamina.archive.entry import Kind
from lamina.lock.model import Wheel
from lamina.make.blobs import Bench, ReadyWheel
from lamina.make.unlayer import find_layers, tree_of
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import LayerKind, LayerPlan, PlannedWheel
from lamina.store.blobs import digest_of
from lamina.store.scratch import Scratch, scratch
from lamina.store.store import Store
from lamina.store.trees import Tree
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import Unpacked, unpack

BUILT_FOR = Scheme("/opt/venv", "3.12")
WANTED_FOR = Scheme("/home/me/venv", "3.13")
POINTS = b"[console_scripts]\ncall = a:main\npip3.9 = a:main\npip3 = a:main\n"
RICH = (
    Item("a/__init__.py", b"import sys\n" * 100),
    Item("a/tool", b"\x7fELF", mode=0o100755),
    Item("a-1.0.data/scripts/run", b"#!python -E\nrun\n"),
    Item("a-1.0.data/scripts/shell", b"#!/bin/sh\nrun\n"),
    Item("a-1.0.data/scripts/call", b"#!python\nleft out\n"),
    Item("a-1.0.data/data/share/x", b"x"),
    Item("a-1.0.data/data/lib64/y", b"y"),
    Item("a-1.0.data/headers/a.h", b"h"),
    Item("a-1.0.data/purelib/more.py", b"m"),
    Item("a-1.0.dist-info/entry_points.txt", POINTS),
)


@dataclass(frozen=True)
class Made:
    """A layer of wheels in a store."""

    store: Store
    scratch: Scratch
    files: dict[str, Path]

    def tree(self, name: str) -> Tree | None:
        path = self.files[name]
        hash_ = str(digest_of(path))
        found = find_layers(self.store)[hash_]
        return tree_of(found, hash_, path.name, name, self.store, self.scratch)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    store = Store(tmp_path / "store")
    with scratch(store.scratch_root) as folder:
        yield Made(store, folder, {})


def layer(made: Made, at: Path, wheels: dict[str, Sequence[Item]]) -> None:
    recipe = Recipe(BUILT_FOR.prefix, "3.12")
    planned, ready = [], {}
    for name, items in wheels.items():
        path = made.files[name] = write_wheel(at, *items, name=name)
        hash_ = str(digest_of(path))
        size = path.stat().st_size
        planned.append(PlannedWheel(name, "1.0", Wheel(path.name), hash_, size, b"{}"))
        ready[hash_] = ReadyWheel(path, path.name)
    plan = LayerPlan(LayerKind.WHEELS, LayerKey("ab" * 32), "", tuple(planned))
    bench = Bench(made.store, made.scratch, BUILT_FOR, 1 << 30, recipe=recipe)
    bench.wheels(plan, ready, lambda: None)


def said(wheel: Unpacked) -> list[tuple[str, Kind, int, bytes]]:
    return sorted(
        (each.path, each.kind, each.mode, b"".join(each.content.chunks())) for each in wheel.entries
    )


def assert_same(made: Made, name: str) -> None:
    tree = made.tree(name)
    assert tree is not None
    with ExitStack() as stack:
        path = made.files[name]
        wheel = stack.enter_context(WheelFile(path, path.name))
        for scheme in (BUILT_FOR, WANTED_FOR):
            assert said(unpack(tree, scheme)) == said(unpack(wheel, scheme))


def test_what_comes_of_a_layer_is_installed_as_its_wheel_is(tmp_path: Path, made: Made) -> None:
    layer(made, tmp_path, {"a": [*RICH, directory("a/empty/")]})

    assert_same(made, "a")


def test_of_a_shared_layer_each_wheel_is_had(tmp_path: Path, made: Made) -> None:
    layer(made, tmp_path, {"a": RICH, "b": [Item("b.py", b"b"), Item("common/b.py", b"")]})

    assert_same(made, "a")
    assert_same(made, "b")


@pytest.mark.parametrize(
    "wheels",
    [
        {"a": [Item("both.py", b"a")], "b": [Item("both.py", b"b")]},
        {"a": [Item("a.py"), directory("a/empty/")], "b": [Item("b.py", b"b")]},
    ],
    ids=["a file that both have", "a folder that either may have"],
)
def test_what_a_layer_does_not_tell_is_not_had(
    tmp_path: Path, made: Made, wheels: dict[str, Sequence[Item]]
) -> None:
    layer(made, tmp_path, wheels)

    assert made.tree("a") is None
    assert list(made.store.trees) == []


def test_a_damaged_layer_is_none(tmp_path: Path, made: Made) -> None:
    layer(made, tmp_path, {"a": RICH})
    ((_, blob),) = made.store.blobs
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-100])

    assert made.tree("a") is None
