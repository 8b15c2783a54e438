"""Compressed parts of a Debian package as streams, in memory that is bounded whatever they hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import BinaryIO

_MEMORY = 256 << 20
"""What unpacking may take. `dpkg-deb` packs with 64 MiB at most by xz, and 128 MiB by zstd."""
_PIECE = 1 << 16


class _Xz(io.RawIOBase):
    """One or more xz streams; unlike `lzma.open`, this bounds the memory a stream asks for."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._decoder = lzma.LZMADecompressor(memlimit=_MEMORY)
        self._is_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        while True:
            piece = b""
            if self._decoder.eof:
                piece = self._decoder.unused_data
                self._decoder = lzma.LZMADecompressor(memlimit=_MEMORY)
                self._is_begun = False
            if not piece and self._decoder.needs_input:
                piece = self._packed.read(_PIECE)
                if not piece:
                    self._check_end()
                    return 0
            self._is_begun = True
            data = self._decoder.decompress(piece, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)

    def _check_end(self) -> None:
        if self._is_begun and not self._decoder.eof:
            raise EOFError("compressed data ends early")


def _plain(packed: BinaryIO) -> BinaryIO:
    return packed


def _gzip(packed: BinaryIO) -> BinaryIO:
    return gzip.GzipFile(fileobj=packed)  # type: ignore[return-value]


def _bzip2(packed: BinaryIO) -> BinaryIO:
    return bz2.BZ2File(packed)  # type: ignore[return-value]


def _xz(packed: BinaryIO) -> BinaryIO:
    return io.BufferedReader(_Xz(packed), _PIECE)


def _zstandard(packed: BinaryIO) -> BinaryIO:
    import zstandard  # Here, since only Ubuntu's packages have it, and it loads slowly.

    inflater = zstandard.ZstdDecompressor(max_window_size=_MEMORY)
    return inflater.stream_reader(packed, read_across_frames=True)


INFLATERS: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    "": _plain,
    ".gz": _gzip,
    ".bz2": _bzip2,
    ".xz": _xz,
    ".zst": _zstandard,
}
"""How to read a part, by the suffix of its name (deb(5))."""
