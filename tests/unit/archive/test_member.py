"""The framing of gzip members."""

from __future__ import annotations

import gzip
import zlib

from lamina.archive import deflate, member


def test_a_member_frames_deflate_bytes() -> None:
    data = b"abc"
    blob = member.HEADER + deflate.fixed_block(data, final=True)

    assert gzip.decompress(blob + member.trailer(zlib.crc32(data), 3)) == data


def test_the_size_is_counted_modulo_four_gibibytes() -> None:
    assert member.trailer(0x01020304, (1 << 32) + 5) == b"\x04\x03\x02\x01\x05\x00\x00\x00"
