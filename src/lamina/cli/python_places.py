"""Where the Pythons of this machine are, as the environment and the home folder say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lamina.errors import LaminaError
from lamina.pythons.discovery import Preference, PythonPlaces


class UnknownPreference(LaminaError):
    """A preference that uv does not have either."""

    def __init__(self, text: str) -> None:
        known = ", ".join(f"`{each.value}`" for each in Preference)
        super().__init__(f"Expected one of {known} in `UV_PYTHON_PREFERENCE`, got: {text}")


def python_places(environ: Mapping[str, str], preference: Preference | None = None) -> PythonPlaces:
    """Return where Pythons are: on `PATH`, and in the folders of pyenv and uv.

    Without a ``preference``, it is what `UV_PYTHON_PREFERENCE` says. Raises `UnknownPreference`.
    """
    home = Path.home()
    data = environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    return PythonPlaces(
        path=environ.get("PATH", os.defpath),
        pyenv=Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        managed=Path(environ.get("UV_PYTHON_INSTALL_DIR") or Path(data, "uv", "python")),
        environ=environ,
        preference=preference or _preference(environ),
    )


def _preference(environ: Mapping[str, str]) -> Preference:
    text = environ.get("UV_PYTHON_PREFERENCE")
    try:
        return Preference(text) if text else Preference.MANAGED
    except ValueError:
        raise UnknownPreference(text or "") from None
