"""Entries: the paths of a layer, with what lies at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Protocol

from lamina.errors import LaminaError

CHUNK = 1 << 18
"""How many bytes are held at a time while content streams."""


class Kind(Enum):
    """What lies at a path."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"


class Content(Protocol):
    """The bytes of a file, read in pieces, so that none is held whole."""

    @property
    def size(self) -> int:
        """How many bytes `chunks` gives in all."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes from the start, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Literal:
    """Content that is held in memory; small, generated files."""

    data: bytes

    @property
    def size(self) -> int:
        """See `Content.size`."""
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`."""
        yield self.data


@dataclass(frozen=True, slots=True)
class Streamed:
    """Content that is read from ``open()`` when its turn comes."""

    size: int
    open: Callable[[], BinaryIO]

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`."""
        with self.open() as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


EMPTY = Literal(b"")


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a layer, relative to the root, ``/`` between its parts, none before or after.

    The date is not here: a layer has one for all of its entries.
    """

    path: str
    kind: Kind = Kind.FILE
    mode: int = 0o644
    content: Content = EMPTY
    target: str = ""
    """Where a symlink points, as written; of a hard link, the path of the other entry."""
    uid: int = 0
    gid: int = 0
    capabilities: bytes = b""
    """Of a file: the value of the attribute ``security.capability``; empty for none."""


class ContentChanged(LaminaError):
    """A file that became longer or shorter while it was read."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"Unable to archive `/{path}`: its size changed while it was read",
            hint="Build again when nothing writes to it any more",
        )


def chunks(entry: Entry) -> Iterator[bytes]:
    """Give the content of a file, exactly as many bytes as its size says.

    A torn entry would shift all that follows it. Raises `ContentChanged`.
    """
    left = entry.content.size
    for chunk in entry.content.chunks():
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise ContentChanged(entry.path)


def directory(path: str, mode: int = 0o755) -> Entry:
    """Return the entry of a directory of root's."""
    return Entry(path, Kind.DIRECTORY, mode)


def symlink(path: str, target: str) -> Entry:
    """Return the entry of a symlink; its mode is what every system shows."""
    return Entry(path, Kind.SYMLINK, 0o777, target=target)


def file(path: str, data: bytes, mode: int = 0o644) -> Entry:
    """Return the entry of a file whose bytes are at hand."""
    return Entry(path, Kind.FILE, mode, Literal(data))
