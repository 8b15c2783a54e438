"""What a sync reads and imports, as Python itself tells of it; and what its memo watches."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import lamina
import tiny_backend
from builders import Item
from integration.lamina_program import Lamina
from lamina.cli.recall import NAME
from projects import LockedProject
from unit.cli.test_memo import put
from unit.cli.test_sync import make_environment

pytestmark = pytest.mark.integration

EDITABLE = '\n[[package]]\nname = "mine"\nversion = "1.0"\nsource = { editable = "mine" }\n'
MINE = """
[project]
name = "mine"
version = "1.0"

[build-system]
requires = []
build-backend = "tiny_backend"
backend-path = ["."]
"""
LISTENING = """
import json, os, sys, time
from lamina.cli import main, memo
memo.started = lambda: time.time_ns() + 3600 * 10**9
opened = set()
def listen(event, args):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], (str, bytes)):
        opened.add(os.path.abspath(os.fsdecode(args[0])))
sys.addaudithook(listen)
code = main.run(sys.argv[1:])
json.dump({"opened": sorted(opened), "modules": sorted(sys.modules)}, sys.stdout)
sys.exit(code)
"""
OF_IMAGES = (
    "bases",
    "bytecode",
    "destinations",
    "engine",
    "prepare",
    "registry",
    "reuse",
    "make.compiling",
    "make.image_workshop",
    "make.unlayer",
    "plan.key",
    "store.layers",
)
"""What images are made of, and packages of it."""


def listened(program: Lamina, words: Sequence[str]) -> dict[str, Any]:
    """Run the program, and return what it said, opened and imported."""
    done = subprocess.run(
        [sys.executable, "-c", LISTENING, *words],
        env=program.env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "said": done.stderr}


def test_every_file_that_is_read_is_watched_and_nothing_of_the_network_is_imported(
    tmp_path: Path,
) -> None:
    project = LockedProject(tmp_path / "project")
    prefix = project.folder / ".venv"
    put(make_environment(prefix), "a")
    project.listed("a", 'wheels = [{ url = "https://index.example/a-1.0-py3-none-any.whl" }]\n')
    tree = project.folder / "mine"
    tree.mkdir()
    (tree / "pyproject.toml").write_text(MINE)
    (tree / "tiny_backend.py").write_bytes(Path(tiny_backend.__file__).read_bytes())
    project.packages["mine"] = EDITABLE
    project.write()
    program = Lamina(tmp_path / "store").within(VIRTUAL_ENV=None, XDG_DATA_HOME=str(tmp_path))
    words = ["sync", str(project.folder), "--frozen"]
    program(*words)

    told = listened(program, words)

    assert told["said"] == f"`{prefix}` is as it should be: 2 distributions\n"
    assert {"urllib3", "ssl", "http.client", "rich", "ctypes"}.isdisjoint(told["modules"])
    watched = set((prefix / NAME).read_text().split("\0"))
    ours = (sysconfig.get_path("stdlib"), sys.prefix, str(Path(lamina.__file__).parent))
    elsewhere = (*ours, str(tmp_path / "store"), str(tmp_path / "uv"), "/proc", "/dev", "/sys")
    read = {
        path
        for path in told["opened"]
        if not path.startswith(elsewhere) and path != str(prefix / ".lock") and NAME not in path
    }
    assert str(tree / "pyproject.toml") in read
    # Beside an environment lies what a killed making of it has left, which is swept away.
    unwatched = read - watched - {str(prefix.parent)}
    absent = {path for path in unwatched if not Path(path).exists()}
    assert unwatched - absent == set()
    assert {str(Path(path).parent) for path in absent} <= watched  # A new file changes its folder.


def test_an_environment_of_what_the_store_has_needs_nothing_of_images_and_of_the_network(
    tmp_path: Path,
) -> None:
    project = LockedProject(tmp_path / "project")
    project.wheel("a", Item("a.py", b"A = 1\n"))
    project.write()
    program = Lamina(tmp_path / "store").within(VIRTUAL_ENV=None, XDG_DATA_HOME=str(tmp_path))
    words = ["sync", str(project.folder), "--frozen", "--python", sys.executable]
    program(*words)
    shutil.rmtree(project.folder / ".venv")

    told = listened(program, words)

    (site,) = (project.folder / ".venv" / "lib").glob("python*/site-packages")
    assert (site / "a.py").read_bytes() == b"A = 1\n"
    modules = set(told["modules"])
    assert {"urllib3", "ssl", "http.client", "rich", "tarfile", "zipfile"}.isdisjoint(modules)
    rooms = tuple(f"lamina.{each}" for each in OF_IMAGES)
    assert [each for each in told["modules"] if each.startswith(rooms)] == []
