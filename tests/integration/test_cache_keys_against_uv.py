"""`cache-keys` of `[tool.uv]`: what is noted of a tree is what uv notes, and so uv takes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration.lamina_program import Lamina
from integration.uv_oracle import uv_program
from lamina.cli.recall import NAME
from lamina.sync.cache_keys import read_keys
from lamina.sync.uv_cache import of_tree

pytestmark = pytest.mark.integration

BACKEND = """
import os, zipfile

def build_wheel(folder, settings=None, metadata=None):
    name = "keyed-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        info = "keyed-1.0.dist-info"
        wheel.writestr("keyed.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: keyed\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name

build_editable = build_wheel
"""
PYPROJECT = """
[project]
name = "keyed"
version = "1.0"
requires-python = ">=3.11"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["tools"]
[tool.uv]
cache-keys = {keys}
"""
KEYS = [
    '["*.x"]',
    '["d/*", "!d/.4.x"]',
    '["d/**/*.{x,y}", { file = "top.x" }]',
    '["./d/[!1].x", "d/e/../?.y"]',
    '["link.x", "../project/top.x"]',
    '[{ dir = "d" }, { dir = "none" }, { env = "KEYED" }, { env = "UNSET" }]',
    "[{ git = { commit = true, tags = true } }]",
    "[{ git = true }, 'none']",
    "[]",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("top.x", "d/1.x", "d/.4.x", "d/e/2.x", "d/e/f/3.x", "d/e/f/5.y"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "link.x").symlink_to("d/1.x")
    (folder / "tools").mkdir()
    (folder / "tools" / "backend.py").write_text(BACKEND)
    for words in (["init", "-q"], ["add", "top.x"], ["commit", "-qm", "one"], ["tag", "v1/x"]):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *words]
        subprocess.run(command, cwd=folder, check=True)
    return folder


def environ() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("UV_")}
    kept.pop("VIRTUAL_ENV", None)
    return {**kept, "KEYED": "1", "UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}


def uv(project: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [uv_program(), *arguments],
        cwd=project,
        env={**environ(), **more},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("keys", KEYS)
def test_the_note_is_that_of_uv(keys: str, project: Path) -> None:
    (project / "pyproject.toml").write_text(PYPROJECT.format(keys=keys))
    done = uv(project, "sync", "-q")
    assert done.returncode == 0, done.stderr
    noted = list(project.glob(".venv/lib/*/site-packages/keyed-1.0.dist-info/uv_cache.json"))

    ours = of_tree(project, read_keys(project), environ())

    assert [path.read_bytes() for path in noted] == ([] if ours is None else [ours])


@pytest.mark.parametrize("editable", [[], ["--no-editable"]])
def test_what_is_keyed_is_installed_anew_by_both_and_by_neither(
    editable: list[str], project: Path, tmp_path: Path
) -> None:
    keys = '[{ env = "KEYED" }, "d/**/*.x", { git = true }]'
    (project / "pyproject.toml").write_text(PYPROJECT.format(keys=keys))
    assert uv(project, "lock").returncode == 0
    lamina = Lamina(tmp_path / "store").within(**environ())
    sync = ["sync", str(project), "--frozen", *editable]
    lamina(*sync)
    lamina(*sync)
    assert not (project / ".venv" / NAME).exists(), "what is keyed is not watched"

    checks = ["sync", "--frozen", "--check", *editable]
    for _ in range(2):
        assert uv(project, *checks).returncode == 0
        assert lamina.run(*sync, "--check").returncode == 0
        (project / "top.x").write_text("this is no key")
        if not editable:
            continue
        (project / "top.x").write_text("top.x")  # Of a copy, each file counts with us.

    assert uv(project, *checks, KEYED="2").returncode == 1
    assert lamina.within(KEYED="2").run(*sync, "--check").returncode == 1
    (project / "d" / "new.x").touch()
    assert uv(project, *checks).returncode == 1
    assert "its sources have changed" in lamina.run(*sync, "--check", "-v").stderr
