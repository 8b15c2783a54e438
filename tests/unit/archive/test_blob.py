"""Blobs being written, and pieces cut anew."""

from __future__ import annotations

import hashlib

import pytest

from lamina.archive.blob import Tally, regular
from lamina.archive.entry import CHUNK


def test_a_tally_gathers_small_pieces_into_large_ones() -> None:
    seen: list[bytes] = []
    tally = Tally(seen.append)

    for _ in range(CHUNK + 1):
        tally.add(b"x")
    tally.add(b"")

    assert [len(piece) for piece in seen] == [CHUNK]
    tally.flush()
    tally.flush()
    assert [len(piece) for piece in seen] == [CHUNK, 1]
    assert tally.size == CHUNK + 1
    assert tally.digest.hex == hashlib.sha256(b"x" * (CHUNK + 1)).hexdigest()


def test_a_large_piece_goes_on_as_it_is() -> None:
    seen: list[bytes] = []
    piece = bytes(3 * CHUNK)

    Tally(seen.append).add(piece)

    assert seen[0] is piece


def test_every_sink_gets_all() -> None:
    first: list[bytes] = []
    second: list[bytes] = []
    tally = Tally(first.append, second.append)

    tally.add(b"abc")
    tally.flush()

    assert first == second == [b"abc"]


@pytest.mark.parametrize(
    ("pieces", "cut"),
    [
        ([], []),
        ([b""], []),
        ([b"abc"], [b"abc"]),
        ([b"a", b"b", b"c", b"d"], [b"abc", b"d"]),
        ([b"abcdefg"], [b"abc", b"def", b"g"]),
    ],
)
def test_pieces_are_cut_anew(pieces: list[bytes], cut: list[bytes]) -> None:
    assert list(regular(iter(pieces), 3)) == cut
