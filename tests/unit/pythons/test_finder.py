from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from lamina.pythons.finder import Pythons, candidates
from lamina.pythons.interpreter import Interpreter, ask
from pythons import interpreter


def program(path: Path, found: Interpreter | str) -> Path:
    """Write what answers like a Python, and notes that it was asked."""
    answer = found if isinstance(found, str) else json.dumps(asdict(found))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho asked >> '{path}.asked'\necho '{answer}'\n")
    path.chmod(0o755)
    return path


def was_asked(path: Path) -> int:
    asked = Path(f"{path}.asked")
    return len(asked.read_text().splitlines()) if asked.exists() else 0


def test_this_python_describes_itself_alike_from_inside_and_outside() -> None:
    assert ask(sys.executable, {}) == Interpreter.running()


def test_what_is_no_python_is_none(tmp_path: Path) -> None:
    broken = program(tmp_path / "python3", "no JSON")
    other = program(tmp_path / "python3.9", '{"version": 3}')

    assert ask(str(broken), {}) is None
    assert ask(str(other), {}) is None
    assert ask(str(tmp_path / "missing"), {}) is None


def test_a_version_is_found_and_only_asked_of_what_may_have_it(tmp_path: Path) -> None:
    named = program(tmp_path / "bin" / "python3.13", interpreter("3.13.1"))
    other = program(tmp_path / "bin" / "python3.10", interpreter("3.10.2"))
    plain = program(tmp_path / "bin" / "python3", interpreter("3.9.1"))
    kept = program(tmp_path / "kept" / "3.13.4" / "bin" / "python3", interpreter("3.13.4"))
    pythons = Pythons(
        interpreter("3.12.1"),
        lambda: candidates(f"{tmp_path / 'bin'}:/nowhere", [tmp_path / "kept"]),
    )

    assert pythons.of_minor("3.12") == interpreter("3.12.1")
    assert pythons.of_minor("3.13") == interpreter("3.13.1")
    assert pythons.of_version("3.13.4") == interpreter("3.13.4")
    assert pythons.of_version("3.13.4") == interpreter("3.13.4")
    assert pythons.of_minor("3.13t") is None
    assert [was_asked(path) for path in (named, other, plain, kept)] == [1, 0, 1, 1]


def test_one_may_go_before_laminas_own(tmp_path: Path) -> None:
    own, first = interpreter("3.12.1"), interpreter("3.12.4")
    other = program(tmp_path / "python3.11", interpreter("3.11.2"))
    pythons = Pythons(own, lambda: [other])

    led = pythons.led_by(first)

    assert (led.running, led.of_minor("3.12"), led.of_minor("3.11")) == (
        own,
        first,
        interpreter("3.11.2"),
    )
    assert (led.of_version("3.12.1"), pythons.of_minor("3.12")) == (own, own)


def test_the_shims_of_pyenv_come_last(tmp_path: Path) -> None:
    shim = program(tmp_path / "shims" / "python3.12", interpreter("3.12.1"))
    usual = program(tmp_path / "bin" / "python3", interpreter("3.12.1"))
    kept = program(tmp_path / "versions" / "3.12.1t" / "bin" / "python3", interpreter("3.12.1"))

    found = candidates(f"{shim.parent}:{usual.parent}", [tmp_path / "versions"])

    assert found == [kept, usual, shim]
