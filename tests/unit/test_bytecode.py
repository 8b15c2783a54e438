"""Builds with bytecode, offline: in which layer it lies, what it hides, and when it is made."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builders import Item
from lamina.archive.rootfs import Rootfs
from lamina.bytecode.worker import compiled
from lamina.lock.target import Libc, make_target
from lamina.make.base import OpenedBase
from lamina.make.compiling import NoCompiler
from lamina.plan.base import BaseFacts, BasePython
from lamina.prepare import Order
from unit.test_build import AMD64, Ground, files, kinds, made

VERSION = ".".join(map(str, sys.version_info[:3]))
MINOR = ".".join(map(str, sys.version_info[:2]))
TAG = sys.implementation.cache_tag
SITE = f"opt/venv/lib/python{MINOR}/site-packages"
WANTED = "[tool.lamina]\nbytecode = true\n"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = Ground(tmp_path)
    ground.pyproject += WANTED
    return ground


def order(ground: Ground, version: str = VERSION) -> Order:
    """Return an order for the Python that runs here, which so can compile for it."""
    return replace(ground.order(), target=make_target(AMD64, version, Libc("glibc", (2, 36))))


def pyc(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{SITE}/{folder}/__pycache__/{name}.{TAG}.pyc".replace("//", "/")


def of(path: str, source: bytes) -> bytes:
    """Return the bytecode that lies beside a module."""
    return compiled(source, f"/{SITE}/{path}.py")


def test_each_module_has_its_bytecode_in_the_layer_of_its_wheel(ground: Ground) -> None:
    ground.wheel(
        "demo",
        Item("demo/__init__.py", b"x = 1\n"),
        Item("demo/inner/deep.py", b"y = {1, None, 'a'}\n"),
        Item("top.py", b"z = 3\n"),
        Item("demo/data.txt", b"x = 1\n"),
        Item("demo-1.0.data/scripts/run.py", b"#!python\n"),
    )
    ground.wheel("big", Item("big.py", b"b = 1\n"), Item("big.bin", bytes(300 << 10), method=0))

    built, destination = ground.build(order(ground))

    found = files(built, destination)
    assert kinds(built) == ["skeleton", "wheels", "wheels", "files"]
    assert {path: data for path, data in found.items() if path.endswith(".pyc")} == {
        pyc("demo/__init__"): of("demo/__init__", b"x = 1\n"),
        pyc("demo/inner/deep"): of("demo/inner/deep", b"y = {1, None, 'a'}\n"),
        pyc("top"): of("top", b"z = 3\n"),
        pyc("big"): of("big", b"b = 1\n"),
    }
    assert "pyc" not in found[f"{SITE}/demo-1.0.dist-info/RECORD"].decode()


def test_without_it_there_is_none_and_the_number_of_layers_is_the_same(ground: Ground) -> None:
    ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    wanted = order(ground)
    plain, destination = ground.build(
        replace(wanted, config=replace(wanted.config, bytecode=False))
    )

    built, _ = ground.build(wanted)

    assert not any("pyc" in path for path in files(plain, destination))
    assert kinds(built) == kinds(plain)
    assert made(built) == ["wheels"]


def test_it_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        ground = Ground(tmp_path / name)
        ground.pyproject += WANTED
        source = "".join(
            f"def f{n}(a, b={{1, None, 'a'}}): return '-', 'é', {n}\n" for n in range(50)
        )
        ground.wheel("demo", *(Item(f"demo/m{n}.py", source.encode()) for n in range(20)))
        digests.add(ground.build(order(ground))[0].image.digest)

    assert len(digests) == 1


def test_a_bump_compiles_one_wheel(ground: Ground) -> None:
    big = Item("x.bin", bytes(300 << 10), method=0)
    for name in ("one", "two"):
        ground.wheel(name, replace(big, name=f"{name}.bin"), Item(f"{name}.py", b"x = 1\n"))
    first, _ = ground.build(order(ground))
    ground.wheel("two", replace(big, name="two.bin"), Item("two.py", b"x = 2\n"), version="1.1")
    ground.pyproject = ground.pyproject.replace("bytecode", "copy = []\nbytecode")

    second, _ = ground.build(order(ground))

    assert [each.plan.title for each in second.layers if each.is_made] == ["two==1.1"]
    assert len(second.layers) == len(first.layers) - 1


def test_what_does_not_compile_is_left_out_and_no_error(ground: Ground) -> None:
    ground.wheel(
        "demo",
        Item("demo/old.py", b"print 'two'\n"),
        Item("demo/fine.py", b"x = 1\n"),
        Item("demo/latin.py", "# coding: latin-1\nx = 'é'\n".encode("latin-1")),
        Item("demo/broken.py", b"\xff\xfe"),
        Item(f"demo/{'n' * 250}.py", b"x = 1\n"),
        Item("demo/__pycache__/inner.py", b"x = 1\n"),
        Item("demo/warns.py", b"x = '\\d'\nassert (1, 'x')\n"),
    )

    found = files(*ground.build(order(ground)))

    assert sorted(path for path in found if path.endswith(".pyc")) == [
        pyc("demo/fine"),
        pyc("demo/latin"),
        pyc("demo/warns"),
    ]


def test_what_a_wheel_brings_gives_way_to_what_python_would_use(ground: Ground) -> None:
    ground.wheel(
        "demo",
        Item("demo/a.py", b"x = 1\n"),
        Item(f"demo/__pycache__/a.{TAG}.pyc", b"stale"),
        Item("demo/b.py", b"("),
        Item(f"demo/__pycache__/b.{TAG}.pyc", b"kept"),
        Item("demo/__pycache__/c.cpython-32.pyc", b"of another"),
        Item("other/__pycache__", b"a file"),
        Item("other/d.py", b"x = 1\n"),
    )

    found = files(*ground.build(order(ground)))

    assert {path: data for path, data in found.items() if "__pycache__" in path} == {
        pyc("demo/a"): of("demo/a", b"x = 1\n"),
        pyc("demo/b"): b"kept",
        f"{SITE}/demo/__pycache__/c.cpython-32.pyc": b"of another",
        f"{SITE}/other/__pycache__": b"a file",
    }


def test_where_wheels_disagree_the_winners_bytecode_stands_above(ground: Ground) -> None:
    big = bytes(300 << 10)
    ground.wheel("alpha", Item("s/a.py", b"x = 'alpha'\n"), Item("s/b.py", b"x = 'alpha'\n"))
    ground.wheel(
        "zeta",
        Item("s/a.py", b"x = 'zeta'\n"),
        Item("s/b.py", b"print 'zeta'\n"),
        Item("big.bin", big, method=0),
    )

    built, destination = ground.build(order(ground))

    found = files(built, destination)
    assert "overrides" in kinds(built)
    assert found[f"{SITE}/s/a.py"] == b"x = 'zeta'\n"
    assert found[pyc("s/a")] == of("s/a", b"x = 'zeta'\n")
    assert found[f"{SITE}/s/b.py"] == b"print 'zeta'\n"
    assert found[pyc("s/b")] == b""


def test_what_is_copied_over_a_module_hides_its_bytecode(ground: Ground) -> None:
    ground.wheel("demo", Item("demo/a.py", b"x = 1\n"), Item("demo/b.py", b"x = 1\n"))
    (ground.project / "a.py").write_text("x = 2\n")
    ground.pyproject += f'copy = [{{ from = "a.py", to = "/{SITE}/demo/a.py" }}]\n'

    found = files(*ground.build(order(ground)))

    assert found[f"{SITE}/demo/a.py"] == b"x = 2\n"
    assert found[pyc("demo/a")] == b""
    assert found[pyc("demo/b")] == of("demo/b", b"x = 1\n")


def test_without_a_python_that_fits_it_is_said_which_is_wanted(ground: Ground) -> None:
    with pytest.raises(NoCompiler) as caught:
        ground.build(order(ground, "3.8.18"))

    assert str(caught.value) == (
        "Unable to compile bytecode for Python 3.8.18: the base has none\n"
        "  wanted: a CPython 3.8 on this machine (magic number 3413)"
    )
    assert caught.value.hint == (
        "Install one, such as by `uv python install 3.8`, or build without bytecode"
    )


def test_where_the_bases_own_does_not_run_another_of_this_machine_compiles(
    ground: Ground,
) -> None:
    """What was chosen unseen turns out not to run: then the key names the other one."""
    ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    facts = BaseFacts(BasePython(f"/usr/bin/python{MINOR}", f"{MINOR}.99"), None, Rootfs())
    asked = order(ground, f"{MINOR}.99")
    base = OpenedBase(asked.base.base, facts)
    ground.machine = AMD64

    built, destination = ground.build(replace(asked, base=base))

    assert files(built, destination)[pyc("demo")] == of("demo", b"x = 1\n")
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    record = built.image.config.extra["dev.lamina"]
    assert isinstance(record, dict)
    assert record["recipe"]["bytecode"] == {
        "format": 1,
        "magic": magic,
        "compiler": VERSION,
        "tag": TAG,
    }
