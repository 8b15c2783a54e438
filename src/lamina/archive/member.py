"""Gzip members: the framing around deflate bytes (RFC 1952)."""

from __future__ import annotations

# No name, no date, no word on the system (255: unknown): nothing of the builder.
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def trailer(crc: int, size: int) -> bytes:
    """Return what ends a member: CRC-32 and size, modulo 2^32, of all that it holds."""
    return crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
