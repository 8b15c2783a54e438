"""The layer with the bytecode of a base's own modules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from images import Member, folder, link, make_layer
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import Permissions
from lamina.bytecode.compiler import Command, Compilers
from lamina.bytecode.entries import Compilation
from lamina.bytecode.worker import compiled
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parts import Part
from lamina.make.stdlib import stdlib_part
from lamina.oci.blob import DamagedBlob, UnreadableBlob
from lamina.oci.layer import Layer
from lamina.plan.base import BaseFacts, BasePython
from lamina.plan.bytecode import Bytecode
from lamina.plan.plan import LayerKind
from layers import gunzip, untar
from unit.test_build import Ground

RECIPE = Bytecode(3531, "3.12.4", "cpython-312")
PYTHON = BasePython("/usr/bin/python3.12", "3.12.4")
FACTS = BaseFacts(PYTHON, None, Rootfs(directories={"usr": Permissions(0o750, 1, 2)}))
LIBRARY = make_layer(
    folder("usr/lib/python3.12"),
    Member("usr/lib/python3.12/os.py", data=b"x = 1\n"),
    Member("usr/lib/python3.12/json/decoder.py", data=b"y = 1\n"),
    Member("usr/lib/python3.12/broken.py", data=b"("),
    Member("usr/lib/python3.12/data.txt", data=b"x = 1\n"),
    link("usr/lib/python3.12/sitecustomize.py", "/etc/python3.12/sitecustomize.py"),
    Member("usr/lib/python3/dist-packages/a.py", data=b"a = 1\n"),
    Member("usr/share/python3/b.py", data=b"b = 1\n"),
    Member("usr/lib/python3.11/c.py", data=b"c = 1\n"),
)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[ImageWorkshop]:
    with Ground(tmp_path).workshop() as workshop:
        yield workshop


@pytest.fixture
def compilers() -> Iterator[Compilers]:
    with Compilers(Command((sys.executable,)), 2) as compilers:
        yield compilers


def part(
    workshop: ImageWorkshop,
    compilers: Compilers | None = None,
    *,
    library: Layer = LIBRARY,
    recipe: Bytecode = RECIPE,
) -> Part:
    def compilation() -> Compilation:
        assert compilers is not None, "an interpreter was wanted"
        return Compilation(recipe, compilers, "opt/venv/lib/python3.12/site-packages")

    return stdlib_part(library, FACTS, PYTHON, recipe, compilation, workshop)


def test_it_holds_the_bytecode_of_the_modules_and_folders_as_the_base_has_them(
    workshop: ImageWorkshop, compilers: Compilers
) -> None:
    made = part(workshop, compilers).make()

    with made.open() as blob:
        found = untar(gunzip(blob.read()))
    files = {path: each.data for path, each in found.items() if each.data}
    assert files == {
        f"{folder}/__pycache__/{name}.cpython-312.pyc": compiled(source, f"/{folder}/{name}.py")
        for folder, name, source in (
            ("usr/lib/python3.12", "os", b"x = 1\n"),
            ("usr/lib/python3.12/json", "decoder", b"y = 1\n"),
            ("usr/lib/python3/dist-packages", "a", b"a = 1\n"),
        )
    }
    assert found["usr"].mode == 0o750
    assert found["usr/lib/python3.12/json/__pycache__"].mode == 0o755


def test_to_know_the_layer_nothing_is_read_and_nothing_compiled(workshop: ImageWorkshop) -> None:
    plan = part(workshop).plan

    assert plan.kind is LayerKind.SYSTEM
    assert plan.title == "bytecode of Python 3.12.4"


def test_its_key_comes_of_the_librarys_layer_and_of_the_compiler(workshop: ImageWorkshop) -> None:
    other = make_layer(Member("usr/lib/python3.12/os.py", data=b"x = 2\n"))

    keys = {
        part(workshop).plan.key,
        part(workshop, library=other).plan.key,
        part(workshop, recipe=replace(RECIPE, compiler="3.12.5")).plan.key,
    }

    assert len(keys) == 3
    assert part(workshop).plan.key in keys


def test_a_library_that_is_damaged_at_its_end_gives_no_layer(
    workshop: ImageWorkshop, compilers: Compilers
) -> None:
    blob = LIBRARY.blob[:-1] + bytes((LIBRARY.blob[-1] ^ 1,))
    damaged = part(workshop, compilers, library=replace(LIBRARY, blob=blob))

    with pytest.raises((DamagedBlob, UnreadableBlob)):
        damaged.make()

    assert workshop.had(damaged.plan) is None
