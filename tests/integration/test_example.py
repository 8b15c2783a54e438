"""The example is a project like any other: it locks, and its own tests pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from integration.uv_oracle import lock_project, run_uv

pytestmark = [pytest.mark.integration, pytest.mark.network]

HELLO = Path(__file__).parents[2] / "examples" / "hello"


def test_the_tests_of_the_example_pass(tmp_path: Path) -> None:
    project = tmp_path / "hello"
    shutil.copytree(HELLO, project, ignore=shutil.ignore_patterns(".venv", "uv.lock"))
    lock_project(project)

    done = run_uv(project, "run", "--frozen", "pytest", "-q")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
