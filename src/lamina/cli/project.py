"""The project's folder, read: `pyproject.toml` and the lockfile beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli

from lamina.errors import LaminaError
from lamina.lock.model import Lock
from lamina.lock.uvlock import parse
from lamina.project.config import Config, parse_config
from lamina.project.facts import ProjectFacts, parse_facts

LOCK = "uv.lock"
PYPROJECT = "pyproject.toml"
_LARGEST = 64 << 20


class ProjectUnreadable(LaminaError):
    """A folder without a project, without its lock, or with one that cannot be read."""


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """A folder with a project."""

    folder: Path
    document: Mapping[str, object]
    """`pyproject.toml`, parsed."""
    config: Config
    facts: ProjectFacts

    def read_lock(self) -> Lock:
        """Read the lockfile."""
        text = _read(self.folder / LOCK, LOCK, _NO_LOCK)
        return parse(text, path=LOCK)


_NO_LOCK = "To create it, run `uv lock`"
_NO_PROJECT = "Run the command in the folder of a project, or name the folder: `lamina build DIR`"


def read_project(folder: Path) -> ProjectFolder:
    """Read what a project says of itself and of its image."""
    text = _read(folder / PYPROJECT, PYPROJECT, _NO_PROJECT)
    try:
        document = tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise ProjectUnreadable(f"Unable to parse `{PYPROJECT}`: {error}") from error
    return ProjectFolder(folder, document, parse_config(document), parse_facts(document))


def _read(path: Path, name: str, hint: str) -> str:
    what = "lockfile" if name == LOCK else "project"
    try:
        if path.stat().st_size > _LARGEST:
            raise ProjectUnreadable(f"Unable to read `{path}`: it has more than {_LARGEST} bytes")
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise ProjectUnreadable(f"Unable to find {what} at `{path}`", hint=hint) from None
    except UnicodeDecodeError as error:
        raise ProjectUnreadable(f"Unable to read `{path}`: it is not UTF-8") from error
    except OSError as error:
        raise ProjectUnreadable(f"Unable to read `{path}`: {error.strerror}") from error
