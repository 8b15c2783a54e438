"""The environment without any distribution, beside the one that `uv venv` makes for each Python."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from integration.interpreters import pretend
from integration.uv_oracle import run_uv
from lamina.archive.entry import Kind, Literal
from lamina.wheel.scheme import Scheme
from lamina.wheel.skeleton import skeleton
from unit.lock.locks import target

pytestmark = pytest.mark.integration

PYTHONS = [*(f"3.{minor}.1" for minor in range(8, 16)), "3.13.1t", "3.14.1t", "3.15.0b1t"]


def settings(text: str) -> list[str]:
    """Return the lines of `pyvenv.cfg` but for uv's own version."""
    return [line for line in text.splitlines() if not line.startswith("uv = ")]


@pytest.mark.parametrize("python", PYTHONS)
def test_links_folders_and_settings_are_those_of_uv(python: str, tmp_path: Path) -> None:
    made_for = target(python.removesuffix("t"), free_threaded=python.endswith("t"))
    interpreter = pretend(made_for, tmp_path / "python")
    prefix = tmp_path / "venv"

    done = run_uv(
        tmp_path,
        *["venv", "--no-project", "--python", str(interpreter), str(prefix)],
        *["--cache-dir", str(tmp_path / "cache")],
        env={"UV_PYTHON": ""},
    )

    assert done.returncode == 0, done.stderr
    scheme = Scheme(str(prefix), python[: python.index(".", 2)], made_for.free_threaded)
    ours = {
        os.path.relpath(f"/{entry.path}", prefix): entry
        for entry in skeleton(scheme, str(interpreter), str(made_for.python))
        if f"/{entry.path}".startswith(f"{prefix}/")
    }
    links = {path: entry.target for path, entry in ours.items() if entry.kind is Kind.SYMLINK}
    folders = {path for path, entry in ours.items() if entry.kind is Kind.DIRECTORY}
    config = ours["pyvenv.cfg"].content
    assert isinstance(config, Literal)
    found = {str(path.relative_to(prefix)): path for path in prefix.rglob("*")}
    assert links == {
        name: str(path.readlink()) for name, path in found.items() if path.is_symlink()
    }
    assert folders == {
        name for name, path in found.items() if path.is_dir() and not path.is_symlink()
    }
    assert settings(config.data.decode()) == settings((prefix / "pyvenv.cfg").read_text())
