"""The one place that names a compressor: gzip for layers of generated content.

Its bytes are not promised: of these layers, only the diff ID is.
"""

from __future__ import annotations

from isal import isal_zlib

from lamina.archive import member
from lamina.archive.blob import Write

_RAW = -15


class GzipWriter:
    """One gzip member around what is written, passed on as it is ready."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._deflate = isal_zlib.compressobj(isal_zlib.ISAL_BEST_COMPRESSION, wbits=_RAW)
        self._crc = 0
        self._size = 0
        write(member.HEADER)

    def write(self, data: bytes) -> None:
        """Compress the next bytes."""
        self._crc = isal_zlib.crc32(data, self._crc)
        self._size += len(data)
        self._write(self._deflate.compress(data))

    def finish(self) -> None:
        """End the member; the caller closes what it wrote to."""
        self._write(self._deflate.flush())
        self._write(member.trailer(self._crc, self._size))
