from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.registry import FakeRegistry, serve_registry
from lamina.pythons.interpreter import Interpreter, ask
from lamina.sync import interpreters
from projects import LockedProject
from unit.cli.program import Program
from unit.cli.pushing import Pushing

BASE = Path(getattr(sys, "_base_executable", sys.executable))
"""The Python that runs the tests, outside of any virtual environment."""

_SAID: dict[object, Interpreter] = {}
"""What Pythons have said of themselves, by their file and their environment."""


def ask_once(executable: str, environ: Mapping[str, str]) -> Interpreter | None:
    """Ask each Python of each environment once for all tests, which have stores of their own.

    Two of the same file and with the same ``pyvenv.cfg`` say the same but for their own path.
    """
    try:
        file = os.stat(executable)  # noqa: PTH116
    except OSError:
        return ask(executable, environ)
    settings = Path(executable).parent.parent / "pyvenv.cfg"
    around = settings.read_bytes() if settings.is_file() else None
    name = Path(executable).name
    key = (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns, name, around)
    if (said := _SAID.get(key)) is not None:
        return replace(said, executable=executable)
    said = ask(executable, environ)
    if said is not None and said.executable == executable:
        _SAID[key] = said
    return said


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    """A registry that can play faults."""
    with serve_registry() as registry:
        yield registry


@pytest.fixture
def locked(tmp_path: Path) -> LockedProject:
    """A project that is locked, and has no dependency yet."""
    return LockedProject(tmp_path / "project")


@pytest.fixture
def app(locked: LockedProject, program: Program, server: FakeRegistry) -> Pushing:
    """A project of a few wheels that is pushed to the registry, upon nothing."""
    return Pushing(locked, program, server).with_wheels()


@pytest.fixture
def program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Program]:
    """The command line, run in this process, with nothing of the machine but a store."""
    for name in [*os.environ]:
        if name.startswith(("LAMINA_", "UV_", "PIP_")) or name in ("CI", "FORCE_COLOR", "NETRC"):
            monkeypatch.delenv(name)
    # Nor with the credentials and the settings of uv that the user has.
    for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    monkeypatch.setenv("NETRC", str(tmp_path / "nowhere" / "netrc"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("LAMINA_STORE", str(tmp_path / "store"))
    # The first Python that is found is this one: to ask a shim of pyenv takes 0.1 s.
    monkeypatch.setenv("PATH", os.pathsep.join([str(BASE.parent), os.environ["PATH"]]))
    monkeypatch.setattr(interpreters, "ask", ask_once)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield Program(tmp_path, capfd)
    assert signal.getsignal(signal.SIGTERM) is before
