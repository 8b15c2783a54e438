from __future__ import annotations

import pytest

from elves import make_library
from lamina.system.loader.elf import ElfWatch
from lamina.system.loader.library import Library, is_library_name, library_of


def seen(data: bytes) -> ElfWatch:
    watch = ElfWatch()
    watch.feed(data)
    return watch


@pytest.mark.parametrize(
    ("machine", "is_64", "order", "processor_flags", "flags"),
    [
        (62, True, "<", 0, 0x0303),
        (62, False, "<", 0, 0x0803),
        (3, False, "<", 0, 0x0003),
        (183, True, "<", 0, 0x0A03),
        (40, False, "<", 0x5000400, 0x0903),
        (40, False, "<", 0x5000200, 0x0B03),
        (21, True, "<", 2, 0x0503),
        (22, True, ">", 0, 0x0403),
        (243, True, "<", 5, 0x1003),
        (243, True, "<", 1, 0x0F03),
        (258, True, "<", 0x43, 0x1203),
    ],
    ids=lambda value: hex(value) if isinstance(value, int) else None,
)
def test_flags_are_those_that_ldconfig_gives(
    machine: int, is_64: bool, order: str, processor_flags: int, flags: int
) -> None:
    data = make_library(machine=machine, is_64=is_64, order=order, flags=processor_flags)

    assert library_of("usr/lib/libfoo.so.1.2", seen(data)) == Library(
        "usr/lib/libfoo.so.1.2", "libfoo.so.1", flags
    )


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("usr/lib/python3/_ssl.so", make_library()),
        ("usr/lib/libfoo.a", make_library()),
        ("usr/lib/libf\u00f6\u00f6.so", make_library()),
        ("usr/lib/libfoo.so", make_library(machine=2, is_64=False, order=">")),
        ("usr/lib/libfoo.so", b"GROUP ( libfoo.so.1 )"),
    ],
    ids=lambda value: hex(value) if isinstance(value, int) else None,
)
def test_what_ldconfig_passes_over_is_no_library(path: str, data: bytes) -> None:
    assert library_of(path, seen(data)) is None


@pytest.mark.parametrize("name", ["libz.so", "libfoo-1.2.so", "ld-linux-x86-64.so.2", "ld64.so.2"])
def test_names_of_libraries_and_loaders(name: str) -> None:
    assert is_library_name(name)
