"""The store: one folder of the user's cache, safe for several builds at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.errors import LaminaError
from lamina.oci.digest import Digest
from lamina.store.blobs import Blobs
from lamina.store.documents import Documents
from lamina.store.scratch import Scratch, StoreUnusable, scratch, translated
from lamina.store.trees import Trees

if TYPE_CHECKING:
    from lamina.store.layers import Layers

_LOCK = "lock"


class StoreInUse(LaminaError):
    """The store cannot be pruned while a build uses it."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"Unable to change the store at `{root}`: a build is using it",
            hint="Wait for the build to end, then run the command again",
        )


class Store:
    """What earlier builds have left: all of it can be made again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.blobs = Blobs(root / "blobs")
        self.facts = Documents(root / "facts")
        """What was learned of bases, sizes and requirements, by a digest in hex."""
        self.trees = Trees(root / "trees")
        """Wheels, unpacked, for environments on the disk."""
        self.scratch_root = root / "scratch"

    @cached_property
    def layers(self) -> Layers:
        """Layers of images, by their keys."""
        from lamina.store.layers import Layers  # Here, since an environment is of trees alone.

        return Layers(Documents(self.root / "layers"), self.blobs)

    def has_file(self, sha256: str) -> bool:
        """Say whether a file of that SHA-256 is kept, its bytes unseen."""
        return self.blobs.path(Digest("sha256", sha256)) is not None

    @contextmanager
    def scratch(self) -> Iterator[Scratch]:
        """Give a folder for what is not finished; the store is not pruned meanwhile."""
        with self._locked(fcntl.LOCK_SH), scratch(self.scratch_root) as folder:
            yield folder

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep all builds away. Raises `StoreInUse` if there is one."""
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        lock = self._open_lock(is_shared=how == fcntl.LOCK_SH)
        if lock is None:
            yield
            return
        try:
            with translated(self.root):
                try:
                    fcntl.flock(lock, how)
                except BlockingIOError:
                    raise StoreInUse(self.root) from None
            yield
        finally:
            os.close(lock)

    def _open_lock(self, *, is_shared: bool) -> int | None:
        """Open the lock; None for a store that nobody here can write, and so nobody prunes."""
        path = self.root / _LOCK
        try:
            with translated(self.root):
                self.root.mkdir(parents=True, exist_ok=True)
                return os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        except StoreUnusable:
            if not is_shared or not self.root.is_dir():
                raise
        try:
            return os.open(path, os.O_RDONLY)
        except OSError:
            return None
