"""Scratch folders: where what is not finished lies, on the file system of the store.

Each belongs to one process, which holds a lock on it; whoever comes later sweeps away those whose
owner is gone, so that ``kill -9`` leaves nothing for good. Sweeping and claiming take turns.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lamina.errors import LaminaError

_LOCK = "lock"
_TURNS = ".lock"
LOCKS = (_LOCK, _TURNS)
"""The names of files that hold nothing."""


class StoreUnusable(LaminaError):
    """The store's folder cannot be written, or is full."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Unable to write to `{path}`: {error.strerror or error}",
            hint="To keep the store elsewhere, pass `--store DIR` or set `LAMINA_STORE`",
        )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that names the path."""
    try:
        yield
    except OSError as error:
        raise StoreUnusable(path, error) from error


class Scratch:
    """A folder of one process, with a fresh name for whoever asks.

    It is made when it is first needed: a build that has nothing to make writes nothing, and can
    use a store that cannot be written.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._names = itertools.count()
        self._claiming = threading.Lock()
        self._claimed: tuple[Path, int] | None = None

    def new(self, suffix: str = "") -> Path:
        """Return a path that nobody has been given before; nothing lies there yet.

        Raises `StoreUnusable`.
        """
        with self._claiming:
            if self._claimed is None:
                with translated(self._parent):
                    self._claimed = _claim(self._parent)
            return self._claimed[0] / f"{next(self._names)}{suffix}"

    def folder(self) -> Path:
        """Return a new, empty folder."""
        path = self.new()
        with translated(path):
            path.mkdir()
        return path

    def drop(self, path: Path) -> None:
        """Remove a file if it lies here; what lies elsewhere is left alone."""
        if self._claimed is not None and path.parent == self._claimed[0]:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder with all that it holds."""
        if self._claimed is not None:
            folder, lock = self._claimed
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
            self._claimed = None


@contextmanager
def scratch(parent: Path) -> Iterator[Scratch]:
    """Give a new scratch folder below ``parent``, removed at the end with all that it holds.

    What was left by others goes first, though nothing may be made; a store that cannot be written
    keeps it.
    """
    with suppress(OSError):
        if any(path.name != _TURNS for path in parent.iterdir()):
            with _turn(parent):
                _sweep(parent)
    folder = Scratch(parent)
    try:
        yield folder
    finally:
        folder.close()


def _claim(parent: Path) -> tuple[Path, int]:
    """Make a folder, and return it with the lock on it; remove those whose owner is gone."""
    parent.mkdir(parents=True, exist_ok=True)
    with _turn(parent):
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(dir=parent))
        lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return folder, lock


@contextmanager
def _turn(parent: Path) -> Iterator[None]:
    """Let nobody else sweep or claim meanwhile."""
    turn = os.open(parent / _TURNS, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
    finally:
        os.close(turn)


def _sweep(parent: Path) -> None:
    for path in parent.iterdir():
        if path.name != _TURNS and not _is_owned(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_owned(folder: Path) -> bool:
    """Say whether some process holds the folder's lock; without a lock, nobody does."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(lock)
