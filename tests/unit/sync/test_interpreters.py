"""What interpreters say, remembered until they are others."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.pythons.interpreter import Interpreter
from lamina.store.store import Store
from lamina.sync import interpreters
from lamina.sync.interpreters import Remembered

RUNNING = Interpreter.running()


class Asked:
    """Says of each executable that it is itself, and counts."""

    def __init__(self) -> None:
        self.executables: list[str] = []
        self.answers: dict[str, Interpreter | None] = {}

    def __call__(self, executable: str, environ: Mapping[str, str]) -> Interpreter | None:
        self.executables.append(executable)
        return self.answers.get(executable, replace(RUNNING, executable=executable))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    monkeypatch.setattr(interpreters, "ask", asked)
    return asked


@pytest.fixture
def remembered(tmp_path: Path) -> Remembered:
    return Remembered(Store(tmp_path / "store").facts)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    path = tmp_path / "venv" / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"python")
    return path


def test_an_interpreter_is_asked_once(asked: Asked, remembered: Remembered, python: Path) -> None:
    first = remembered(str(python), {})

    assert remembered(str(python), {}) == first
    assert asked.executables == [str(python)]


@pytest.mark.parametrize("change", ["bytes", "date", "file", "environment"])
def test_one_that_has_changed_is_asked_again(
    asked: Asked, remembered: Remembered, python: Path, change: str
) -> None:
    remembered(str(python), {})
    if change == "bytes":
        python.write_bytes(b"another")
    elif change == "date":
        os.utime(python, ns=(1, 1))
    elif change == "file":
        (python.parent / "new").write_bytes(b"python")
        (python.parent / "new").replace(python)
    else:
        (python.parent.parent / "pyvenv.cfg").write_text("home = /elsewhere\n")

    remembered(str(python), {})

    assert len(asked.executables) == 2


def test_what_only_starts_another_one_is_asked_each_time(
    asked: Asked, remembered: Remembered, python: Path
) -> None:
    asked.answers[str(python)] = RUNNING

    assert remembered(str(python), {}) == remembered(str(python), {}) == RUNNING

    assert len(asked.executables) == 2


def test_what_does_not_answer_is_asked_each_time(
    asked: Asked, remembered: Remembered, python: Path, tmp_path: Path
) -> None:
    asked.answers = {str(python): None, str(tmp_path / "none"): None}

    for executable in [python, python, tmp_path / "none"]:
        assert remembered(str(executable), {}) is None

    assert len(asked.executables) == 3


def test_of_an_environment_that_was_just_made_the_answer_is_known(
    tmp_path: Path, remembered: Remembered, asked: Asked
) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)

    remembered.made(tmp_path / "venv", RUNNING)

    assert remembered(str(python), {}) == replace(RUNNING, executable=str(python))
    assert asked.executables == []
