from __future__ import annotations

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from fakes.observer import RecordingObserver
from lamina.archive.rootfs import Rootfs
from lamina.cli.python import NoPython, PythonMismatch, choose_target
from lamina.lock.target import Target
from lamina.oci.descriptor import Platform
from lamina.plan.base import NO_BASE, BaseFacts, BaseLibc, BasePython
from lamina.pythons.pins import find_pin

AMD64 = Platform("linux", "amd64")


class Choice:
    """A folder and a base, from which a target is chosen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.observer = RecordingObserver()
        self.base = NO_BASE

    def has(self, version: str, *, free_threaded: bool = False) -> None:
        python = BasePython("/usr/bin/python3", version, free_threaded)
        self.base = BaseFacts(python, BaseLibc("glibc", "2.36"), Rootfs({}, {}))

    def pin(self, text: str) -> None:
        (self.folder / ".python-version").write_text(text)

    def choose(self, asked: str | None = None, requires: str | None = None) -> Target:
        specifier = None if requires is None else SpecifierSet(requires)
        pin = find_pin(self.folder, self.folder, self.observer.warn)
        pinned = None if pin is None else pin.version
        return choose_target(AMD64, asked, pinned, specifier, self.base, self.observer)


@pytest.fixture
def choice(tmp_path: Path) -> Choice:
    return Choice(tmp_path)


def test_the_base_decides(choice: Choice) -> None:
    choice.has("3.11.2")

    target = choice.choose()

    assert (str(target.python), target.free_threaded) == ("3.11.2", False)
    assert str(target.libc) == "glibc 2.36"
    assert (choice.observer.notes, choice.observer.warnings) == ([], [])


@pytest.mark.parametrize("asked", ["3.11", "3.11.2"])
def test_a_base_may_have_what_was_asked_for(asked: str, choice: Choice) -> None:
    choice.has("3.11.2")

    assert str(choice.choose(asked).python) == "3.11.2"


@pytest.mark.parametrize("asked", ["3.12", "3.11.3", "3.1", "3.11t"])
def test_a_base_with_another_python_is_refused(asked: str, choice: Choice) -> None:
    choice.has("3.11.2")

    with pytest.raises(PythonMismatch) as caught:
        choice.choose(asked)

    assert str(caught.value) == (
        "The base image has another Python than was asked for\n"
        f"  expected: {asked}\n  got:      3.11.2"
    )
    assert caught.value.hint == "Choose another `--base`, or leave `--python` out"


def test_a_free_threaded_base_is_told_from_the_usual_one(choice: Choice) -> None:
    choice.has("3.13.1", free_threaded=True)

    assert choice.choose("3.13t").free_threaded
    with pytest.raises(PythonMismatch, match=r"got:      3\.13\.1t"):
        choice.choose("3.13")


def test_a_pin_that_the_base_does_not_meet_is_a_warning(choice: Choice) -> None:
    choice.has("3.11.2")
    choice.pin("3.12\n")

    assert str(choice.choose().python) == "3.11.2"
    assert choice.observer.warnings == [
        "`.python-version` says 3.12; the base has 3.11.2, and the image gets that"
    ]


@pytest.mark.parametrize(
    ("pin", "version"),
    [
        ("3.12", "3.12.0"),
        ("3.12.4\n", "3.12.4"),
        ("# comment\npypy3.10\ncpython-3.11.9\n", "3.11.9"),
        ("python3.10", "3.10.0"),
        ("cpython@3.9.2", "3.9.2"),
        ("cp312", "3.12.0"),
        ("38", "3.8.0"),
        ("cpython-3.12.4-linux-x86_64-gnu", "3.12.4"),
        ("3.15.0b1", "3.15.0b1"),
        ("3.15rc2", "3.15.0rc2"),
        ("3.14+gil", "3.14.0"),
        ("3.14-dev", "3.14.0"),
        ("3.13+debug\n3.12", "3.12.0"),
        ("3", "3.15.0"),
        ("latest", "3.15.0"),
        ("", "3.15.0"),
    ],
)
def test_without_a_base_the_pin_decides(pin: str, version: str, choice: Choice) -> None:
    choice.pin(pin)

    assert str(choice.choose().python) == version


@pytest.mark.parametrize(
    "pin", ["3.13t", "3.13+freethreaded", "cp313t", "cpython-3.13.1+freethreaded-linux-x86_64-gnu"]
)
def test_a_pin_may_be_free_threaded(pin: str, choice: Choice) -> None:
    choice.pin(pin)

    assert choice.choose().free_threaded


def test_what_is_asked_for_goes_before_the_pin(choice: Choice) -> None:
    choice.pin("3.12")

    assert str(choice.choose("3.13").python) == "3.13.0"
    assert choice.observer.notes == [
        "The base has no Python: the environment is for Python 3.13",
        "The base has no C library: wheels are chosen for glibc 2.28",
    ]


@pytest.mark.parametrize(
    ("requires", "version"),
    [
        (None, "3.15.0"),
        (">=3.9", "3.15.0"),
        (">=3.9,<3.13", "3.12.0"),
        ("==3.11.*", "3.11.0"),
        ("~=3.11.4", "3.11.4"),
        ("==3.10.14", "3.10.14"),
    ],
)
def test_else_the_newest_that_the_project_admits(
    requires: str | None, version: str, choice: Choice
) -> None:
    assert str(choice.choose(requires=requires).python) == version


def test_a_project_that_admits_none_must_be_told_which(choice: Choice) -> None:
    with pytest.raises(NoPython) as caught:
        choice.choose(requires=">=4")

    assert str(caught.value) == "No Python is known that `requires-python` admits: >=4"
    assert caught.value.hint == "Name the version with `--python`"


def test_a_pin_that_is_no_text_is_none(choice: Choice) -> None:
    (choice.folder / ".python-version").write_bytes(b"\xff3.12")

    assert str(choice.choose().python) == "3.15.0"


@pytest.mark.parametrize(
    ("libc", "said"), [(BaseLibc("musl", "1.2"), "musl 1.2"), (BaseLibc("glibc", "3"), "glibc 3.0")]
)
def test_wheels_are_chosen_for_the_c_library_of_the_base(
    libc: BaseLibc, said: str, choice: Choice
) -> None:
    choice.base = BaseFacts(None, libc, Rootfs({}, {}))

    assert str(choice.choose().libc) == said
