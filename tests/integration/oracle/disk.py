"""Both sides of a comparison on the disk: the real `uv sync`, and the real `lamina sync`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from integration import file_trees
from integration.oracle.bench import Locked
from integration.oracle.scenario import Run
from integration.uv_environment import rows_of

_OURS = {"lamina.json"}
_THEIRS = {"uv_build.json"}
_ENVIRONMENT = {"pyvenv.cfg", ".lock", ".lamina-sync"}
_FOR_WINDOWS = {"bin/deactivate.bat", "bin/pydoc.bat"}
"""What uv puts into each environment, and `lamina venv` does not."""


Install = Callable[[Locked, Run], subprocess.CompletedProcess[str]]
"""Brings the scenario's environment up to date, as `sync` does."""


def differences(locked: Locked, run: Run, install: Install | None = None) -> Iterator[str]:
    """Let both sides install at the same path, and give all that differs."""
    theirs = locked.folder.parent / "theirs"
    for folder in (theirs, locked.prefix):
        shutil.rmtree(folder, ignore_errors=True)
    done = _uv(locked, run, "sync", "--frozen", *run.ours)
    assert done.returncode == 0, done.stderr
    listed = _list(locked, run)
    locked.prefix.rename(theirs)
    python, _ = locked.bench.base(locked.scenario.python)
    made = _uv(locked, run, "venv", "--no-project", "--python", python, str(locked.prefix))
    assert made.returncode == 0, made.stderr
    ours = (install or sync)(locked, run)
    assert ours.returncode == 0, ours.stderr
    yield from _files(locked.prefix, theirs)
    if (found := _list(locked, run)) != listed:
        yield f"uv lists {found} instead of {listed}"
    yield from _accepted(locked, run)


def synced_anew(locked: Locked, run: Run) -> Iterator[str]:
    """Let us make the environment that uv has made for a comparison, and give all that differs."""
    theirs = locked.folder.parent / "theirs"
    shutil.rmtree(theirs, ignore_errors=True)
    locked.prefix.rename(theirs)
    python, _ = locked.bench.base(locked.scenario.python)
    more = {"UV_PROJECT_ENVIRONMENT": str(locked.prefix), "UV_PYTHON": python}
    lamina = locked.bench.lamina.within(**run.env, **more, VIRTUAL_ENV=None)
    asked = [str(locked.folder), "--frozen", "--no-editable", "--link-mode", "copy", *run.of_uv]
    ours = lamina.run("sync", *asked, umask=0o022)
    if ours.returncode:
        yield f"it is not synced: {ours.stderr}"
        return
    yield from _files(locked.prefix, theirs)
    checked = locked.theirs(run, "--check")
    if checked.returncode:
        yield f"uv does not accept it: {checked.stderr}"


def sync(
    locked: Locked, run: Run, *more: str, store: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Let `lamina sync` bring the scenario's environment up to date, from another store perhaps."""
    lamina = locked.bench.lamina.within(**run.env, VIRTUAL_ENV=str(locked.prefix))
    if store is not None:
        lamina = replace(lamina, store=store)
    arguments = ["--frozen", "--active", "--link-mode", "copy", *run.ours, *more]
    return lamina.run("sync", str(locked.folder), *arguments, umask=0o022)


def _accepted(locked: Locked, run: Run) -> Iterator[str]:
    """Ask the tools that look into an environment."""
    checked = _uv(locked, run, "sync", "--check", "--frozen", *run.ours)
    if checked.returncode:
        yield f"uv does not accept it: {checked.stderr}"
    pip = [sys.executable, "-m", "pip", "--python", str(locked.prefix / "bin" / "python"), "list"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"pip does not list it: {done.stderr}"
    again = sync(locked, run, "--check")
    if again.returncode:
        yield f"we would do it again: {again.stderr}"


def _list(locked: Locked, run: Run) -> object:
    python = str(locked.prefix / "bin" / "python")
    return json.loads(_uv(locked, run, "pip", "list", "--format=json", "-p", python).stdout)


def _uv(locked: Locked, run: Run, *arguments: str) -> subprocess.CompletedProcess[str]:
    python, _ = locked.bench.base(locked.scenario.python)
    env: Mapping[str, str] = {"UV_PROJECT_ENVIRONMENT": str(locked.prefix), **run.env}
    return locked.bench.uv(locked.folder, python, *arguments, env=env)


def _files(ours: Path, theirs: Path) -> Iterator[str]:
    a, b = (file_trees.of_folder(path) for path in (ours, theirs))
    for path, our_node, their_node in file_trees.differences(a, b):
        if not is_explained(path, ours / path, theirs / path):
            yield f"{path}: {our_node} instead of {their_node}"


def is_explained(path: str, ours: Path, theirs: Path) -> bool:
    """Say whether a difference is one of those that docs/explanation/sync.md tells of."""
    name = path.rpartition("/")[2]
    if path in _FOR_WINDOWS:
        return not ours.exists()
    if path in _ENVIRONMENT or path.startswith("bin/activate") or "__pycache__" in path:
        return True
    if name in _OURS:
        return not theirs.exists()
    if name in _THEIRS:
        return not ours.exists()
    if name == "INSTALLER":
        return (ours.read_bytes(), theirs.read_bytes()) == (b"lamina", b"uv")
    if name == "RECORD":
        different = set(rows_of(ours.read_bytes())) ^ set(rows_of(theirs.read_bytes()))
        notes = _OURS | _THEIRS | {"INSTALLER"}
        return all(path.rpartition("/")[2] in notes for path, _, _ in different)
    return False
