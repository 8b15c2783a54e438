"""Blobs at rest, each under its digest; writing is atomic, so what is there is whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from lamina.oci.digest import Digest, InvalidDigest
from lamina.store.scratch import Scratch, translated

_READ_ONLY = 0o444
_CHUNK = 1 << 20


class Blobs:
    """Blobs in a folder: ``sha256/9f/9f86d0...``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, digest: Digest) -> Path | None:
        """Return the file that holds the blob, or None; the bytes are as they were when added."""
        path = self._path(digest)
        return path if os.path.isfile(path) else None  # noqa: PTH113  # It says no to errors too.

    def kept(self, digest: Digest) -> Path | None:
        """Return the file of a download that is kept, once it is read; a damaged one is removed.

        (Nothing else is known of such a file; that of a layer is better checked by its size.)
        """
        path = self.path(digest)
        if path is None:
            return None
        try:
            is_sound = digest_of(path, digest.algorithm) == digest
        except OSError:
            is_sound = False
        if not is_sound:
            self.remove(digest)
            return None
        with suppress(OSError):
            os.utime(path)  # This is how it is known when it was last used.
        return path

    def adopt(self, file: Path, digest: Digest) -> Path:
        """Take over a finished file of the same file system, whose bytes have this digest."""
        path = self._path(digest)
        with translated(path):
            file.chmod(_READ_ONLY)
            path.parent.mkdir(parents=True, exist_ok=True)
            file.replace(path)
        return path

    def share(self, file: Path, digest: Digest) -> Path:
        """Keep a finished file as `adopt` does; return a name of it that nobody else removes."""
        path = self._path(digest)
        with translated(path):
            file.chmod(_READ_ONLY)
            path.parent.mkdir(parents=True, exist_ok=True)
        return file if _link(file, path) else self.adopt(file, digest)

    def borrow(self, digest: Digest, name: Path) -> Path | None:
        """Return the file of a download as `kept` does, by a name that nobody else removes."""
        path = self.kept(digest)
        if path is not None and _link(path, name):
            return name
        return self.path(digest)

    def remove(self, digest: Digest) -> None:
        """Forget a blob, if it is there."""
        with translated(self._path(digest)):
            self._path(digest).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[tuple[Digest, Path]]:
        """Give every blob, sorted; files of other names are none of ours."""
        for path in sorted(self._root.glob("*/??/*")):
            with suppress(InvalidDigest):
                yield Digest.parse(f"{path.parent.parent.name}:{path.name}"), path

    def _path(self, digest: Digest) -> Path:
        return self._root / digest.algorithm / digest.hex[:2] / digest.hex


def _link(file: Path, name: Path) -> bool:
    """Give a file one more name; say no where it is gone, or the file system has one name only."""
    try:
        name.hardlink_to(file)
    except FileExistsError:
        return True  # Another had the same bytes first.
    except OSError:
        return False
    return True


def digest_of(path: Path, algorithm: str = "sha256") -> Digest:
    """Read a file, and return the digest that its bytes have now."""
    hasher = hashlib.new(algorithm)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
    return Digest(algorithm, hasher.hexdigest())


class Draft:
    """A file of the scratch folder that is being written."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self._file = file

    def write(self, data: bytes) -> None:
        """Write the next bytes. Raises `StoreUnusable`."""
        with translated(self.path):
            self._file.write(data)


@contextmanager
def draft(scratch: Scratch) -> Iterator[Draft]:
    """Give a new file, open for writing; it is gone if an error comes."""
    path = scratch.new()
    with translated(path):
        file = path.open("xb")
    try:
        yield Draft(path, file)
        with translated(path):
            file.close()
    except BaseException:
        with suppress(OSError):  # On a full disk, what is still to be written fails again.
            file.close()
        path.unlink(missing_ok=True)
        raise
