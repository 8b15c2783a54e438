"""A blob being written: its digests and sizes, taken on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lamina.archive.entry import CHUNK
from lamina.oci.digest import DiffID, Digest

Write = Callable[[bytes], object]
"""Where the bytes of a blob go."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of bytes of a blob."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a layer became."""

    digest: Digest
    diff_id: DiffID
    size: int
    """Of the blob, in bytes."""
    unpacked_size: int
    """Of the tar, in bytes."""
    extents: dict[str, Extent] = field(default_factory=dict)
    """Where in the blob the content of some generated files lies, as stored blocks, by path."""


class Tally:
    """Bytes gathered into pieces of some size, each given to ``hash`` and ``sinks`` at once.

    Hashing small pieces would hold the interpreter lock; large ones let go of it.
    """

    def __init__(self, *sinks: Write) -> None:
        self._hash = hashlib.sha256()
        self._sinks = (self._hash.update, *sinks)
        self._held: list[bytes] = []
        self._held_size = 0
        self.size = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self._held.append(data)
        self._held_size += len(data)
        self.size += len(data)
        if self._held_size >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Pass on what is held."""
        if self._held_size:
            data = self._held[0] if len(self._held) == 1 else b"".join(self._held)
            self._held.clear()
            self._held_size = 0
            for sink in self._sinks:
                sink(data)

    @property
    def digest(self) -> Digest:
        """The digest of everything, once it is flushed."""
        return Digest("sha256", self._hash.hexdigest())


def regular(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Cut ``pieces`` anew, each of ``size`` bytes but for the last.

    >>> list(regular(iter([b"abc", b"", b"defgh"]), 3))
    [b'abc', b'def', b'gh']
    """
    held = bytearray()
    for piece in pieces:
        held += piece
        whole = len(held) - len(held) % size
        for at in range(0, whole, size):
            yield bytes(held[at : at + size])
        del held[:whole]
    if held:
        yield bytes(held)
