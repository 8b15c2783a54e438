"""A folder beside the one that is made, where the new one grows and the old one goes.

It belongs to one process, which holds a lock on it; whoever comes later sweeps away those whose
owner is gone, so that ``kill -9`` leaves nothing for good.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """Give an empty folder beside ``target``, on its file system; it is removed in the end.

    Raises `OSError`.
    """
    start = _start(target)
    try:
        sweep(target)
        folder, lock = _claim(target.parent, start)
    except OSError as error:
        # Of a folder that is not there, and by a name that nobody knows, little can be said.
        raise OSError(error.errno, error.strerror, str(target.parent)) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _claim(parent: Path, start: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=start, dir=parent))
        lock = os.open(folder, os.O_RDONLY)
        _lock(lock)
        # Somebody may have swept it away before it was ours.
        if folder.exists():
            return folder, lock
        os.close(lock)


def _start(target: Path) -> str:
    return f".lamina-{target.name}-"


def sweep(target: Path) -> None:
    """Remove what those have left beside ``target`` who were killed. Raises `OSError`."""
    start = _start(target)
    for path in target.parent.iterdir():
        if path.name.startswith(start) and path.is_dir():
            try:
                lock = os.open(path, os.O_RDONLY)
            except OSError:
                continue
            if _lock(lock, fcntl.LOCK_NB):
                shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _lock(file: int, how: int = 0) -> bool:
    """Return whether the lock is ours; a file system that has none gives none."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | how)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.ENOLCK, errno.ENOTSUP):
            return False
        raise
    return True
