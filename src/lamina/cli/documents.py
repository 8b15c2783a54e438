"""Files of a project that are read whole: text, and TOML, with errors that name the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomli

from lamina.errors import LaminaError

PYPROJECT = "pyproject.toml"
LOCK = "uv.lock"
_LARGEST = 64 << 20


class ProjectUnreadable(LaminaError):
    """A folder without a project, without its lock, or with one that cannot be read."""


def read_text(path: Path, what: str, hint: str, *, newline: str | None = None) -> str:
    """Return the text of a file; the error says ``what`` is missing, and the hint what helps.

    With an empty ``newline``, ends of lines are as they are in the file.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ProjectUnreadable(f"Unable to read `{path}`: it has more than {_LARGEST} bytes")
        with path.open(encoding="utf-8", newline=newline) as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise ProjectUnreadable(f"Unable to find {what} at `{path}`", hint=hint) from None
    except UnicodeDecodeError as error:
        raise ProjectUnreadable(f"Unable to read `{path}`: it is not UTF-8") from error
    except OSError as error:
        raise ProjectUnreadable(f"Unable to read `{path}`: {error.strerror}") from error


def read_toml(path: Path, name: str, what: str = "project", hint: str = "") -> Mapping[str, object]:
    """Return a parsed file of TOML; ``name`` is what errors about its content call it."""
    text = read_text(path, what, hint)
    try:
        return tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise ProjectUnreadable(f"Unable to parse `{name}`: {error}") from error
