"""Inflating, exactly to the end and no further."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable

import pytest

from builders import deflated
from lamina.archive import deflate
from lamina.archive.entry import CHUNK
from lamina.archive.inflate import InflateError, ends_like, inflate, inflate_whole

TEXT = b"To be, or not to be, that is the question. " * 500


def reason(raw: Iterable[bytes], size: int) -> str:
    with pytest.raises(InflateError) as caught:
        list(inflate(raw, size))
    return str(caught.value)


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000, 1 << 20])
@pytest.mark.parametrize("memory", [1, 8])
def test_how_the_bytes_come_does_not_matter(pieces: int, memory: int) -> None:
    raw = deflated(TEXT, memory=memory)

    assert b"".join(inflate(in_pieces(raw, pieces), len(TEXT))) == TEXT


def test_empty_pieces_do_not_matter() -> None:
    raw = deflated(TEXT)

    assert b"".join(inflate([b"", raw[:9], b"", raw[9:], b""][:4], len(TEXT))) == TEXT


@pytest.mark.parametrize("size", [0, 1, 4 * CHUNK - 1, 4 * CHUNK, 4 * CHUNK + 1, 9 * CHUNK])
def test_little_is_held_at_a_time(size: int) -> None:
    pieces = list(inflate([deflated(bytes(size))], size))

    assert b"".join(pieces) == bytes(size)
    assert max(map(len, pieces), default=0) <= 4 * CHUNK


@pytest.mark.parametrize("count", range(1, 12))
@pytest.mark.parametrize("size", [0, 100, 4 * CHUNK, 4 * CHUNK + 1, 4 * CHUNK + 100])
def test_not_one_byte_may_follow_the_stream(size: int, count: int) -> None:
    # The inflater takes up to eight bytes ahead, and gives its last output after them.
    behind = "there are bytes behind the end of its deflate stream"
    raw = deflated(bytes(size))

    assert reason([raw + b"\xff" * count], size) == behind
    assert reason([raw, b"\xff" * count], size) == behind
    assert reason([raw[:-1], raw[-1:] + b"\xff" * count], size) == behind


def test_a_second_stream_is_found() -> None:
    raw = deflated(TEXT)

    assert reason([raw + raw], 2 * len(TEXT)) == (
        "there are bytes behind the end of its deflate stream"
    )


@pytest.mark.parametrize("cut", [1, 2, 5, 50])
def test_a_stream_that_does_not_end_is_found(cut: int) -> None:
    raw = deflated(TEXT)[:-cut]

    assert reason([raw], len(TEXT)) == "its deflate stream does not end"


def test_no_stream_does_not_end_either() -> None:
    assert reason([], 0) == "its deflate stream does not end"
    assert reason([b""], 0) == "its deflate stream does not end"


def test_the_size_must_be_right() -> None:
    raw = deflated(b"12345")

    assert reason([raw], 4) == "it holds more than the 4 bytes that it says"
    assert reason([raw], 0) == "it holds more than the 0 bytes that it says"
    assert reason([raw], 6) == "it holds 5 bytes and says 6"


def test_nothing_beyond_the_size_is_ever_given() -> None:
    given: list[bytes] = []

    with pytest.raises(InflateError, match="it holds more than the 3000000 bytes"):
        given.extend(inflate([deflated(bytes(50_000_000))], 3_000_000))

    assert sum(map(len, given)) <= 3_000_000


def test_a_broken_stream_is_told() -> None:
    assert reason([b"\x07"], 9) == (
        "its deflate stream is broken (Error -1 Invalid deflate block found)"
    )


@pytest.mark.parametrize("before", [0, 1, 5, 100, 257, 1000, 20_000, 32_000])
@pytest.mark.parametrize("whole", [True, False])
def test_a_stream_cannot_reach_before_its_start(before: int, whole: bool) -> None:
    # Elsewhere in a layer, the bytes before it are another file's.
    earlier = random.Random(before).randbytes(300)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=earlier)
    data = b"x" * before + earlier
    raw = deflater.compress(data) + deflater.flush()
    pieces = [raw] if whole else in_pieces(raw, 1)

    assert reason(pieces, len(data)) == (
        "its deflate stream is broken (Error -3 Invalid lookback distance found)"
    )


def test_small_streams_are_inflated_whole() -> None:
    assert inflate_whole(deflate.fixed_block(b"abc", final=True), 3) == b"abc"


def test_a_stream_ends_like_its_data_or_it_does_not() -> None:
    assert ends_like(deflated(b"abc"), b"abc")
    assert not ends_like(deflated(b"abc"), b"abd")
    assert not ends_like(deflated(b"abc"), b"ab")
    assert not ends_like(deflated(b"abc") + b"\0", b"abc")
