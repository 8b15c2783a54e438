"""Changing a file of the user's: the whole of it or nothing, where it really is, with its mode."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from lamina.cli.documents import ProjectUnreadable
from lamina.errors import LaminaError


class NotWritten(LaminaError):
    """A file that could not be changed, and is as it was."""


def read_exactly(path: Path) -> str:
    """Return the text of a file with the ends of its lines as they are."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ProjectUnreadable(f"Unable to read `{path}`: it is not UTF-8") from error
    except OSError as error:
        raise ProjectUnreadable(f"Unable to read `{path}`: {error.strerror}") from error


def check_rewritable(path: Path, before: str | None) -> os.stat_result | None:
    """Refuse a file that somebody else has changed, or that is not to be written."""
    place = path.resolve()
    found = None if before is None and not place.exists() else read_exactly(place)
    if found != before:
        raise NotWritten(
            f"Unable to change `{path}`: somebody else has meanwhile", hint="Run the command again"
        )
    if before is None:
        return None
    former = place.stat()
    # Root may write everything, and yet nobody wants that.
    if not (former.st_mode & stat.S_IWUSR and os.access(place, os.W_OK)):
        raise NotWritten(f"Unable to change `{path}`: it is read-only")
    return former


def rewrite(path: Path, before: str | None, after: str) -> None:
    """Change the text of a file that had ``before`` when it was read; a link to it stays one.

    None is a file that was not there. Written beside it and renamed: whoever reads, or a crash,
    has the old text or the new one.
    """
    former = check_rewritable(path, before)
    place, temporary = path.resolve(), None
    try:
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(after.encode())
            _keep(file.fileno(), former)
        Path(temporary).replace(place)
        temporary = None
    except OSError as error:
        raise NotWritten(f"Unable to change `{path}`: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _keep(descriptor: int, former: os.stat_result | None) -> None:
    """Give a file the owner and the mode that it had, or the mode that new files have."""
    if former is None:
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(descriptor, 0o666 & ~mask)
        return
    # Only root may give a file to somebody else.
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, former.st_uid, former.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(former.st_mode))
