"""Blobs as they stream by: their bytes counted, hashed, and unpacked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from isal import isal_zlib

from lamina.errors import LaminaError
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest

CHUNK = 1 << 16
"""How much is read at a time; small, since what follows a gzip member is copied at its end."""

_UNPACKED = 1 << 18
_ZSTD_INPUT = 1 << 10
_GZIP_WITH_HEADER = 31
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class DamagedBlob(LaminaError):
    """A blob does not have the bytes that its digest promises; it must be made or fetched again."""

    def __init__(self, digest: Digest, expected: str, got: str, place: str = "") -> None:
        where = f" of `{place}`" if place else ""
        super().__init__(
            f"Damaged blob {digest}{where}\n  expected: {expected}\n  got:      {got}",
            hint="Its source must be made or fetched again",
        )
        self.digest = digest

    @property
    def digests(self) -> frozenset[Digest]:
        """The blobs that must be had anew."""
        return frozenset((self.digest,))


class LostBlobs(LaminaError):
    """Blobs that were said to be in a registry are not there; they must be made again."""

    def __init__(self, place: str, digests: Iterable[Digest]) -> None:
        self.digests = frozenset(digests)
        lines = "".join(f"\n  {digest}" for digest in sorted(self.digests))
        super().__init__(
            f"Blobs are gone from `{place}`{lines}",
            hint="To have them made and sent anew, pass `--no-cache`",
        )


class UnreadableBlob(LaminaError):
    """A layer's blob cannot be unpacked."""


def verified(
    blob: BinaryIO, descriptor: Descriptor, piece: int = CHUNK, *, place: str = ""
) -> Iterator[bytes]:
    """Give the bytes of a blob, and raise `DamagedBlob` at their end if they are not as described.

    ``piece`` is how much is given at a time, in bytes: more, where it is only passed on.
    ``place`` is where the blob lies, as errors name it.

    What was given before must not be believed until the end is reached; a blob that is too long is
    given up as soon as that shows.
    """
    digest, left = descriptor.digest, descriptor.size
    hasher = hashlib.new(digest.algorithm)
    while chunk := blob.read(piece):
        left -= len(chunk)
        if left < 0:
            raise DamagedBlob(digest, f"{descriptor.size} bytes", "more", place)
        hasher.update(chunk)
        yield chunk
    if left:
        got = f"{descriptor.size - left} bytes"
        raise DamagedBlob(digest, f"{descriptor.size} bytes", got, place)
    if hasher.hexdigest() != digest.hex:
        got = f"{digest.algorithm}:{hasher.hexdigest()}"
        raise DamagedBlob(digest, str(digest), got, place)


def compression(start: bytes) -> str:
    """Return the suffix of the media type (``gzip``, ``zstd`` or nothing) by a blob's first bytes.

    Docker goes by them too, not by the media type, which older tools wrote wrongly.
    """
    if start.startswith(_GZIP):
        return "gzip"
    return "zstd" if start.startswith(_ZSTD) else ""


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Give the uncompressed tar of a layer's blob, in pieces; raises `UnreadableBlob`."""
    start = b""
    while len(start) < len(_ZSTD) and (chunk := next(chunks, b"")):
        start += chunk
    match compression(start):
        case "gzip":
            yield from _gunzip(start, chunks)
        case "zstd":
            yield from _unzstd(start, chunks)
        case _:
            yield start
            yield from chunks


def _gunzip(data: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack all members of a gzip file; zeros may follow one, as gzip(1) allows."""
    inflater = isal_zlib.decompressobj(_GZIP_WITH_HEADER)
    while data or (data := next(chunks, b"")):
        if inflater.eof:
            data = data.lstrip(b"\0")
            if not data:
                continue
            inflater = isal_zlib.decompressobj(_GZIP_WITH_HEADER)
        yield _inflate(inflater, data)
        data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    # The last input may be taken while output is still to come.
    while not inflater.eof and (piece := _inflate(inflater, b"")):
        yield piece
    if not inflater.eof:
        raise UnreadableBlob("Truncated gzip stream")


def _inflate(inflater: isal_zlib.Decompress, data: bytes) -> bytes:
    try:
        return inflater.decompress(data, _UNPACKED)
    except isal_zlib.error as error:  # type: ignore[misc]  # isal's stub does not say its base
        raise UnreadableBlob(f"Broken gzip stream: {error}") from error


def _unzstd(data: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack all frames."""
    import zstandard  # Here, since few layers are packed so, and it loads slowly.

    frames = zstandard.ZstdDecompressor()
    unpacker = frames.decompressobj()
    try:
        while data or (data := next(chunks, b"")):
            if unpacker.eof:
                unpacker = frames.decompressobj()
            # A little at a time, so that a bomb cannot fill the memory at once.
            piece, data = data[:_ZSTD_INPUT], data[_ZSTD_INPUT:]
            yield unpacker.decompress(piece)
            data = unpacker.unused_data + data
    except zstandard.ZstdError as error:
        raise UnreadableBlob(f"Broken zstd stream: {error}") from error
    if not unpacker.eof:
        raise UnreadableBlob("Truncated zstd stream")
