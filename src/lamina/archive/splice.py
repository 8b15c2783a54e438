"""Layers spliced from a wheel's own deflate bytes: nothing is compressed again.

The blob is a few gzip members, each a run of files. Tar headers, padding and generated files are
blocks of our own encoder; a payload's deflate bytes stand between them untouched, but for one bit
where a stream of a single block is opened so that the member can go on. So the blob is a pure
function of the entries: no compressor is asked, and the import contract forbids one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from isal import isal_zlib

from lamina.archive import deflate, member, tar
from lamina.archive.blob import Extent, Tally, Write, Written, regular
from lamina.archive.entry import Entry, Kind, chunks
from lamina.archive.inflate import ends_like
from lamina.archive.payload import Payload
from lamina.oci.digest import DiffID

JOIN_LIMIT = 1 << 20
"""Of a payload that is to be joined, packed and unpacked, in bytes; it is held in memory."""

PENDING_LIMIT = 1 << 16
"""Of headers and padding that are held back, in bytes: there may be any number of empty files."""


class Packer(Protocol):
    """Writes one gzip member around what it is given."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        ...

    def finish(self) -> None:
        """End the member."""
        ...


@dataclass(frozen=True, slots=True)
class Packed:
    """Small entries that are compressed, in a member of their own at the end of the blob."""

    entries: Iterable[Entry]
    packer: Callable[[Write], Packer]
    """Given from outside: this module names no compressor."""


def splice(
    entries: Iterable[Entry],
    write: Write,
    *,
    mtime: int,
    extents: Collection[str] = (),
    packed: Packed | None = None,
) -> Written:
    """Write ``entries`` as one gzip blob, and return what it became.

    Content is read once, in order, and never held whole. ``extents`` are the paths of generated
    files whose place in the blob is wanted. What is ``packed`` comes last, and is asked for when
    all else is written; of a blob that has any of it, only the diff ID is promised.
    """
    splicer = _Splicer(write, mtime)
    found = {}
    for entry in entries:
        start, end = splicer.add(entry)
        if entry.path in extents:
            found[entry.path] = Extent(start, end - start)
    splicer.end(packed)
    return splicer.finish(found)


class _Splicer:
    """The blob so far, and the gzip member that is open at its end."""

    def __init__(self, write: Write, mtime: int) -> None:
        self._mtime = mtime
        self._blob = Tally(write)
        self._tar = Tally(self._count)
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._member_crc = 0
        self._member_size = 0
        self._blob.add(member.HEADER)

    def add(self, entry: Entry) -> tuple[int, int]:
        """Add one entry; return where its content begins and ends in the blob."""
        self._pend(tar.header(entry, self._mtime))
        if entry.kind is not Kind.FILE:
            return self._blob.size, self._blob.size
        if not entry.content.size:
            # Read none the less: what lies there must be what its archive says.
            for piece in chunks(entry):
                self._tar.add(piece)
            return self._blob.size, self._blob.size
        self._flush_pending()
        start = self._blob.size
        if isinstance(entry.content, Payload):
            self._take_over(entry.content)
        else:
            self._store(entry)
        end = self._blob.size
        self._pend(tar.padding(entry.content.size))
        return start, end

    def end(self, packed: Packed | None) -> None:
        """Add what is compressed, and end the archive."""
        entries = iter(packed.entries if packed is not None else ())
        first = next(entries, None)
        if packed is None or first is None:
            self._pend(tar.END)
            self._flush_pending(final=True)
            self._end_member()
            return
        self._flush_pending(final=True)
        self._end_member()
        packer = packed.packer(self._blob.add)
        for entry in chain((first,), entries):
            self._pack(self._whole(entry), packer)
        self._pack(tar.END, packer)
        packer.finish()

    def finish(self, extents: dict[str, Extent]) -> Written:
        """Say what the blob became."""
        self._tar.flush()
        self._blob.flush()
        return Written(
            self._blob.digest,
            DiffID(self._tar.digest),
            self._blob.size,
            self._tar.size,
            extents,
        )

    def _whole(self, entry: Entry) -> bytes:
        """Return a small entry as it stands in the tar."""
        header = tar.header(entry, self._mtime)
        if entry.kind is not Kind.FILE:
            return header
        return b"".join((header, *chunks(entry), tar.padding(entry.content.size)))

    def _pack(self, data: bytes, packer: Packer) -> None:
        self._tar.add(data)
        packer.write(data)

    def _count(self, data: bytes) -> None:
        self._member_crc = isal_zlib.crc32(data, self._member_crc)
        self._member_size += len(data)

    def _pend(self, data: bytes) -> None:
        """Hold headers and padding back, so that those in a row become one block."""
        if self._pending_size >= PENDING_LIMIT:
            self._flush_pending()
        self._pending.append(data)
        self._pending_size += len(data)

    def _flush_pending(self, *, final: bool = False) -> None:
        """Write what has gathered as one block."""
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        self._tar.add(data)
        self._blob.add(deflate.fixed_block(data, final=final))

    def _store(self, entry: Entry) -> None:
        for piece in regular(chunks(entry), deflate.MAX_STORED):
            self._tar.add(piece)
            self._blob.add(deflate.stored_blocks(piece))

    def _take_over(self, payload: Payload) -> None:
        if payload.raw_size <= JOIN_LIMIT and payload.size <= JOIN_LIMIT:
            self._take_over_small(payload)
            return
        for piece in payload.inflate(self._pass(payload)):
            self._tar.add(piece)
        self._next_member()

    def _pass(self, payload: Payload) -> Iterator[bytes]:
        """Write the raw bytes on their way to being inflated."""
        for raw in payload.raw():
            self._blob.add(raw)
            yield raw

    def _take_over_small(self, payload: Payload) -> None:
        raw = b"".join(payload.raw())
        data = b"".join(payload.inflate((raw,)))
        self._tar.add(data)
        joined = _open_end(raw, data)
        self._blob.add(raw if joined is None else joined)
        if joined is None:
            self._next_member()

    def _next_member(self) -> None:
        self._end_member()
        self._blob.add(member.HEADER)

    def _end_member(self) -> None:
        self._tar.flush()
        self._blob.add(member.trailer(self._member_crc, self._member_size))
        self._member_crc = self._member_size = 0


def _open_end(raw: bytes, data: bytes) -> bytes | None:
    """Return a stream of one block so changed that another may follow, ending on a byte.

    The bit that says "final" is cleared, and an empty stored block closes the last byte. Its three
    header bits fit into that byte or they do not: which, is found by inflating. None, for a stream
    of several blocks, whose last one is final.
    """
    if not raw[0] & 1:
        return None
    opened = bytes((raw[0] & 0xFE,)) + raw[1:]
    for end in (deflate.JOINT, b"\x00" + deflate.JOINT):
        if ends_like(opened + end + deflate.LAST, data):
            return opened + end
    return None
