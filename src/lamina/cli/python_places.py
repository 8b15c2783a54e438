"""Where the Pythons of this machine are, as the environment and the home folder say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lamina.pythons.discovery import PythonPlaces


def python_places(environ: Mapping[str, str]) -> PythonPlaces:
    """Return where Pythons are: on `PATH`, and in the folders of pyenv and uv."""
    home = Path.home()
    data = environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    return PythonPlaces(
        path=environ.get("PATH", os.defpath),
        pyenv=Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        managed=Path(environ.get("UV_PYTHON_INSTALL_DIR") or Path(data, "uv", "python")),
        environ=environ,
    )
