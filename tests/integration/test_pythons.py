"""Frozen bytes under the other Pythons that are supported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venvs"
RUNNING = "{}.{}".format(*sys.version_info)
OTHERS = [version for version in ("3.11", "3.12", "3.13") if version != RUNNING]


def candidates(version: str) -> Iterator[Path]:
    """Give what may be a Python of that version: on the path, of pyenv."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if found := shutil.which(f"python{version}", path=folder):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"))


def find_python(version: str) -> Path:
    """Return a Python of that version; one that is missing is a failure, not a skip."""
    script = "import sys; print('{}.{}'.format(*sys.version_info))"
    for python in candidates(version):
        # Those that pyenv puts on the path may answer that no version is chosen.
        said = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
        if said.stdout.strip() == version:
            return python
    raise AssertionError(
        f"There is no Python {version} on the path, and none of pyenv's: "
        f"run `pyenv install {version}`, or `uv python install {version}` and put it on the path"
    )


def environment(version: str) -> Path:
    """Return the Python of an environment with what lamina needs, made once and kept."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], "pytest"]
    folder = ENVIRONMENTS / f"golden-{version}"
    python, made = folder / "bin" / "python", folder / "made"
    if not made.exists() or made.read_text(encoding="utf-8") != repr(wanted):
        run([str(find_python(version)), "-m", "venv", "--clear", str(folder)])
        run([str(python), "-m", "pip", "install", "--quiet", *wanted])
        made.write_text(repr(wanted), encoding="utf-8")
    return python


def run(command: list[str], **variables: str) -> None:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.integration
@pytest.mark.network
@pytest.mark.parametrize("version", OTHERS)
def test_frozen_bytes_are_the_same_under_another_python(version: str) -> None:
    python = environment(version)

    run(
        [str(python), "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/golden"],
        PYTHONPATH=str(ROOT / "src"),
        PYTHONHASHSEED="random",
    )
