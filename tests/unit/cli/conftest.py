from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.registry import FakeRegistry, serve_registry
from projects import LockedProject
from unit.cli.program import Program
from unit.cli.pushing import Pushing


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
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield Program(tmp_path, capfd)
    assert signal.getsignal(signal.SIGTERM) is before
