"""What lies where an environment is to be, and whether one may be made there."""

from __future__ import annotations

import os
import stat
from enum import Enum
from pathlib import Path

from lamina.errors import LaminaError

SETTINGS = "pyvenv.cfg"
"""The file that makes a folder an environment (PEP 405)."""


class Found(Enum):
    """What lies at a path."""

    NOTHING = "nothing"
    EMPTY = "an empty folder"
    ENVIRONMENT = "an environment"
    FOLDER = "a folder that is no environment"


class Existing(Enum):
    """What becomes of what lies there already."""

    REFUSED = "refused"
    KEPT = "kept"
    """All but the files of the environment itself, which are written over."""
    CLEARED = "cleared"
    """If it is an environment."""
    DELETED = "deleted"
    """Whatever the folder holds."""


class PlaceTaken(LaminaError):
    """Something lies where the environment would be."""


class PlaceUnusable(LaminaError):
    """No environment can be at the path."""


def absolute(folder: Path) -> Path:
    """Return the path that an environment's files name; links in it stay.

    Only a path with ``..`` is resolved, for what that leads to depends on the links before it.
    """
    return folder.resolve() if ".." in folder.parts else folder.absolute()


def find(folder: Path) -> Found:
    """Return what lies at a path, which may be a link to a folder.

    Raises `PlaceTaken` for what is no folder, and `PlaceUnusable`.
    """
    try:
        kind = folder.stat().st_mode
        if not stat.S_ISDIR(kind):
            what = "a file" if stat.S_ISREG(kind) else "something that is no folder"
            raise PlaceTaken(f"{_unable(folder)}: {what} is there", hint="Name another path")
        if (folder / SETTINGS).is_file():
            return Found.ENVIRONMENT
        with os.scandir(folder) as listed:
            return Found.FOLDER if next(listed, None) is not None else Found.EMPTY
    except FileNotFoundError:
        if folder.is_symlink():
            target = folder.readlink()
            raise PlaceTaken(
                f"{_unable(folder)}: a link is there, to `{target}` where nothing is",
                hint="Name another path",
            ) from None
        return Found.NOTHING
    except OSError as error:
        raise unusable(folder, error) from error


def check(folder: Path, existing: Existing) -> Found:
    """Return what lies at a path, if an environment may be made there. Raises as `find` does."""
    found = find(folder)
    if found is Found.FOLDER and existing is Existing.CLEARED:
        raise PlaceTaken(
            f"Unable to clear `{folder}`: it is no environment, for it has no `{SETTINGS}`",
            hint="To delete all that is in it nevertheless, pass `--force` too",
        )
    if existing is Existing.REFUSED and found is Found.ENVIRONMENT:
        raise PlaceTaken(
            f"{_unable(folder)}: there is one already",
            hint="To replace it, pass `--clear`; to keep what is installed in it, "
            "`--allow-existing`",
        )
    if existing is Existing.REFUSED and found is Found.FOLDER:
        raise PlaceTaken(
            f"{_unable(folder)}: a folder is there that is no environment and not empty",
            hint="Name another path; or, to keep what is in it, pass `--allow-existing`",
        )
    return found


def unusable(folder: Path, error: OSError) -> PlaceUnusable:
    """Return the error for what the file system refuses."""
    path = error.filename if isinstance(error.filename, str) else None
    where = f"`{path}`: " if path is not None and path != str(folder) else ""
    return PlaceUnusable(
        f"{_unable(folder)}: {where}{error.strerror or error}", hint="Name another path"
    )


def _unable(folder: Path) -> str:
    return f"Unable to make an environment at `{folder}`"
