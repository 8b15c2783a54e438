"""Which Python is found, among programs that only say they are one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lamina.pythons.discovery import NoFittingPython, Preference, PythonPlaces, discover
from lamina.pythons.request import parse_request
from pythons import interpreter
from unit.pythons.test_finder import program, was_asked


class Machine:
    """A machine with Pythons; each is known by its path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folders: list[Path] = []
        self.preference = Preference.MANAGED

    def on_path(self, folder: str, **programs: str) -> Machine:
        """Put a folder on the `PATH`, with programs and their versions."""
        self.folders.append(self.root / folder)
        for name, version in programs.items():
            self.add(f"{folder}/{name.replace('_', '.')}", version)
        return self

    def add(self, at: str, version: str) -> Path:
        found = interpreter(version.removesuffix("t"))
        path = self.root / at
        told = replace(
            found, executable=str(path), base=str(path), free_threaded=version.endswith("t")
        )
        return program(path, told)

    def preferring(self, preference: Preference) -> Machine:
        self.preference = preference
        return self

    def places(self) -> PythonPlaces:
        return PythonPlaces(
            path=":".join(map(str, self.folders)),
            managed=self.root / "uv",
            pyenv=self.root / "pyenv",
            environ={"PATH": "/usr/bin:/bin"},
            preference=self.preference,
        )

    def find(self, text: str = "") -> str:
        found = discover(parse_request(text, self.root), self.places())
        return str(Path(found.base).relative_to(self.root))

    def refusal(self, text: str) -> tuple[str, str | None]:
        with pytest.raises(NoFittingPython) as caught:
            self.find(text)
        return str(caught.value).replace(str(self.root), "ROOT"), caught.value.hint


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_folder_of_the_path_with_one_that_fits_wins(machine: Machine) -> None:
    machine.on_path("a", python="3.10.1", python3="3.10.1")
    machine.on_path("b", python3="3.12.1", python3_12="3.12.1", python3_11="3.11.1")

    assert machine.find() == "a/python"
    assert machine.find("3") == "a/python3"
    assert machine.find("3.12") == "b/python3.12"
    assert machine.find(">=3.11") == "b/python3"
    assert machine.find("<3.12,>3.10.5") == "b/python3.11"


def test_those_of_uv_come_before_the_path_and_those_of_pyenv_after(machine: Machine) -> None:
    machine.on_path("a", python3="3.11.1")
    machine.add("uv/cpython-3.11.9-linux-x86_64-gnu/bin/python3.11", "3.11.9")
    machine.add("uv/cpython-3.12.4-linux-x86_64-gnu/bin/python3.12", "3.12.4")
    machine.add("pyenv/3.9.1/bin/python3.9", "3.9.1")
    machine.add("pyenv/3.11.10/bin/python3.11", "3.11.10")

    assert machine.find("3.11") == "uv/cpython-3.11.9-linux-x86_64-gnu/bin/python3.11"
    assert machine.find() == "uv/cpython-3.12.4-linux-x86_64-gnu/bin/python3.12"
    assert machine.find("3.11.1") == "a/python3"
    assert machine.find("3.11.10") == "pyenv/3.11.10/bin/python3.11"
    assert machine.find("<3.11") == "pyenv/3.9.1/bin/python3.9"


def test_one_of_uv_is_named_by_its_minor_version_unless_the_patch_was_asked_for(
    machine: Machine,
) -> None:
    whole = "cpython-3.12.4-linux-x86_64-gnu"
    machine.add(f"uv/{whole}/bin/python3.12", "3.12.4")
    (machine.root / "uv" / "cpython-3.12-linux-x86_64-gnu").symlink_to(whole)

    assert machine.find("3.12") == "uv/cpython-3.12-linux-x86_64-gnu/bin/python3.12"
    assert machine.find("3.12.4") == f"uv/{whole}/bin/python3.12"


def test_an_environment_on_the_path_is_passed_over(machine: Machine) -> None:
    machine.on_path("venv/bin", python3="3.12.1").on_path("b", python3="3.12.2")
    (machine.root / "venv" / "pyvenv.cfg").write_text("")

    assert machine.find("3.12") == "b/python3"


def test_a_pre_release_is_taken_if_nothing_else_fits(machine: Machine) -> None:
    machine.on_path("a", python3="3.14.0rc1").on_path("b", python3="3.13.1")

    assert machine.find(">=3.13") == "b/python3"
    assert machine.find("3.14") == "a/python3"


def test_a_free_threaded_one_is_taken_if_it_is_asked_for(machine: Machine) -> None:
    machine.on_path("a", python3="3.13.1t", python3_13t="3.13.1t").on_path("b", python3="3.13.2")

    assert machine.find("3.13") == "b/python3"
    assert machine.find("3.13t") == "a/python3.13t"


def test_a_link_whose_target_names_another_version_is_not_asked(machine: Machine) -> None:
    machine.on_path("a", python3_10="3.10.1").on_path("b", python3="3.12.1")
    (machine.root / "a" / "python3").symlink_to("python3.10")

    assert machine.find("3.12") == "b/python3"
    assert was_asked(machine.root / "a" / "python3") == 0
    assert was_asked(machine.root / "a" / "python3.10") == 0


def test_of_the_shims_of_pyenv_only_the_one_of_the_version_is_asked(machine: Machine) -> None:
    machine.on_path("shims", python3="3.11.1", python="3.11.1").on_path("b", python3="3.12.1")

    assert machine.find("3.12") == "b/python3"
    assert was_asked(machine.root / "shims" / "python3") == 0


def test_a_path_is_that_of_an_interpreter_or_of_a_folder(machine: Machine) -> None:
    machine.add("one/bin/python", "3.12.1")
    machine.add("other/bin/python3", "3.11.1")
    machine.on_path("a", mypython="3.10.1")

    assert machine.find("./one/bin/python") == "one/bin/python"
    assert machine.find("one") == "one/bin/python"
    assert machine.find("./other") == "other/bin/python3"
    assert machine.find("mypython") == "a/mypython"


def test_what_is_not_found_is_said_with_what_there_is(machine: Machine) -> None:
    machine.on_path("a", python="3.10.1")
    (machine.root / "a" / "python3").symlink_to("python")
    machine.add("pyenv/3.9.1/bin/python3.9", "3.9.1")

    assert machine.refusal("3.12") == (
        "No Python fits `3.12`; there are\n"
        "  3.9.1   ROOT/pyenv/3.9.1/bin/python3.9\n"
        "  3.10.1   ROOT/a/python",
        "To install one, run `pyenv install` or `uv python install`; "
        "or name an interpreter by its path, with `--python`",
    )


def test_where_there_is_no_python_that_is_said(machine: Machine) -> None:
    machine.on_path("a")

    assert machine.refusal("")[0] == (
        "No Python: there is none on the `PATH`, and uv and pyenv have installed none"
    )
    assert machine.preferring(Preference.ONLY_SYSTEM).refusal("")[0] == (
        "No Python: there is none on the `PATH`, and pyenv has installed none; "
        "those of uv are not to be taken"
    )


def test_a_path_without_a_python_is_named(machine: Machine) -> None:
    (machine.root / "empty").mkdir()
    program(machine.root / "bin" / "broken", "no JSON")
    machine.on_path("bin")
    hint = "Name a version such as `3.12`, or the path of an interpreter"

    assert machine.refusal("./nothing") == ("No Python at `./nothing`: there is nothing", hint)
    assert machine.refusal("empty") == (
        "No Python in the folder `empty`: it has no `bin/python`",
        "Name the folder of an environment or an installation, or an interpreter",
    )
    assert machine.refusal("bin/broken") == (
        "No Python at `bin/broken`: it does not answer like a CPython 3.8 or later",
        hint,
    )
    assert machine.refusal("broken") == (
        "No Python `broken`: `ROOT/bin/broken` does not answer like a CPython 3.8 or later",
        hint,
    )
    assert machine.refusal("strange") == (
        "No Python `strange`: no program on the `PATH` is called so, and it is no version",
        hint,
    )


def test_what_is_preferred_comes_first_or_alone(machine: Machine) -> None:
    of_uv = "uv/cpython-3.12.4-linux-x86_64-gnu/bin/python3.12"
    machine.add(of_uv, "3.12.4")
    machine.on_path("links").on_path("a", python3="3.11.1")
    (machine.root / "links").mkdir()
    (machine.root / "links" / "python3").symlink_to(machine.root / of_uv)

    found = {each: machine.preferring(each).find() for each in Preference}

    assert found == {
        Preference.ONLY_MANAGED: of_uv,
        Preference.MANAGED: of_uv,
        Preference.SYSTEM: of_uv,
        Preference.ONLY_SYSTEM: "a/python3",
    }
    assert machine.preferring(Preference.SYSTEM).find("3.11") == "a/python3"
    machine.folders.reverse()
    assert machine.preferring(Preference.SYSTEM).find() == "a/python3"
    assert machine.preferring(Preference.ONLY_MANAGED).refusal("3.11")[0] == (
        f"No Python fits `3.11`; there are\n  3.12.4   ROOT/{of_uv}"
    )
