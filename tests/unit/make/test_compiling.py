"""Which interpreter is chosen, before any is run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.archive.rootfs import Rootfs
from lamina.bases.scratch import scratch
from lamina.bytecode.compiler import CompilerFailed
from lamina.lock.target import Libc, make_target
from lamina.make.compiling import Compiling, NoCompiler, Wanted
from lamina.oci.descriptor import Platform
from lamina.plan.base import NO_BASE, BaseFacts, BasePython
from lamina.plan.bytecode import Bytecode
from lamina.pythons.finder import Pythons
from lamina.pythons.interpreter import Interpreter
from lamina.store.store import Store
from pythons import interpreter

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64", "v8")
OTHER = replace(interpreter("3.14.1"), magic="2b0e0d0a")
LIBC = Libc("glibc", (2, 36))
BASES_OWN = Bytecode(3531, "3.12.4", "cpython-312")
RUNNING = ".".join(map(str, sys.version_info[:3]))


def never() -> list[Path]:
    raise AssertionError("the Pythons of this machine were looked for")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def compiling(
    store: Store, *here: Interpreter, machine: Platform | None = AMD64, is_silent: bool = False
) -> Compiling:
    """Return a machine with such Pythons; ``is_silent`` says that none may be looked for."""
    found = Pythons(here[0] if here else OTHER, never if is_silent else tuple)
    with store.scratch() as folder:
        return Compiling(found, store, folder, machine, 2)


def wanted(
    version: str = "3.12.4", platform: Platform = AMD64, *, free_threaded: bool = False
) -> Wanted:
    """Return the Python of a base whose layers nobody can read."""
    python = BasePython("/usr/bin/python3.12", version, free_threaded)
    target = make_target(platform, version, LIBC, free_threaded=free_threaded)
    base = scratch(platform)
    return Wanted.of(replace(base, layers=()), BaseFacts(python, None, Rootfs()), target)


def test_where_the_bases_own_may_run_nothing_is_looked_for(store: Store) -> None:
    assert compiling(store, is_silent=True).recipe(wanted()) == BASES_OWN


def test_for_another_platform_one_of_the_same_version_is_as_good(store: Store) -> None:
    here = interpreter("3.12.4")

    assert compiling(store, here).recipe(wanted(platform=ARM64)) == BASES_OWN


def test_else_one_with_the_same_magic_number_is_and_the_recipe_names_it(store: Store) -> None:
    here = interpreter("3.12.1")

    found = compiling(store, here).recipe(wanted(platform=ARM64))

    assert found == Bytecode(3531, "3.12.1", "cpython-312")


@pytest.mark.parametrize(
    "here",
    [
        replace(interpreter("3.12.1"), magic="ff0f0d0a"),
        replace(interpreter("3.12.1"), free_threaded=True),
        interpreter("3.11.2"),
    ],
    ids=["magic", "threads", "minor"],
)
def test_one_that_gives_other_bytecode_is_not_taken(store: Store, here: Interpreter) -> None:
    here = replace(here, magic="a70d0d0a") if here.version == "3.11.2" else here

    with pytest.raises(NoCompiler) as caught:
        compiling(store, here).recipe(wanted(platform=ARM64))

    assert str(caught.value) == (
        "Unable to compile bytecode for Python 3.12.4: "
        "that of the base is for linux/arm64/v8, and does not run here\n"
        "  wanted: a CPython 3.12 on this machine (magic number 3531)"
    )
    assert caught.value.hint == (
        "Install one, such as by `uv python install 3.12`, or build without bytecode"
    )


def test_on_a_machine_that_runs_no_image_the_bases_own_is_no_choice(store: Store) -> None:
    with pytest.raises(NoCompiler):
        compiling(store, machine=None).recipe(wanted())


def test_a_version_that_is_not_known_is_asked_and_remembered(store: Store) -> None:
    here = replace(interpreter("3.99.1"), magic="00200d0a", cache_tag="cpython-399")
    expected = Bytecode(0x2000, "3.99.1", "cpython-399")

    assert compiling(store, here).recipe(wanted("3.99.1")) == expected
    assert compiling(store, is_silent=True).recipe(wanted("3.99.1")) == expected


def test_a_version_that_nothing_tells_of_is_refused(store: Store) -> None:
    with pytest.raises(NoCompiler) as caught:
        compiling(store).recipe(wanted("3.99.1"))

    assert str(caught.value) == (
        "Unable to compile bytecode for Python 3.99.1: Unable to run the Python of the base image "
        "here: the base has no file `/usr/bin/python3.12`\n"
        "  wanted: a CPython 3.99 on this machine"
    )


def test_a_free_threaded_python_is_asked_for_what_its_files_are_named(store: Store) -> None:
    here = replace(interpreter("3.13.1"), free_threaded=True, cache_tag="cpython-313t")

    found = compiling(store, here).recipe(wanted("3.13.1", free_threaded=True))

    assert found == Bytecode(3531, "3.13.1t", "cpython-313t")


def test_a_memory_that_means_nothing_is_not_believed(store: Store) -> None:
    here = replace(interpreter("3.99.1"), magic="00200d0a")
    compiling(store, here).recipe(wanted("3.99.1"))
    for file in store.facts.root.iterdir():
        file.write_text(json.dumps({"magic": "many"}))

    assert compiling(store, here).recipe(wanted("3.99.1")).magic == 0x2000


def test_a_base_without_a_python_takes_one_of_the_version_that_it_will_get(store: Store) -> None:
    target = make_target(AMD64, "3.12.0", LIBC)
    asked = Wanted.of(scratch(AMD64), NO_BASE, target)

    assert compiling(store, interpreter("3.12.7")).recipe(asked).compiler == "3.12.7"


@pytest.mark.parametrize(("here", "is_taken"), [("3.99.4", True), ("3.99.0rc1", False)])
def test_of_an_unknown_version_a_released_one_is_as_good(
    store: Store, here: str, is_taken: bool
) -> None:
    """Python keeps a version's magic number from its last candidate on."""
    asked = Wanted.of(scratch(AMD64), NO_BASE, make_target(AMD64, "3.99.0", LIBC))
    machine = compiling(store, replace(interpreter(here), magic="00200d0a"))

    if is_taken:
        assert machine.recipe(asked) == Bytecode(0x2000, "3.99.4", "cpython-399")
    else:
        with pytest.raises(NoCompiler):
            machine.recipe(asked)


@pytest.fixture
def real(store: Store) -> Iterator[Compiling]:
    with (
        store.scratch() as folder,
        closing(Compiling(Pythons(Interpreter.running()), store, folder, AMD64, 2)) as found,
    ):
        yield found


def test_what_has_the_bases_version_is_started_and_no_byte_of_the_base_read(
    real: Compiling,
) -> None:
    asked = wanted(RUNNING)
    recipe = real.recipe(asked)

    assert real.is_had(asked, recipe)
    assert real.compilers(asked, recipe) is real.compilers(asked, recipe)


def test_a_base_that_does_not_run_is_no_choice_any_more(real: Compiling) -> None:
    minor = ".".join(RUNNING.split(".")[:2])
    asked = wanted(f"{minor}.99")
    recipe = real.recipe(asked)

    assert not real.is_had(asked, recipe)
    assert real.recipe(asked).compiler == RUNNING
    with pytest.raises(CompilerFailed):
        real.compilers(asked, recipe)


def test_one_that_is_no_longer_what_it_was_is_refused(store: Store) -> None:
    here = replace(interpreter("3.12.4"), executable=sys.executable)
    asked = wanted(platform=ARM64)
    found = compiling(store, here)

    with pytest.raises(CompilerFailed) as caught:
        found.compilers(asked, found.recipe(asked))

    assert str(caught.value) == f"`{sys.executable}` is no longer Python 3.12.4"
