"""The file `lamina.lock`, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from lamina.errors import LaminaError
from lamina.oci.location import UNFINISHED
from lamina.pins.file_name import NAME

_BESIDE = f"{UNFINISHED}{NAME}-"
"""How the name of what is being written begins; see `lamina.project.ignore`."""


class PinsUnwritable(LaminaError):
    """The lock cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Unable to write `{path}`: {error.strerror}")


def write_pins(path: Path, text: str) -> None:
    """Write a lock: a reader, or a crash, sees all of it or the one before.

    What a killed one has left beside it is removed by the next. Raises `PinsUnwritable`.
    """
    _sweep(path.parent)
    temporary = path.with_name(f"{_BESIDE}{secrets.token_hex(8)}")
    try:
        try:
            with temporary.open("x", encoding="utf-8") as file:
                # As long as it is held, its writer lives.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PinsUnwritable(path, error) from error


def _sweep(folder: Path) -> None:
    for path in folder.glob(f"{_BESIDE}*"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
