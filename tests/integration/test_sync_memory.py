"""What a sync reads, as Python itself tells of it, beside what its memo watches."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import lamina
import tiny_backend
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

    second = subprocess.run(
        [sys.executable, "-c", LISTENING, *words],
        env=program.env(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.stderr == f"`{prefix}` is as it should be: 2 distributions\n"
    told = json.loads(second.stdout)
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
