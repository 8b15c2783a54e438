"""Deflate blocks of our own: the fixed Huffman code for headers, stored blocks for content.

No compressor is asked, so these bytes are the same on every machine, for ever (RFC 1951). Each
function starts and ends on a byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

JOINT = b"\x00\x00\xff\xff"
"""The lengths of an empty stored block; with its three header bits before, it ends on a byte."""
LAST = b"\x03\x00"
"""An empty block of the fixed code that says "final": a whole deflate stream by itself."""
MAX_STORED = 65535

# Runs of any byte; zeros stand apart only because a back reference is slow on long runs.
_RUN = re.compile(rb"\0{4,}|([^\0])\1{3,}")
_MAX_MATCH = 258


def _bits(value: int, count: int) -> str:
    """Return a Huffman code as it goes into the stream: most significant bit first."""
    return format(value, f"0{count}b")


def _literal(byte: int) -> str:
    """RFC 1951, 3.2.6: 0-143 have eight bits, 144-255 nine."""
    return _bits(0x30 + byte, 8) if byte < 144 else _bits(0x190 + byte - 144, 9)


_LITERALS = {byte: _literal(byte) for byte in range(256)}
_END_OF_BLOCK = _bits(0, 7)


def _length_codes() -> Iterator[tuple[int, int, int]]:
    """RFC 1951, 3.2.5: each length code, its extra bits, the shortest length that it says."""
    length = 3
    for code in range(257, 285):
        extra = max(0, (code - 261) // 4)
        yield code, extra, length
        length += 1 << extra


_LENGTHS = tuple(_length_codes())


def _literals(data: bytes) -> str:
    """Return the code of each byte, one after the other."""
    return data.decode("latin-1").translate(_LITERALS)


def _match(length: int) -> str:
    """Return "repeat the byte before ``length`` times": a length code and distance 1."""
    if length == _MAX_MATCH:
        code, extra, base = 285, 0, _MAX_MATCH
    else:
        code, extra, base = next(row for row in reversed(_LENGTHS) if row[2] <= length)
    symbol = _bits(code - 256, 7) if code < 280 else _bits(0xC0 + code - 280, 8)
    # Extra bits go in least significant first, unlike the codes.
    extra_bits = _bits(length - base, extra)[::-1] if extra else ""
    return symbol + extra_bits + "00000"


@lru_cache(maxsize=4096)
def _run(byte: int, count: int) -> str:
    """Return the code of ``count`` equal bytes: one literal, then matches on itself."""
    parts, left = [_LITERALS[byte]], count - 1
    while left >= 3:
        length = min(left, _MAX_MATCH)
        parts.append(_match(length))
        left -= length
    return "".join(parts) + _LITERALS[byte] * left


def fixed_block(data: bytes, *, final: bool = False) -> bytes:
    """Return ``data`` as one block of the fixed code.

    One that is not final is followed by an empty stored block, so that the next begins on a byte.
    """
    parts, at = ["110" if final else "010"], 0
    for run in _RUN.finditer(data):
        parts.append(_literals(data[at : run.start()]))
        at = run.end()
        parts.append(_run(data[run.start()], at - run.start()))
    parts.append(_literals(data[at:]))
    parts.append(_END_OF_BLOCK if final else _END_OF_BLOCK + "000")
    bits = "".join(parts)
    # Deflate fills bytes from their least significant bit: the last bit of the stream is the
    # highest of a little-endian number.
    packed = int(bits[::-1], 2).to_bytes((len(bits) + 7) // 8, "little")
    return packed if final else packed + JOINT


def stored_blocks(data: bytes) -> bytes:
    """Return ``data`` as stored blocks, none of them final."""
    parts = []
    for at in range(0, len(data), MAX_STORED):
        piece = data[at : at + MAX_STORED]
        parts += [
            b"\0",
            len(piece).to_bytes(2, "little"),
            (len(piece) ^ 0xFFFF).to_bytes(2, "little"),
        ]
        parts.append(piece)
    return b"".join(parts)


def read_stored(data: bytes) -> bytes:
    """Return what `stored_blocks` was given. Raises `ValueError` for anything else."""
    parts, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 3], "little")
        check = int.from_bytes(data[at + 3 : at + 5], "little")
        if data[at] or size ^ check != 0xFFFF or at + 5 + size > len(data):
            raise ValueError(f"no stored block at byte {at}")
        parts.append(data[at + 5 : at + 5 + size])
        at += 5 + size
    return b"".join(parts)
