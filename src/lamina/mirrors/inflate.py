"""Files unpacked to no more than they may have: a small file can hold any amount of zeros."""

from __future__ import annotations

import bz2
import io
import lzma
from collections.abc import Callable
from typing import Protocol

import zstandard
from isal import isal_zlib

from lamina.errors import LaminaError

_MEMORY = 1 << 28
"""For a dictionary of xz, whose file may ask for as much as it likes."""
_GZIP = 16 + isal_zlib.MAX_WBITS


class Unpackable(LaminaError):
    """A file that is not what its name says, or holds more than it may."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Unable to unpack `{name}`: {reason}")


class _Decompressor(Protocol):
    """One stream; several may follow each other in a file."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    ".xz": lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
    ".gz": lambda: isal_zlib.decompressobj(wbits=_GZIP),
    ".bz2": bz2.BZ2Decompressor,
}


def inflate(data: bytes, form: str, *, most: int, name: str) -> bytes:
    """Unpack ``data``, whose file ends in ``form``; an empty one is not packed.

    No more than ``most`` bytes are ever made. Raises `Unpackable`, which calls it ``name``.
    """
    try:
        unpacked = _unpacked(data, form, most + 1)
    except (lzma.LZMAError, OSError, EOFError, zstandard.ZstdError) as error:
        raise Unpackable(name, str(error)) from error
    except isal_zlib.error as error:  # type: ignore[misc]  # isal's stub does not say its base
        raise Unpackable(name, str(error)) from error
    if len(unpacked) > most:
        raise Unpackable(name, f"it holds more than {most} bytes")
    return unpacked


def _unpacked(data: bytes, form: str, most: int) -> bytes:
    if form == "":
        return data
    if form == ".zst":
        stream = zstandard.ZstdDecompressor(max_window_size=_MEMORY).stream_reader(
            io.BytesIO(data), read_across_frames=True
        )
        return stream.read(most)
    pieces: list[bytes] = []
    while data and most > 0:
        decompressor = _DECOMPRESSORS[form]()
        pieces.append(decompressor.decompress(data, most))
        most -= len(pieces[-1])
        if not decompressor.eof and most > 0:
            raise EOFError("it ends too early")
        data = decompressor.unused_data
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
