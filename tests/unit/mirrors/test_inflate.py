"""Files unpacked to no more than they may have."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc

import pytest
import zstandard

from lamina.mirrors.inflate import Unpackable, inflate

DATA = b"Package: a\n" * 1000
PACKED = {
    ".xz": lzma.compress(DATA),
    ".gz": gzip.compress(DATA),
    ".bz2": bz2.compress(DATA),
    ".zst": zstandard.compress(DATA),
    "": DATA,
}


@pytest.mark.parametrize("form", PACKED)
def test_every_form_is_unpacked(form: str) -> None:
    assert inflate(PACKED[form], form, most=len(DATA), name="x") == DATA


@pytest.mark.parametrize("form", PACKED)
def test_several_streams_are_one_file(form: str) -> None:
    assert inflate(PACKED[form] * 2, form, most=2 * len(DATA), name="x") == DATA * 2


@pytest.mark.parametrize("form", PACKED)
def test_what_holds_more_than_it_may_is_refused(form: str) -> None:
    with pytest.raises(Unpackable) as caught:
        inflate(PACKED[form], form, most=len(DATA) - 1, name="Packages of trixie")

    assert str(caught.value) == (
        f"Unable to unpack `Packages of trixie`: it holds more than {len(DATA) - 1} bytes"
    )


@pytest.mark.parametrize("form", [".xz", ".gz", ".bz2", ".zst"])
@pytest.mark.parametrize("data", [b"junk", b"\0" * 50])
def test_what_is_not_packed_so_is_refused(form: str, data: bytes) -> None:
    with pytest.raises(Unpackable, match=r"^Unable to unpack `x`: [^\n]+$"):
        inflate(data, form, most=100, name="x")


@pytest.mark.parametrize("form", [".xz", ".gz", ".bz2"])
def test_what_ends_too_early_is_refused(form: str) -> None:
    with pytest.raises(Unpackable, match=r"^Unable to unpack `x`: [^\n]+$"):
        inflate(PACKED[form][:-5], form, most=len(DATA), name="x")


def test_gzip_whose_inside_is_damaged_is_refused() -> None:
    packed = bytearray(PACKED[".gz"])
    packed[12:16] = b"\xff\xff\xff\xff"

    with pytest.raises(Unpackable, match=r"^Unable to unpack `x`: [^\n]+$"):
        inflate(bytes(packed), ".gz", most=len(DATA), name="x")


def test_a_bomb_is_never_unpacked() -> None:
    bomb = lzma.compress(bytes(1 << 25), preset=0)

    tracemalloc.start()
    try:
        with pytest.raises(Unpackable, match="it holds more than 1000 bytes"):
            inflate(bomb, ".xz", most=1000, name="x")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 21
