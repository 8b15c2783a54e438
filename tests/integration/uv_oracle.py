"""The real uv, asked what it would do; the code under test is compared with its answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def uv_program() -> Path:
    """Return the uv of this environment, or the one on ``PATH``."""
    beside = Path(sys.executable).parent / "uv"
    if beside.exists():
        return beside
    found = shutil.which("uv")
    assert found is not None, "These tests need uv, beside the interpreter or on PATH"
    return Path(found)


def run_uv(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run uv in a folder, with the interpreter of the tests, and return how it ended."""
    # What the surroundings ask of uv must not decide what it answers; how to reach its index, may.
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("UV_") or "INDEX" in key or key in ("UV_CACHE_DIR", "UV_SYSTEM_CERTS")
    }
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON": sys.executable, "NO_COLOR": "1"}
    kept.pop("VIRTUAL_ENV", None)
    return subprocess.run(
        [str(uv_program()), *arguments],
        cwd=folder,
        env={**kept, **settings, **(env or {})},
        text=True,
        capture_output=True,
        check=False,
    )


def lock_project(folder: Path) -> str:
    """Run ``uv lock`` in a project and return the text of the lockfile."""
    done = run_uv(folder, "lock")
    assert done.returncode == 0, done.stderr
    return (folder / "uv.lock").read_text()


def find_python(version: str) -> str:
    """Return an interpreter of a version that uv finds, or that pyenv has."""
    done = run_uv(Path.cwd(), "python", "find", version, env={"UV_PYTHON": version})
    if done.returncode == 0:
        return done.stdout.strip()
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    assert found, f"This test needs a CPython {version}, where uv or pyenv finds it"
    return str(found[-1])


def full_version(python: str) -> str:
    """Return the whole version of an interpreter, such as ``3.10.14``."""
    script = "import platform; print(platform.python_version())"
    done = subprocess.run([python, "-c", script], text=True, capture_output=True, check=True)
    return done.stdout.strip()
