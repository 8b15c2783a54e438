"""Shared libraries of a few hundred bytes, for what reads them."""

from __future__ import annotations

import struct

_LOAD, _DYNAMIC, _PROPERTY = 1, 2, 0x6474E553
ADDRESS = 0x10000
"""Where the file is loaded: not at 0, so that addresses and offsets differ."""


def make_library(
    soname: str = "libfoo.so.1",
    *,
    machine: int = 62,
    is_64: bool = True,
    order: str = "<",
    flags: int = 0,
    kind: int = 3,
    isa_needed: int = 0,
    before_strings: int = 0,
    before_dynamic: int = 0,
) -> bytes:
    """Return a shared library; without ``soname`` it has no DT_SONAME.

    Its strings and its dynamic section can be moved back by some bytes.
    """
    header_size, segment_size = (64, 56) if is_64 else (52, 32)
    word = "Q" if is_64 else "I"
    note = struct.pack(f"{order}III4sIII4x", 4, 16, 5, b"GNU\0", 0xC0008002, 4, isa_needed)
    note_at = header_size + 3 * segment_size
    strings_at = note_at + len(note) + before_strings
    strings = b"\0libc.so.6\0" + soname.encode() + b"\0"
    dynamic_at = strings_at + len(strings) + before_dynamic
    pairs = [(1, 1), *([(14, 11)] if soname else []), (5, ADDRESS + strings_at), (0, 0)]
    dynamic = b"".join(struct.pack(f"{order}{word}{word}", *pair) for pair in pairs)
    size = dynamic_at + len(dynamic)
    segments = [
        (_LOAD, 0, ADDRESS, size),
        (_DYNAMIC, dynamic_at, ADDRESS + dynamic_at, len(dynamic)),
        (_PROPERTY if isa_needed else 4, note_at, ADDRESS + note_at, len(note)),
    ]
    ident = b"\x7fELF" + bytes([2 if is_64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    layout = f"{order}16sHHI{word * 3}IHHHHHH"
    ends = (header_size, segment_size, len(segments), 0, 0, 0)
    return b"".join(
        [
            struct.pack(layout, ident, kind, machine, 1, 0, header_size, 0, flags, *ends),
            *(_segment(order, is_64, *each) for each in segments),
            note,
            bytes(before_strings),
            strings,
            bytes(before_dynamic),
            dynamic,
        ]
    )


def _segment(order: str, is_64: bool, kind: int, at: int, address: int, size: int) -> bytes:
    if is_64:
        return struct.pack(f"{order}IIQQQQQQ", kind, 4, at, address, address, size, size, 8)
    return struct.pack(f"{order}IIIIIIII", kind, at, address, address, size, size, 4, 4)
