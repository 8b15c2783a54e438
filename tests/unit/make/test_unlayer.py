"""Layers back to the trees of their wheels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import Item, directory, write_wheel
from images import Member, link, make_layer
from lamina.archive.blob import Extent
from lamina.archive.entry import Kind
from lamina.lock.model import Wheel
from lamina.make.blobs import Bench
from lamina.make.ready import ReadyWheel
from lamina.make.unlayer import Found, NotToBeHad, Stored, files_of, find_layers, tree_of
from lamina.oci import mediatype
from lamina.plan.contents import Contents, InLayer
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.store.blobs import digest_of
from lamina.store.scratch import Scratch, scratch
from lamina.store.store import Store
from lamina.store.trees import Tree
from lamina.wheel.file import WheelFile, WheelTooLarge
from lamina.wheel.record import Row, render_record
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

    def beside(self, name: str, *others: str) -> dict[str, bytes]:
        """Return the files of a wheel as they are had if others are installed, too."""
        path = self.files[name]
        hash_ = str(digest_of(path))
        found = find_layers(self.store)[hash_]
        stored = self.store.layers.get(found.key)
        assert stored is not None
        opened = Stored(stored)
        files = files_of(opened, found, hash_, path.name, beside=set(others))
        return {each.name: b"".join(each.chunks) for each in files}

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


def test_what_wheels_of_a_layer_share_is_of_each(tmp_path: Path, made: Made) -> None:
    common = Item("common/__init__.py", b"same")
    layer(made, tmp_path, {"a": [Item("a.py"), common], "b": [Item("b.py", b"b"), common]})

    assert_same(made, "a")
    assert_same(made, "b")


def test_a_folder_below_what_one_wheel_has_is_its_own(tmp_path: Path, made: Made) -> None:
    own = [Item("a/__init__.py"), directory("a/empty/")]
    layer(made, tmp_path, {"a": own, "b": [Item("b.py", b"b")]})

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


def test_what_the_last_covers_is_had_if_that_is_installed(tmp_path: Path, made: Made) -> None:
    layer(made, tmp_path, {"a": [Item("both.py", b"a")], "b": [Item("both.py", b"b")]})

    with pytest.raises(NotToBeHad) as refused:
        made.beside("a")
    assert str(refused.value) == (f"`/{SITE}/both.py` is of two distributions that do not agree")
    assert made.beside("a", "b")["both.py"] == b"b"
    assert made.beside("b")["both.py"] == b"b"


SITE = "opt/venv/lib/python3.12/site-packages"
RECORD = "a-1.0.dist-info/RECORD"


@dataclass(frozen=True)
class Forged:
    """A layer of one wheel that says of itself what it likes."""

    paths: Sequence[str]
    """Of RECORD, besides its own."""
    members: Sequence[Member]

    def tar(self) -> Iterator[bytes]:
        members = [*self.members, Member(f"{SITE}/{RECORD}", data=self.rows)]
        yield make_layer(*members, media_type=mediatype.LAYER).blob

    def record(self, _: InLayer) -> bytes:
        return self.rows

    @property
    def rows(self) -> bytes:
        return render_record(Row(path) for path in [*self.paths, RECORD])

    def files(self, limit: int = 1 << 20) -> list[str]:
        inside = InLayer("a", "1.0", "sha256:00", 1, ("a.py",), Extent(0, 0))
        found = Found(LayerKey("ab" * 32), Contents((inside,)), "/opt/venv", "3.12")
        return [each.name for each in files_of(self, found, inside.hash, "a.whl", limit)]


FILE = Member(f"{SITE}/a.py", data=b"a = 1\n")


def test_a_layer_of_others_is_read_as_one_of_ours() -> None:
    assert Forged(["a.py"], [FILE]).files() == ["a.py", RECORD]


@pytest.mark.parametrize(
    ("paths", "members", "said"),
    [
        (
            ["../../../../../etc/cron"],
            [Member("opt/venv/../../etc/cron")],
            "'a-1.0.data/data/../../etc/cron' is no name of a file, or of two",
        ),
        (["/etc/x"], [Member(f"{SITE}//etc/x")], "'/etc/x' is no name of a file, or of two"),
        (
            ["b/../a.py"],
            [Member(f"{SITE}/b/../a.py")],
            "'b/../a.py' is no name of a file, or of two",
        ),
        (["a\x1b.py"], [Member(f"{SITE}/a\x1b.py")], "'a\\x1b.py' is no name of a file, or of two"),
        (
            ["a.py"],
            [link(f"{SITE}/a.py", "/etc/passwd")],
            f"`/{SITE}/a.py` is there twice, or is no file",
        ),
        (["a.py"], [FILE, FILE], f"`/{SITE}/a.py` is there twice, or is no file"),
        (
            ["../../../x", "a-1.0.data/data/x"],
            [Member("opt/venv/x"), Member(f"{SITE}/a-1.0.data/data/x")],
            "'a-1.0.data/data/x' is no name of a file, or of two",
        ),
        (
            ["a", "a/b"],
            [Member(f"{SITE}/a"), Member(f"{SITE}/a/b")],
            "'a/b' lies below a file",
        ),
        (
            ["a/b", "a"],
            [Member(f"{SITE}/a/b"), Member(f"{SITE}/a")],
            "'a' is no name of a file, or of two",
        ),
        (["a.py"], [], f"it has no `/{SITE}/a.py`, which its RECORD lists"),
        (
            ["a.py", "b-1.0.dist-info/RECORD"],
            [FILE],
            "a RECORD in it is of no distribution, or names a file twice",
        ),
        (
            ["a.py", "a.py"],
            [FILE],
            "a RECORD in it is of no distribution, or names a file twice",
        ),
    ],
)
def test_a_layer_that_is_no_wheel_is_refused(
    paths: list[str], members: list[Member], said: str
) -> None:
    with pytest.raises(NotToBeHad) as refused:
        Forged(paths, members).files()

    assert str(refused.value) == said


def test_a_layer_unpacks_to_no_more_than_is_allowed() -> None:
    with pytest.raises(WheelTooLarge) as refused:
        Forged(["a.py"], [FILE]).files(limit=5)

    assert str(refused.value) == ("Wheel `a.whl` unpacks to 6 bytes, more than the limit of 5")
