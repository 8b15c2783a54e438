"""Inflating raw deflate streams, exactly to their end and no further."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isal import isal_zlib

from lamina.archive.entry import CHUNK

_RAW = -15
_BEHIND = "there are bytes behind the end of its deflate stream"


class InflateError(Exception):
    """Why a stream is not what it says; whoever knows the file's name tells the user."""


def inflate(raw: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Give what a raw deflate stream holds, in pieces, holding little of it at a time.

    The stream must end exactly where ``raw`` does and hold exactly ``size`` bytes: what a
    hostile archive hides behind the end would otherwise be in a blob, but in no hash.
    Raises `InflateError`; nothing beyond ``size`` bytes is ever given.
    """
    inflater = isal_zlib.decompressobj(_RAW)
    left = size
    for chunk in raw:
        if inflater.eof:
            raise InflateError(_BEHIND)
        waiting = chunk
        # All input may be taken while output is still to come.
        while not inflater.eof:
            # One byte more than is due shows a stream that goes on.
            piece = _decompress(inflater, waiting, min(4 * CHUNK, left + 1))
            left -= len(piece)
            if left < 0:
                raise InflateError(f"it holds more than the {size} bytes that it says")
            if not piece:
                break
            yield piece
            waiting = inflater.unconsumed_tail
        if inflater.unused_data:
            raise InflateError(_BEHIND)
    if not inflater.eof:
        raise InflateError("its deflate stream does not end")
    if left:
        raise InflateError(f"it holds {size - left} bytes and says {size}")


def inflate_whole(raw: bytes, size: int) -> bytes:
    """Return what a small raw deflate stream holds; see `inflate`."""
    return b"".join(inflate((raw,), size))


def ends_like(raw: bytes, data: bytes) -> bool:
    """Say whether ``raw`` is a whole deflate stream of exactly ``data``."""
    try:
        return inflate_whole(raw, len(data)) == data
    except InflateError:
        return False


def _decompress(inflater: isal_zlib.Decompress, chunk: bytes, most: int) -> bytes:
    try:
        return inflater.decompress(chunk, most)
    except isal_zlib.error as error:  # type: ignore[misc]  # isal's stub does not say its base
        raise InflateError(f"its deflate stream is broken ({error})") from error
