"""The other methods of zip: content that is not deflated comes out as plain bytes.

Each takes the member's bytes as they lie in the archive, gives little at a time however much a
hostile stream unpacks to, and raises `InflateError` where the stream does not end with the bytes.
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterable, Iterator
from typing import IO, cast

import zstandard

from lamina.archive.entry import CHUNK
from lamina.archive.inflate import InflateError

STORED, DEFLATED, BZIP2, LZMA, ZSTANDARD = 0, 8, 12, 14, 93
KNOWN = frozenset({STORED, DEFLATED, BZIP2, LZMA, ZSTANDARD})

_MOST_MEMORY = 1 << 27
"""Of the window that a stream may ask for, in bytes."""
_LZMA_END_IS_MARKED = 0x2
_LZMA_HEAD, _LZMA_PROPERTIES = 4, 5


def unpack(method: int, flags: int, size: int, raw: Iterator[bytes]) -> Iterator[bytes]:
    """Give the content of a member, one of ``size`` bytes if that is to be believed."""
    if method == STORED:
        return raw
    if method == BZIP2:
        return _unpack_by(bz2.BZ2Decompressor(), raw)
    if method == LZMA:
        return _unpack_lzma(None if flags & _LZMA_END_IS_MARKED else size, raw)
    return _unpack_zstandard(raw)


def _unpack_lzma(size: int | None, raw: Iterator[bytes]) -> Iterator[bytes]:
    """Turn zip's LZMA header (APPNOTE.TXT 5.8.8) into that of an ``.lzma`` file, and unpack it."""
    head = next(raw, b"")
    start = _LZMA_HEAD + _LZMA_PROPERTIES
    if len(head) < start or int.from_bytes(head[2:4], "little") != _LZMA_PROPERTIES:
        raise InflateError("its LZMA header is broken")
    said = b"\xff" * 8 if size is None else size.to_bytes(8, "little")
    inflater = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=2 * _MOST_MEMORY)
    yield from _unpack_by(inflater, _chain(head[_LZMA_HEAD:start] + said + head[start:], raw))


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unpack_by(
    inflater: bz2.BZ2Decompressor | lzma.LZMADecompressor, raw: Iterable[bytes]
) -> Iterator[bytes]:
    for chunk in raw:
        if inflater.eof:
            raise InflateError("there are bytes behind the end of its stream")
        waiting = chunk
        while not inflater.eof:
            try:
                piece = inflater.decompress(waiting, CHUNK)
            except (OSError, lzma.LZMAError) as error:
                raise InflateError(f"its stream is broken ({error})") from error
            waiting = b""
            if piece:
                yield piece
            if inflater.needs_input:
                break
    if inflater.unused_data:
        raise InflateError("there are bytes behind the end of its stream")
    if not inflater.eof:
        raise InflateError("its stream does not end")


class _Source:
    """What a reader of streams may pull chunks from."""

    def __init__(self, raw: Iterator[bytes]) -> None:
        self._raw = raw

    def read(self, size: int) -> bytes:
        """Return the next chunk, whatever its size, nothing at the end."""
        return next(self._raw, b"")


def _unpack_zstandard(raw: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zstandard.ZstdDecompressor(max_window_size=_MOST_MEMORY)
    # All that it asks of a source is to be read from.
    source = cast(IO[bytes], _Source(raw))
    with inflater.stream_reader(source, read_across_frames=True) as stream:
        yield from iter(_translated(stream.read), b"")


def _translated(read: Callable[[int], bytes]) -> Callable[[], bytes]:
    def read_piece() -> bytes:
        try:
            return read(CHUNK)
        except zstandard.ZstdError as error:
            raise InflateError(f"its stream is broken ({error})") from error

    return read_piece
