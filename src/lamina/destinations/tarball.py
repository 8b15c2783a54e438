"""A tar being written beside its final name: the common ground of both archives."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from lamina.archive import tar
from lamina.archive.entry import Entry
from lamina.destinations.base import DestinationError, translated
from lamina.oci.location import UNFINISHED

_MTIME = 0


class Tarball:
    """A tar whose bytes depend on nothing but what is added, and in which order.

    It has its final name when it is whole, and replaces what was there; until then it is a file
    beside it. A failed addition takes back what it has written, and may be tried again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
        self._file: FileIO | None = None
        self._names: set[str] = set()
        with translated(path):
            if path.is_dir():
                raise DestinationError(f"Unable to write an archive to `{path}`: it is a folder")
            if not path.parent.is_dir():
                raise DestinationError(
                    f"Unable to write an archive to `{path}`: there is no folder `{path.parent}`"
                )

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add a file of just ``size`` bytes; a second of the same name is the first again."""
        if name in self._names:
            return
        with translated(self._path):
            file = self._opened()
            start = file.tell()
            try:
                for piece in framed(name, size, pieces):
                    _write_all(file, piece)
            except BaseException:
                file.seek(start)
                file.truncate()
                raise
        self._names.add(name)

    def finish(self) -> None:
        """End the tar, and give it its name; what is added after it begins another."""
        with translated(self._path):
            file = self._opened()
            _write_all(file, tar.END)
            file.close()
            self._temporary.replace(self._path)
        self._file = None
        self._names.clear()

    def abort(self) -> None:
        """Remove what was written, unless it is finished."""
        if self._file is not None:
            self._file.close()
            self._file = None
        with suppress(OSError):  # There may be a file that nobody has got hold of: Ctrl-C.
            self._temporary.unlink()

    def _opened(self) -> FileIO:
        if self._file is None:
            self._file = FileIO(self._temporary, "x")
        return self._file


@dataclass(frozen=True, slots=True)
class _Sized:
    """Content of which the header must know only the size."""

    size: int

    def chunks(self) -> Iterator[bytes]:
        return iter(())


def framed(name: str, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give the part of a tar that is a file of just ``size`` bytes."""
    yield tar.header(Entry(name, content=_Sized(size)), _MTIME)
    yield from pieces
    yield tar.padding(size)


def _write_all(file: FileIO, data: bytes) -> None:
    """Write all of ``data``: without a buffer, so that a full disk is told here and not later."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
