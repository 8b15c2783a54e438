"""The wheel as a zip archive: what is read, and what is refused with which words."""

from __future__ import annotations

import random
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest

from builders import (
    BZIP2,
    DEFLATED,
    DESCRIPTOR,
    ENCRYPTED,
    LINK,
    LZMA,
    STORED,
    UTF8,
    ZSTANDARD,
    Item,
    deflated,
    directory,
    end,
    end64,
    link,
    make_zip,
    packed,
)
from lamina.archive.payload import DamagedPayload, Payload, Plain
from lamina.errors import LaminaError
from lamina.wheel.errors import WheelError
from lamina.wheel.file import WheelFile, WheelTooLarge

NAME = "demo-1.0-py3-none-any.whl"
HINT = "The file was published like this; report it to the project, or lock another one"
TEXT = b"To be, or not to be, that is the question. " * 50


def opened(folder: Path, archive: bytes) -> WheelFile:
    path = folder / "wheel"
    path.write_bytes(archive)
    return WheelFile(path, NAME)


def read_all(folder: Path, archive: bytes) -> dict[str, bytes]:
    with opened(folder, archive) as wheel:
        return {m.name: b"".join(wheel.content(m).chunks()) for m in wheel.members}


def contents(folder: Path, items: Sequence[Item]) -> dict[str, bytes]:
    return read_all(folder, make_zip(items))


def refusal(folder: Path, archive: bytes) -> str:
    """Read all of an archive; return the error's text without the subject that all share."""
    with pytest.raises(LaminaError) as caught:
        read_all(folder, archive)
    assert caught.value.hint == HINT
    return (
        str(caught.value)
        .replace(f"Unable to unpack wheel `{NAME}`:", "wheel:")
        .replace(f"Unable to unpack `a.py` of wheel `{NAME}`:", "a.py:")
    )


# What is read


@pytest.mark.parametrize(
    "method",
    [STORED, DEFLATED, BZIP2, LZMA, ZSTANDARD],
    ids=["stored", "deflate", "bz2", "lzma", "zstd"],
)
@pytest.mark.parametrize("size", [0, 1, 70_000, 700_000])
def test_a_member_of_any_method_is_read(tmp_path: Path, method: int, size: int) -> None:
    data = (random.Random(1).randbytes(1000) * 700)[:size]

    assert contents(tmp_path, [Item("a.py", data, method)]) == {"a.py": data}


def lzma_without_end(data: bytes) -> bytes:
    """Return zip's LZMA stream of ``data``, literals only, that ends without a mark."""
    chances: dict[int, int] = {}
    low, width, shifts = 0, 0xFFFFFFFF, 0
    for byte in data:
        # Key 0 says "a literal follows"; the others are the nodes of the literal's tree.
        bits = [(0, 0), *(((1 << n) | byte >> (8 - n), byte >> (7 - n) & 1) for n in range(8))]
        for key, bit in bits:
            chance = chances.get(key, 1024)
            bound = (width >> 11) * chance
            low, width = (low + bound, width - bound) if bit else (low, bound)
            chances[key] = chance - (chance >> 5) if bit else chance + ((2048 - chance) >> 5)
            while width < 1 << 24:
                low, width, shifts = low << 8, width << 8, shifts + 1
    return b"\x09\x04\x05\x00\x00\x00\x00\x01\x00" + low.to_bytes(shifts + 5, "big")


def test_an_lzma_member_without_an_end_mark_ends_at_its_size(tmp_path: Path) -> None:
    raw = lzma_without_end(TEXT)

    assert contents(tmp_path, [Item("a.py", TEXT, LZMA, raw=raw, flags=0)]) == {"a.py": TEXT}


def test_zstandard_frames_may_follow_each_other(tmp_path: Path) -> None:
    raw = packed(b"abc", ZSTANDARD) + packed(b"def", ZSTANDARD)

    assert contents(tmp_path, [Item("a.py", b"abcdef", ZSTANDARD, raw=raw)]) == {"a.py": b"abcdef"}


@pytest.mark.parametrize("flags", [0, DESCRIPTOR], ids=["plain", "descriptor"])
@pytest.mark.parametrize("zip64", [False, True], ids=["zip", "zip64"])
@pytest.mark.parametrize("method", [STORED, DEFLATED], ids=["stored", "deflate"])
def test_sizes_may_stand_in_any_place(tmp_path: Path, flags: int, zip64: bool, method: int) -> None:
    items = [
        Item("a.py", TEXT, method, flags=flags, zip64=zip64),
        Item("b.py", b"", method, flags=flags, zip64=zip64),
    ]

    assert contents(tmp_path, items) == {"a.py": TEXT, "b.py": b""}


def test_what_the_standard_library_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wheel"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("d")
        archive.writestr("d/ä.py", TEXT)
        archive.writestr("e.py", b"", zipfile.ZIP_STORED)
        archive.writestr("l.py", TEXT, zipfile.ZIP_LZMA)
        with archive.open("f.py", "w", force_zip64=True) as stream:
            stream.write(TEXT)
        archive.comment = b"a comment, of no importance"

    with WheelFile(path, NAME) as wheel:
        found = {m.name: b"".join(wheel.content(m).chunks()) for m in wheel.members}

    assert found == {"d": b"", "d/ä.py": TEXT, "e.py": b"", "l.py": TEXT, "f.py": TEXT}


def test_an_archive_without_members_is_an_archive(tmp_path: Path) -> None:
    with opened(tmp_path, make_zip([])) as wheel:
        assert wheel.members == ()


def test_members_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    first, second = Item("b.py", b"1"), Item("a.py", b"2")
    archive = make_zip([first, second])
    start = archive.index(b"PK\1\2")
    middle = archive.index(b"PK\1\2", start + 1)
    tail = archive.index(b"PK\5\6")
    swapped = archive[:start] + archive[middle:tail] + archive[start:middle] + archive[tail:]

    with opened(tmp_path, swapped) as wheel:
        assert [member.name for member in wheel.members] == ["b.py", "a.py"]


def test_names_are_normalized(tmp_path: Path) -> None:
    items = [Item("./a.py"), Item("x//b.py"), Item("x/./c.py"), directory("x/y")]

    with opened(tmp_path, make_zip(items)) as wheel:
        members = [(member.name, member.is_directory) for member in wheel.members]

    assert members == [("a.py", False), ("x/b.py", False), ("x/c.py", False), ("x/y", True)]


@pytest.mark.parametrize("name", ["C:", "a:b", " a ", "a.", "ä/λ", "\u2028", "e\u0301"])
def test_names_that_are_odd_elsewhere_are_names(tmp_path: Path, name: str) -> None:
    assert contents(tmp_path, [Item(name, b"x")]) == {name: b"x"}


@pytest.mark.parametrize(
    ("mode", "executable"),
    [(0o100644, False), (0o100755, True), (0o100645, True), (0o755, True), (0, False)],
)
def test_a_member_is_executable_if_anybody_may(tmp_path: Path, mode: int, executable: bool) -> None:
    with opened(tmp_path, make_zip([Item("a", mode=mode)])) as wheel:
        assert wheel.members[0].is_executable is executable


def test_a_directory_is_what_ends_in_a_slash(tmp_path: Path) -> None:
    items = [Item("a/", method=STORED), Item("b", mode=0o40755), directory("c")]

    with opened(tmp_path, make_zip(items)) as wheel:
        assert [member.is_directory for member in wheel.members] == [True, False, True]


def test_a_symlink_is_a_file_that_holds_its_target(tmp_path: Path) -> None:
    assert contents(tmp_path, [link("a", "../b")]) == {"a": b"../b"}


def test_deflate_bytes_are_handed_out_as_they_are(tmp_path: Path) -> None:
    items = [Item("a", TEXT), Item("b", TEXT, STORED)]

    with opened(tmp_path, make_zip(items)) as wheel:
        payload, plain = map(wheel.content, wheel.members)
        assert isinstance(payload, Payload)
        assert b"".join(payload.raw()) == deflated(TEXT)
        assert payload.raw_size == len(deflated(TEXT))
        assert isinstance(plain, Plain)


def test_a_large_member_comes_in_pieces(tmp_path: Path) -> None:
    data = random.Random(2).randbytes(3_000_000)

    with opened(tmp_path, make_zip([Item("a", data, STORED), Item("b", data)])) as wheel:
        for member in wheel.members:
            pieces = list(wheel.content(member).chunks())
            assert b"".join(pieces) == data
            assert max(map(len, pieces)) <= 1 << 20


def test_a_small_file_is_read_by_its_name(tmp_path: Path) -> None:
    with opened(tmp_path, make_zip([Item("a", b"data"), directory("d")])) as wheel:
        assert wheel.read("a", limit=4) == b"data"
        assert wheel.read("b", limit=4) is None
        assert wheel.read("d", limit=4) is None
        with pytest.raises(WheelError) as caught:
            wheel.read("a", limit=3)

    assert str(caught.value) == (
        f"Unable to unpack wheel `{NAME}`: `a` has 4 bytes, expected at most 3"
    )


# The archive as a whole


@pytest.mark.parametrize(
    ("archive", "text"),
    [
        pytest.param(b"", "it is no zip archive, or its end is missing", id="empty"),
        pytest.param(b"PK\5\6", "it is no zip archive, or its end is missing", id="signature"),
        pytest.param(b"<html>", "it is no zip archive, or its end is missing", id="page"),
        pytest.param(
            make_zip([Item("a.py", TEXT)])[:-1],
            "it is no zip archive, or its end is missing",
            id="last-byte",
        ),
        pytest.param(
            make_zip([Item("a.py", TEXT)])[:60],
            "it is no zip archive, or its end is missing",
            id="cut",
        ),
        pytest.param(
            make_zip([Item("a.py", TEXT)], comment=b"abc")[:-1],
            "there are bytes behind its end",
            id="comment",
        ),
        pytest.param(
            make_zip([Item("a.py")], behind=b"x"), "there are bytes behind its end", id="trailing"
        ),
        pytest.param(
            make_zip([Item("a.py")], behind=bytes(100_000)),
            "it is no zip archive, or its end is missing",
            id="trailing-much",
        ),
        pytest.param(
            make_zip([Item("a.py")], before=b"#!/bin/sh\n"),
            "there are bytes before its first member",
            id="prepended",
        ),
        pytest.param(
            b"#!/bin/sh\n" + make_zip([Item("a.py")]),
            "its directory is not where it says; there are bytes before or within it",
            id="prepended-unadjusted",
        ),
        pytest.param(
            make_zip([Item("a.py")])[:-22]
            + struct.pack("<4s4H2LH", b"PK\5\6", 1, 1, 1, 1, 1, 1, 0),
            "it is a part of an archive in several files",
            id="split",
        ),
    ],
)
def test_an_archive_is_whole_and_alone(tmp_path: Path, archive: bytes, text: str) -> None:
    assert refusal(tmp_path, archive) == f"wheel: {text}"


def with_end(archive: bytes, record: bytes) -> bytes:
    return archive[: archive.index(b"PK\5\6")] + record


def test_a_directory_holds_as_many_members_as_it_says(tmp_path: Path) -> None:
    archive = make_zip([Item("a.py"), Item("b.py")])
    start = archive.index(b"PK\1\2")
    size = archive.index(b"PK\5\6") - start

    fewer = with_end(archive, end(3, 3, size, start))
    more = with_end(archive, end(1, 1, size, start))
    many = with_end(
        archive,
        end64(start + size, 500_001, 500_001, size, start) + end(0xFFFF, 0xFFFF, size, start),
    )

    assert refusal(tmp_path, fewer) == (
        "wheel: its directory is damaged, or holds fewer members than it says"
    )
    assert refusal(tmp_path, more) == (
        "wheel: its directory is damaged, or holds more members than it says"
    )
    assert refusal(tmp_path, many) == "wheel: it says 500001 members, expected at most 500000"


def test_a_damaged_directory_is_noticed(tmp_path: Path) -> None:
    archive = bytearray(make_zip([Item("a.py")]))
    archive[archive.index(b"PK\1\2") + 28] = 200

    assert refusal(tmp_path, bytes(archive)) == (
        "wheel: its directory is damaged, or holds more members than it says"
    )


def test_the_end_records_of_zip64_must_agree(tmp_path: Path) -> None:
    archive = make_zip([Item("a.py", zip64=True)])
    start, at = archive.index(b"PK\1\2"), archive.index(b"PK\6\6")
    size = at - start
    unsaid = end(0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    kept = archive[:at]

    def said(*records: bytes) -> str:
        return refusal(tmp_path, kept + b"".join(records))

    right = end64(at, 1, 1, size, start)
    assert read_all(tmp_path, kept + right + end(1, 1, size, start)) == {"a.py": b""}
    assert said(right, end(2, 2, size, start)) == "wheel: its two end records differ"
    assert said(right, b"x", unsaid) == (
        "wheel: its directory is not where it says; there are bytes before or within it"
    )
    assert said(right[:56], b"x", right[56:], unsaid) == (
        "wheel: there are bytes between its two end records"
    )
    assert said(end64(at + 1, 1, 1, size, start), unsaid) == (
        "wheel: its zip64 end record is missing"
    )
    assert said(end64(1 << 60, 1, 1, size, start), unsaid) == (
        "wheel: its zip64 end record is missing"
    )
    assert said(unsaid) == (
        "wheel: its directory is not where it says; there are bytes before or within it"
    )


# Names, and what the directory says


@pytest.mark.parametrize(
    ("item", "text"),
    [
        pytest.param(Item("../a.py"), "'../a.py' leaves the wheel's folder", id="parent"),
        pytest.param(Item("x/../a.py"), "'x/../a.py' leaves the wheel's folder", id="inner-parent"),
        pytest.param(Item("x/.."), "'x/..' leaves the wheel's folder", id="parent-at-end"),
        pytest.param(Item("/etc/a"), "'/etc/a' leaves the wheel's folder", id="absolute"),
        pytest.param(Item("//"), "'//' leaves the wheel's folder", id="slashes"),
        pytest.param(Item("x\\a.py"), "'x\\\\a.py' has a backslash in its name", id="backslash"),
        pytest.param(
            Item("x/.wh.a.py"), "'x/.wh.a.py' would hide other files in a layer", id="whiteout"
        ),
        pytest.param(
            Item("a\0.py"), "'a\\x00.py' has an invisible character in its name", id="nul"
        ),
        pytest.param(
            Item("a\n.py"), "'a\\n.py' has an invisible character in its name", id="newline"
        ),
        pytest.param(
            Item("a\u202e.py"), "'a\\u202e.py' has an invisible character in its name", id="bidi"
        ),
        pytest.param(Item(""), "'' names nothing", id="empty"),
        pytest.param(Item("."), "'.' names nothing", id="dot"),
        pytest.param(Item("./"), "'./' names nothing", id="dot-slash"),
        pytest.param(
            Item("é" * 128), f"{'é' * 128!r} has a name of more than 255 bytes", id="long-part"
        ),
        pytest.param(
            Item("a/" * 2048), f"{'a/' * 2048!r} has a path of more than 4095 bytes", id="long"
        ),
        pytest.param(Item(b"\xff.py", flags=UTF8), "b'\\xff.py' is not UTF-8", id="broken-utf-8"),
        pytest.param(
            Item("é.py", flags=0),
            "b'\\xc3\\xa9.py' is not ASCII, and not said to be UTF-8",
            id="no-flag",
        ),
        pytest.param(
            Item("d/", b"x", STORED), "'d/' is a directory with content", id="full-directory"
        ),
        pytest.param(Item("a.py", flags=ENCRYPTED), "'a.py' is encrypted", id="encrypted"),
        pytest.param(
            Item("a.py", method=9), "'a.py' is packed by an unknown method, 9", id="deflate64"
        ),
    ],
)
def test_a_member_that_no_wheel_may_have_is_refused(tmp_path: Path, item: Item, text: str) -> None:
    assert refusal(tmp_path, make_zip([item])) == f"wheel: {text}"


def test_a_long_path_of_short_names_is_fine(tmp_path: Path) -> None:
    assert list(contents(tmp_path, [Item("abc/" * 100 + "d")])) == ["abc/" * 100 + "d"]


@pytest.mark.parametrize(
    ("items", "text"),
    [
        pytest.param([Item("a"), Item("a")], "`a` is there twice", id="same"),
        pytest.param([Item("x/a"), Item("x//a")], "`x/a` is there twice", id="normalized"),
        pytest.param([Item("x/a"), Item("./x/a")], "`x/a` is there twice", id="dot"),
        pytest.param([Item("a"), directory("a")], "`a` is there twice", id="directory"),
        pytest.param(
            [Item("a/b"), Item("a")], "`a` is a file, and `a/b` lies below it", id="below"
        ),
        pytest.param(
            [Item("a"), Item("a/b/c")], "`a` is a file, and `a/b/c` lies below it", id="far-below"
        ),
    ],
)
def test_members_must_not_be_in_each_others_way(
    tmp_path: Path, items: list[Item], text: str
) -> None:
    assert refusal(tmp_path, make_zip(items)) == f"wheel: {text}"


def test_directories_may_be_there_twice(tmp_path: Path) -> None:
    items = [directory("a"), directory("a"), Item("a/b"), directory("a/c")]

    assert list(contents(tmp_path, items)) == ["a", "a/b", "a/c"]


def test_all_faults_are_told_at_once_and_sorted(tmp_path: Path) -> None:
    items = [Item("/b"), Item("../a"), Item("c"), Item("c", flags=ENCRYPTED)]

    assert refusal(tmp_path, make_zip(items)) == (
        "wheel:\n"
        "  '../a' leaves the wheel's folder\n"
        "  '/b' leaves the wheel's folder\n"
        "  'c' is encrypted\n"
        "  `c` is there twice"
    )


def test_a_thousand_faults_are_ten_and_a_number(tmp_path: Path) -> None:
    text = refusal(tmp_path, make_zip(Item(f"/{n:03}") for n in range(1000)))

    assert text.splitlines()[1] == "  '/000' leaves the wheel's folder"
    assert text.splitlines()[10:] == ["  '/009' leaves the wheel's folder", "  and 990 more"]


# Bytes that are not what is said of them


A = Item("a.py", TEXT)
PLAIN = Item("a.py", TEXT, STORED)
LENGTH = len(TEXT)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        pytest.param(
            replace(A, crc=0x1234),
            f"its CRC-32 differs\n  expected: 00001234\n  got:      {crc32(TEXT):08x}",
            id="crc",
        ),
        pytest.param(
            replace(PLAIN, crc=0x1234),
            f"its CRC-32 differs\n  expected: 00001234\n  got:      {crc32(TEXT):08x}",
            id="crc-stored",
        ),
        pytest.param(
            Item("a.py", b"", crc=1),
            "its CRC-32 differs\n  expected: 00000001\n  got:      00000000",
            id="crc-empty",
        ),
        pytest.param(
            replace(A, size=LENGTH - 1),
            f"it holds more than the {LENGTH - 1} bytes that it says",
            id="longer",
        ),
        pytest.param(
            replace(A, size=0), "it holds more than the 0 bytes that it says", id="not-empty"
        ),
        pytest.param(
            replace(A, size=LENGTH + 1),
            f"it holds {LENGTH} bytes and says {LENGTH + 1}",
            id="shorter",
        ),
        pytest.param(
            replace(PLAIN, size=LENGTH - 1),
            f"it holds more than the {LENGTH - 1} bytes that it says",
            id="longer-stored",
        ),
        pytest.param(
            replace(PLAIN, size=LENGTH + 1),
            f"it holds {LENGTH} bytes and says {LENGTH + 1}",
            id="shorter-stored",
        ),
        pytest.param(
            replace(A, raw=deflated(TEXT) + b"\0"),
            "there are bytes behind the end of its deflate stream",
            id="byte-behind",
        ),
        pytest.param(
            replace(A, raw=deflated(TEXT) + deflated(b"hidden")),
            "there are bytes behind the end of its deflate stream",
            id="hidden-stream",
        ),
        pytest.param(
            replace(A, raw=deflated(TEXT)[:-1]), "its deflate stream does not end", id="cut-stream"
        ),
        pytest.param(replace(A, raw=b""), "its deflate stream does not end", id="no-stream"),
        pytest.param(
            replace(A, raw=b"\7"),
            "its deflate stream is broken (Error -1 Invalid deflate block found)",
            id="broken",
        ),
        pytest.param(
            replace(A, method=BZIP2, raw=b"BZh9xxxxxxxxxx"),
            "its stream is broken (Invalid data stream)",
            id="broken-bz2",
        ),
        pytest.param(
            replace(A, method=BZIP2, raw=packed(TEXT, BZIP2)[:-1]),
            "its stream does not end",
            id="cut-bz2",
        ),
        pytest.param(
            replace(A, method=BZIP2, raw=packed(TEXT, BZIP2) + b"\0"),
            "there are bytes behind the end of its stream",
            id="behind-bz2",
        ),
        pytest.param(
            replace(A, method=LZMA, raw=packed(TEXT, LZMA)[:8]),
            "its LZMA header is broken",
            id="cut-lzma",
        ),
        pytest.param(
            replace(A, method=LZMA, raw=b"\x09\x04\x06\x00" + bytes(20)),
            "its LZMA header is broken",
            id="header-lzma",
        ),
        pytest.param(
            # A dictionary of almost 4 GiB.
            replace(A, method=LZMA, raw=b"\x09\x04\x05\x00\x5d\xff\xff\xff\xfe" + bytes(20)),
            "its stream is broken (Memory usage limit exceeded)",
            id="memory-lzma",
        ),
        pytest.param(
            replace(A, method=ZSTANDARD, raw=b"not a frame"),
            "its stream is broken (zstd decompress error: Unknown frame descriptor)",
            id="broken-zstd",
        ),
        pytest.param(
            replace(A, method=ZSTANDARD, raw=packed(TEXT, ZSTANDARD)[:-3]),
            f"it holds 0 bytes and says {LENGTH}",
            id="cut-zstd",
        ),
    ],
)
def test_content_is_what_the_directory_says(tmp_path: Path, item: Item, text: str) -> None:
    assert refusal(tmp_path, make_zip([item])) == f"a.py: {text}"


def test_bytes_behind_a_bzip2_stream_may_come_in_a_chunk_of_their_own(tmp_path: Path) -> None:
    data = random.Random(3).randbytes(200_000)
    raw = packed(data, BZIP2)
    item = Item("a.py", data, BZIP2, raw=raw + bytes((1 << 18) - len(raw) + 1))

    assert refusal(tmp_path, make_zip([item])) == (
        "a.py: there are bytes behind the end of its stream"
    )


@pytest.mark.parametrize(
    ("local", "text"),
    [
        ({"name": b"b.py"}, "its local header differs from the archive's directory"),
        ({"name": b"a.pyc"}, "its local header differs from the archive's directory"),
        ({"method": STORED}, "its local header differs from the archive's directory"),
        ({"flags": ENCRYPTED}, "its local header differs from the archive's directory"),
        ({"crc": 1}, "its local header gives other sizes than the directory"),
        ({"size": 1}, "its local header gives other sizes than the directory"),
        ({"raw_size": 1}, "its local header gives other sizes than the directory"),
        ({"size": 0}, "its local header gives other sizes than the directory"),
        ({"size": 0xFFFFFFFF}, "its local header gives other sizes than the directory"),
        ({"mark": b"PK\3\5"}, "it has no local header"),
    ],
    ids=str,
)
def test_the_local_header_must_agree(
    tmp_path: Path, local: dict[str, int | bytes], text: str
) -> None:
    assert refusal(tmp_path, make_zip([replace(A, local=local)])) == f"a.py: {text}"


def test_with_a_descriptor_the_local_header_gives_zeros_or_the_truth(tmp_path: Path) -> None:
    deferred = replace(A, flags=DESCRIPTOR)

    assert contents(tmp_path, [replace(deferred, local={"size": LENGTH})]) == {"a.py": TEXT}
    assert refusal(tmp_path, make_zip([replace(deferred, local={"size": LENGTH - 1})])) == (
        "a.py: its local header gives other sizes than the directory"
    )


def test_a_member_needs_a_local_header(tmp_path: Path) -> None:
    archive = make_zip([Item("b.py"), replace(A, at=1 << 20)])

    assert refusal(tmp_path, archive) == "a.py: it has no local header"


def test_members_must_not_overlap(tmp_path: Path) -> None:
    inner = make_zip([Item("b.py")])[: 30 + 4 + 2]
    outer = Item("a.py", inner, STORED)
    archive = make_zip([outer, Item("b.py", at=34)])

    assert refusal(tmp_path, archive) == "a.py: it overlaps what follows it"


def test_two_records_of_one_member_overlap(tmp_path: Path) -> None:
    # How a bomb of few bytes is made: many names for one deflate stream.
    archive = make_zip([A, replace(A, name="b.py", at=0, raw=deflated(TEXT))])

    assert refusal(tmp_path, archive) == "a.py: it overlaps what follows it"


def test_a_file_that_shrinks_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    data = random.Random(4).randbytes(3_000_000)

    with opened(tmp_path, make_zip([Item("a.py", data, STORED)])) as wheel:
        pieces = wheel.content(wheel.members[0]).chunks()
        next(pieces)
        with (tmp_path / "wheel").open("r+b") as file:
            file.truncate(2_000_000)
        with pytest.raises(DamagedPayload) as caught:
            list(pieces)

    assert (
        str(caught.value) == f"Unable to unpack `a.py` of wheel `{NAME}`: the file ends within it"
    )


# Bombs


def test_what_a_wheel_says_it_holds_is_limited_and_the_limit_can_be_raised(
    tmp_path: Path,
) -> None:
    path = tmp_path / "wheel"
    path.write_bytes(make_zip([Item("a", bytes(600)), Item("b", bytes(600))]))

    with pytest.raises(WheelTooLarge) as caught:
        WheelFile(path, NAME, limit=1199)
    with WheelFile(path, NAME, limit=1200) as wheel:
        assert len(wheel.members) == 2

    assert str(caught.value) == (
        f"Wheel `{NAME}` unpacks to 1200 bytes, more than the limit of 1199"
    )
    assert caught.value.hint == "If you trust it, raise `max-wheel-size` in `[tool.lamina]`"


def test_a_size_of_zip64_counts_against_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "wheel"
    path.write_bytes(make_zip([Item("a", b"x", zip64=True, size=1 << 50)]))

    with pytest.raises(WheelTooLarge) as caught:
        WheelFile(path, NAME)

    assert str(caught.value) == (
        f"Wheel `{NAME}` unpacks to 1125899906842624 bytes, more than the limit of 17179869184"
    )


@pytest.mark.parametrize(
    "method", [DEFLATED, BZIP2, LZMA, ZSTANDARD], ids=["deflate", "bz2", "lzma", "zstd"]
)
def test_a_bomb_is_stopped_at_the_size_that_it_says(tmp_path: Path, method: int) -> None:
    bomb = Item("a.py", bytes(5_000_000), method, size=1000)
    given: list[bytes] = []

    with opened(tmp_path, make_zip([bomb])) as wheel:
        pieces = wheel.content(wheel.members[0]).chunks()
        with pytest.raises(DamagedPayload, match="it holds more than the 1000 bytes that it says"):
            given.extend(pieces)

    assert sum(map(len, given)) <= 1000


def test_a_symlinks_mode_says_executable(tmp_path: Path) -> None:
    with opened(tmp_path, make_zip([Item("a", b"b", mode=LINK)])) as wheel:
        assert wheel.members[0].is_executable
