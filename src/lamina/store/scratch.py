"""Scratch folders: where what is not finished lies, on the file system of the store.

Each belongs to one process, which holds a lock on it; whoever comes later sweeps away those whose
owner is gone, so that ``kill -9`` leaves nothing for good.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lamina.errors import LaminaError

_LOCK = "lock"
_HIDDEN = "."


class StoreUnusable(LaminaError):
    """The store's folder cannot be written, or is full."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Unable to write to `{path}`: {error.strerror}",
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
    """A folder of one process, with a fresh name for whoever asks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._names = itertools.count()

    def new(self, suffix: str = "") -> Path:
        """Return a path that nobody has been given before; nothing lies there yet."""
        return self.root / f"{next(self._names)}{suffix}"

    def folder(self) -> Path:
        """Return a new, empty folder."""
        path = self.new()
        with translated(path):
            path.mkdir()
        return path

    def drop(self, path: Path) -> None:
        """Remove a file if it lies here; what lies elsewhere is left alone."""
        if path.parent == self.root:
            path.unlink(missing_ok=True)


@contextmanager
def scratch(parent: Path) -> Iterator[Scratch]:
    """Give a new scratch folder below ``parent``, removed at the end with all that it holds."""
    with translated(parent):
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        root, lock = _claim(parent)
    try:
        yield Scratch(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        os.close(lock)


def _claim(parent: Path) -> tuple[Path, int]:
    """Make a folder whose lock is held from the moment that others can see it."""
    hidden = Path(tempfile.mkdtemp(dir=parent, prefix=_HIDDEN))
    lock = os.open(hidden / _LOCK, os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return hidden.rename(parent / hidden.name.removeprefix(_HIDDEN)), lock


def _sweep(parent: Path) -> None:
    """Remove the folders whose owner is gone."""
    for folder in parent.glob(f"[!{_HIDDEN}]*"):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR)
        except OSError:
            continue  # Its owner has just removed it.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
