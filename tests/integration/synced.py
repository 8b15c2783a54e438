"""Environments that `lamina sync` has brought up to date: made, named, and compared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from integration import file_trees
from integration.uv_oracle import uv_program

_OF_PLACE = (".lock", ".lamina-sync", "pyvenv.cfg")


def make_environment(at: Path) -> Path:
    """Make an environment of this Python, and return its folder."""
    made = ["venv", "--quiet", "--no-project", "--python", sys.executable, str(at)]
    subprocess.run([uv_program(), *made], check=True)
    return at


def arguments(project: Path) -> list[str]:
    """Return the command line that syncs a project into the environment that is active."""
    return ["sync", str(project), "--frozen", "--active", "--link-mode", "hardlink"]


def tree(prefix: Path) -> file_trees.Tree:
    """Return what lies in an environment, without what names its own path."""
    found = file_trees.of_folder(prefix)
    return {
        path: node
        for path, node in found.items()
        if not path.startswith("bin/") and path not in _OF_PLACE
    }
