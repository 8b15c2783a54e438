from __future__ import annotations

import pytest

from elves import make_library
from lamina.system.loader.elf import HELD, ElfWatch, SharedObject


def found(data: bytes, piece: int = 1 << 18) -> SharedObject | None:
    watch = ElfWatch()
    for start in range(0, len(data), piece):
        watch.feed(data[start : start + piece])
    return watch.found()


@pytest.mark.parametrize(("is_64", "order"), [(True, "<"), (False, "<"), (True, ">"), (False, ">")])
def test_a_library_of_each_class_and_byte_order_is_read(is_64: bool, order: str) -> None:
    data = make_library("libz.so.1", machine=21, is_64=is_64, order=order, flags=2)

    assert found(data) == SharedObject(21, is_64, 2, "libz.so.1")


@pytest.mark.parametrize("piece", [1, 7, 64, 100, 10_000])
def test_the_size_of_the_pieces_does_not_matter(piece: int) -> None:
    assert found(make_library("libz.so.1", isa_needed=1), piece) == SharedObject(
        62, True, 0, "libz.so.1"
    )


@pytest.mark.parametrize("dynamic_at", [HELD - 300, HELD - 310, HELD - 20, HELD, HELD + 1_000_000])
def test_the_dynamic_section_may_lie_behind_what_is_held(dynamic_at: int) -> None:
    data = make_library("libz.so.1", before_dynamic=dynamic_at - 285)

    result = found(data)

    assert result is not None
    assert result.soname == "libz.so.1"


def test_a_name_behind_what_is_held_counts_as_none() -> None:
    assert found(make_library("libz.so.1", before_strings=HELD)) == SharedObject(62, True, 0, "")


def test_a_library_may_have_no_name() -> None:
    assert found(make_library("")) == SharedObject(62, True, 0, "")


@pytest.mark.parametrize(("needed", "level"), [(1, 0), (3, 1), (4, 2), (0b111, 2), (0b1111, 3)])
def test_the_level_of_the_processor_is_the_highest_that_is_needed(needed: int, level: int) -> None:
    result = found(make_library(isa_needed=needed))

    assert result is not None
    assert result.isa_level == level


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        b"/* GNU ld script */ GROUP ( libc.so.6 )",
        b"\x7fELF" + bytes(100),
        make_library()[:80],
        make_library(kind=2),
        make_library()[:54] + b"\x01" + make_library()[55:],
        make_library()[:56] + b"\xff\xff" + make_library()[58:],
        make_library()[:32] + b"\xff" * 8 + make_library()[40:],
    ],
    ids=[
        "empty",
        "magic-only",
        "linker-script",
        "no-class",
        "cut-off",
        "program",
        "small-program-headers",
        "many-program-headers",
        "far-program-headers",
    ],
)
def test_anything_else_is_no_library(data: bytes) -> None:
    assert found(data) is None


def test_offsets_that_lead_nowhere_do_not_upset_it() -> None:
    data = bytearray(make_library("libz.so.1"))
    strings = data.find(b"libz.so.1")
    for at in range(0, len(data)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        found(bytes(broken))

    data[strings : strings + 10] = b"x" * 10

    assert found(bytes(data[: strings + 10])) == SharedObject(62, True, 0, "")
