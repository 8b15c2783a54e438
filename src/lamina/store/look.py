"""A tree seen from outside: whether each of its files is, to a look, as it was made.

Imports next to nothing: a process that does only this is up in a moment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

FORMAT = 1
INDEX, FILES = "index.json", "files"
"""Of a tree: what is in it, and the folder in which that is."""


def changed(root: str, rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return the files below ``root`` that have another size or date than their rows say.

    Rows are those of an index; see `TreeMember`. Names are looked up from ``root`` on, which takes
    the system two thirds of the time that whole paths do.
    """
    found = []
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return [name for name, *_ in rows]
    try:
        for name, size, is_directory, _, _, date in rows:
            if is_directory:
                continue
            try:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except OSError:
                found.append(name)
            else:
                if status.st_size != size or status.st_mtime_ns != date:
                    found.append(name)
    finally:
        os.close(folder)
    return found


def is_as_made(tree: str) -> bool:
    """Say whether all files of a tree look as its index says, and that can be read."""
    try:
        with open(f"{tree}/{INDEX}", "rb") as file:  # noqa: PTH123
            index = json.loads(file.read())
        return index["format"] == FORMAT and not changed(f"{tree}/{FILES}", index["members"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False
