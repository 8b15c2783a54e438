"""Entries to files on this machine, as the file system and the umask let them be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from lamina.archive.entry import Entry, Kind, chunks
from lamina.environment.place import SETTINGS

_PART = ".lamina-part"

Fill = Callable[[Path], None]
"""Puts more into a folder than what is written there."""


def fill_nothing(folder: Path) -> None:
    """Put nothing more into a folder."""


def write_tree(
    folder: Path, entries: Iterable[Entry], root: str, fill: Fill = fill_nothing
) -> None:
    """Write what lies below ``root`` among entries into a folder that is there, and fill it.

    Each file and link is finished before it gets its name, and takes the place of another; the
    settings come last, for only they make the folder an environment. Raises `OSError`.
    """
    start = f"{root}/"
    below = [(entry.path.removeprefix(start), entry) for entry in entries if
             entry.path.startswith(start)]  # fmt: skip
    known = {folder}
    for path, entry in sorted(below, key=lambda each: (each[0] == SETTINGS, each[0].split("/"))):
        if path == SETTINGS:
            fill(folder)
        at = folder / path
        _make_folder(at if entry.kind is Kind.DIRECTORY else at.parent, known)
        if entry.kind is not Kind.DIRECTORY:
            _write(at, entry)


def _make_folder(path: Path, known: set[Path]) -> None:
    if path not in known:
        _make_folder(path.parent, known)
        path.mkdir(exist_ok=True)
        known.add(path)


def _write(at: Path, entry: Entry) -> None:
    part = at.with_name(f"{at.name}{_PART}")
    part.unlink(missing_ok=True)
    try:
        if entry.kind is Kind.SYMLINK:
            part.symlink_to(entry.target)
        else:
            mode = 0o777 if entry.mode & 0o100 else 0o666
            how = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            with os.fdopen(os.open(part, how, mode), "wb") as file:
                file.writelines(chunks(entry))
        part.replace(at)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
