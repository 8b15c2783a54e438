"""Our own deflate blocks."""

from __future__ import annotations

import random
import zlib

import pytest

from lamina.archive import deflate
from lamina.archive.entry import Entry
from lamina.archive.tar import header


def inflated(raw: bytes) -> bytes:
    inflater = zlib.decompressobj(-15)
    data = inflater.decompress(raw)
    assert inflater.eof
    assert not inflater.unused_data
    return data


CASES = {
    "nothing": b"",
    "one": b"a",
    "all bytes": bytes(range(256)),
    "header": header(Entry("opt/venv/lib/python3.12/site-packages/a.py"), 0),
    "runs": b"".join(bytes([n % 256]) * n for n in range(300)),
    "zeros": bytes(65536),
    "high": b"\xff" * 1000,
    "newlines": b"\n" * 10,
    "noise": random.Random(1).randbytes(5000),
}


@pytest.mark.parametrize("data", CASES.values(), ids=CASES.keys())
def test_a_fixed_block_inflates_to_its_data(data: bytes) -> None:
    assert inflated(deflate.fixed_block(data, final=True)) == data
    assert inflated(deflate.fixed_block(data) + deflate.LAST) == data


def test_a_run_of_any_length_is_right() -> None:
    for length in range(1, 600):
        data = b"a" + b"x" * length + b"\0" * length + b"\xc8" * length

        assert inflated(deflate.fixed_block(data, final=True)) == data, length


def test_blocks_follow_each_other_freely() -> None:
    parts = [deflate.fixed_block(b"one"), deflate.stored_blocks(b"two"), deflate.fixed_block(b"")]

    assert inflated(b"".join([*parts, *parts, deflate.LAST])) == b"onetwoonetwo"


def test_these_bytes_never_change() -> None:
    assert deflate.fixed_block(b"", final=True) == b"\x03\x00" == deflate.LAST
    assert deflate.fixed_block(b"") == b"\x02\x00\x00\x00\xff\xff"
    assert deflate.fixed_block(b"abc", final=True).hex() == "4b4c4a0600"
    assert deflate.fixed_block(b"abc").hex() == "4a4c4a06000000ffff"
    assert deflate.fixed_block(bytes(512)).hex() == "621805231a00000000ffff"
    assert deflate.fixed_block(b"a\xff\xff\xff\xff\xff\xff").hex() == "4afc0f0600000000ffff"


def test_runs_make_a_header_small() -> None:
    assert len(deflate.fixed_block(CASES["header"])) < 120


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 200_000])
def test_stored_blocks_hold_any_size(size: int) -> None:
    data = random.Random(size).randbytes(size)
    raw = deflate.stored_blocks(data)

    assert inflated(raw + deflate.LAST) == data
    assert deflate.read_stored(raw) == data
    assert len(raw) == size + 5 * -(-size // 65535)


@pytest.mark.parametrize(
    ("raw", "at"),
    [
        (b"\1\1\0\xfe\xffa", 0),
        (b"\0\1\0\xff\xffa", 0),
        (b"\0\1\0\xfe\xff", 0),
        (b"\0\1\0", 0),
        (deflate.stored_blocks(b"abc") + b"\3\0", 8),
    ],
    ids=["final", "check", "cut", "head", "second"],
)
def test_what_is_no_stored_block_is_not_read(raw: bytes, at: int) -> None:
    with pytest.raises(ValueError, match=f"^no stored block at byte {at}$"):
        deflate.read_stored(raw)
