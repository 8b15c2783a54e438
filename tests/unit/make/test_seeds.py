"""What an environment is seeded with, from an interpreter that says what it brings along."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from builders import make_wheel
from lamina.environment.create import scheme_of
from lamina.make.seeds import Seeding, Seeds, SeedsUnavailable, seeds, wanted_seeds
from lamina.project.program import Programs
from lamina.project.requirements import PackageIndexes
from lamina.pythons.interpreter import Interpreter
from pythons import interpreter


def bringing(tmp_path: Path, version: str, *wheels: str) -> Interpreter:
    """Return an interpreter with wheels of these names and versions for `ensurepip`."""
    paths = []
    for name, _, number in (wheel.partition("-") for wheel in wheels):
        paths.append(str(tmp_path / f"{name}-{number}-py3-none-any.whl"))
        Path(paths[-1]).write_bytes(make_wheel(name=name, version=number))
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\necho '{json.dumps(paths)}'\n")
    path.chmod(0o755)
    return replace(interpreter(version), base=str(path))


def seeded(tmp_path: Path, found: Interpreter, pip: Interpreter, *, is_offline: bool) -> Seeds:
    seeding = Seeding(
        pip=pip,
        indexes=PackageIndexes(offline=is_offline),
        programs=Programs(),
        scratch=tmp_path,
    )
    with ExitStack() as opened:
        return seeds(scheme_of(tmp_path / "venv", found), found, seeding, opened)


def test_older_pythons_get_more() -> None:
    assert wanted_seeds(interpreter("3.11.9")) == ("pip", "setuptools", "wheel")
    assert wanted_seeds(interpreter("3.12.0rc1")) == ("pip",)
    assert wanted_seeds(interpreter("3.13.0")) == ("pip",)


def test_offline_it_is_the_newest_that_python_brings_and_what_lacks_is_told(
    tmp_path: Path,
) -> None:
    found = bringing(tmp_path, "3.11.1", "pip-9.1", "pip-23.2", "setuptools-65", "other-1")

    taken = seeded(tmp_path, found, found, is_offline=True)

    assert taken.titles == ("pip==23.2", "setuptools==65")
    assert taken.missing == ("wheel",)
    assert f"{tmp_path}/venv/lib/python3.11/site-packages/pip-23.2.dist-info/RECORD" in {
        f"/{entry.path}" for entry in taken.entries
    }


def test_a_pip_that_fails_is_quoted(tmp_path: Path) -> None:
    program = tmp_path / "pip"
    program.write_text("#!/bin/sh\necho no index at https://me:secret@index.example\nexit 1\n")
    program.chmod(0o755)
    found = replace(interpreter("3.11.1"), executable=str(program))

    with pytest.raises(SeedsUnavailable) as caught:
        seeded(tmp_path, found, found, is_offline=False)

    assert str(caught.value) == (
        "Unable to find pip, setuptools and wheel for the environment\n"
        "  pip: exit status 1\n"
        "  no index at https://****@index.example"
    )
    assert caught.value.hint == (
        "To take what Python brings along, without the network, pass `--offline`"
    )
