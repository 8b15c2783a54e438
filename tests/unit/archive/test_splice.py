"""Layers spliced from deflate bytes that are there already."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from builders import deflated
from lamina.archive import deflate
from lamina.archive.compress import GzipWriter
from lamina.archive.deflate import read_stored
from lamina.archive.entry import (
    ContentChanged,
    Entry,
    Kind,
    Literal,
    Streamed,
    directory,
    file,
    symlink,
)
from lamina.archive.inflate import inflate_whole
from lamina.archive.payload import DamagedPayload, Payload, Plain
from lamina.archive.splice import JOIN_LIMIT, PENDING_LIMIT, Packed, _open_end, splice
from lamina.oci.digest import Digest
from layers import MTIME, Found, gunzip, members, payload, spliced, untar

NOISE = random.Random(1).randbytes(200_000)
TEXT = b"To be, or not to be, that is the question. " * 500
WORDS = NOISE[:5000].hex().encode()
EMPTY = "1f8b08000000000000ff631805a360148c5800002eafb5ef00040000"


def test_a_layer_holds_its_entries() -> None:
    entries = [
        directory("d"),
        file("d/literal", b"abc", 0o755),
        Entry("d/payload", content=payload(TEXT)),
        Entry("d/empty"),
        symlink("d/link", "literal"),
        Entry("d/hard", Kind.HARDLINK, target="d/literal"),
        Entry("d/streamed", content=Streamed(len(NOISE), lambda: io.BytesIO(NOISE))),
    ]

    blob, _ = spliced(entries)

    assert untar(gunzip(blob)) == {
        "d": Found(tarfile.DIRTYPE, 0o755),
        "d/literal": Found(tarfile.REGTYPE, 0o755, b"abc"),
        "d/payload": Found(tarfile.REGTYPE, 0o644, TEXT),
        "d/empty": Found(tarfile.REGTYPE, 0o644),
        "d/link": Found(tarfile.SYMTYPE, 0o777, link="literal"),
        "d/hard": Found(tarfile.LNKTYPE, 0o644, link="d/literal"),
        "d/streamed": Found(tarfile.REGTYPE, 0o644, NOISE),
    }


def test_what_is_said_of_a_blob_is_true() -> None:
    blob, written = spliced([Entry("a", content=payload(TEXT)), file("b", NOISE)])
    archive = gunzip(blob)

    assert str(written.digest) == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert str(written.diff_id) == f"sha256:{hashlib.sha256(archive).hexdigest()}"
    assert (written.size, written.unpacked_size) == (len(blob), len(archive))
    assert written.extents == {}


def test_a_layer_of_nothing_is_these_bytes() -> None:
    blob, _ = spliced([])

    assert blob.hex() == EMPTY
    assert gunzip(blob) == bytes(1024)


def test_nothing_of_the_builder_is_in_the_framing() -> None:
    blob, _ = spliced([Entry("a", content=payload(NOISE))])

    assert blob.startswith(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")


# Joining


def test_streams_of_one_block_share_a_member() -> None:
    entries = [Entry(f"{n}", content=payload(TEXT[: n * 50])) for n in range(100)]

    blob, _ = spliced(entries)

    assert len(members(blob)) == 1
    assert [found.data for found in untar(gunzip(blob)).values()] == [
        TEXT[: n * 50] for n in range(100)
    ]


def test_a_stream_of_several_blocks_ends_its_member_untouched() -> None:
    raw = deflated(WORDS, memory=1)
    assert not raw[0] & 1

    blob, _ = spliced(
        [
            file("a", b"1"),
            Entry("b", content=payload(WORDS, raw)),
            Entry("c", content=payload(b"2")),
        ]
    )

    first, second = members(blob)
    assert first.endswith(WORDS)
    assert untar(first + second)["c"].data == b"2"
    assert raw in blob


def test_a_layer_may_end_in_a_stream_of_several_blocks() -> None:
    blob, _ = spliced([Entry("b", content=payload(WORDS, deflated(WORDS, memory=1)))])

    first, second = members(blob)
    assert first.endswith(WORDS)
    assert second == bytes(-len(WORDS) % 512 + 1024)


@pytest.mark.parametrize("nines", range(8))
def test_the_joint_fits_the_bits_that_are_left(nines: int) -> None:
    # Literals from 144 have nine bits, so that the end of the block falls on each bit in turn.
    data = b"\x90\x91\x92\x93\x94\x95\x96\x97"[:nines]
    raw = deflate.fixed_block(data, final=True)
    left = -(3 + 9 * nines + 7) % 8
    joint = b"\x00\x00\xff\xff" if left >= 3 else b"\x00\x00\x00\xff\xff"

    assert _open_end(raw, data) == bytes([raw[0] - 1]) + raw[1:] + joint


def test_a_stored_stream_is_joined() -> None:
    raw = deflated(NOISE[:1000], level=0)
    assert raw[0] == 1

    assert _open_end(raw, NOISE[:1000]) == b"\0" + raw[1:] + b"\x00\x00\x00\xff\xff"
    assert members(spliced([Entry("a", content=payload(NOISE[:1000], raw))])[0])[1:] == []


def test_bits_that_hide_in_the_last_byte_never_change_what_follows() -> None:
    """Every filling of the bits behind the end of a block, for every end: join right or not."""
    following = deflate.fixed_block(b"what follows", final=True)
    joined = 0
    for nines in range(8):
        data = b"\x90\x91\x92\x93\x94\x95\x96\x97"[:nines]
        raw = deflate.fixed_block(data, final=True)
        left = -(3 + 9 * nines + 7) % 8
        for filling in range(1 << left):
            filled = raw[:-1] + bytes([raw[-1] | filling << (8 - left)])
            assert inflate_whole(filled, nines) == data
            opened = _open_end(filled, data)
            if opened is not None:
                joined += 1
                assert inflate_whole(opened + following, nines + 12) == data + b"what follows"
            else:
                assert filling

    assert joined >= 8


def test_a_stream_that_cannot_be_opened_ends_its_member() -> None:
    data = b"\x90"
    raw = deflate.fixed_block(data, final=True)
    # 3 + 9 + 7 bits leave five, which should be zeros.
    filled = raw[:-1] + bytes([raw[-1] | 0xF8])

    blob, _ = spliced([Entry("a", content=payload(data, filled)), file("b", b"2")])

    assert len(members(blob)) == 2
    assert {name: found.data for name, found in untar(gunzip(blob)).items()} == {
        "a": data,
        "b": b"2",
    }


@pytest.mark.parametrize(
    ("size", "count"), [(JOIN_LIMIT, 1), (JOIN_LIMIT + 1, 2)], ids=["at-limit", "over-limit"]
)
def test_what_is_too_large_to_hold_is_not_joined(size: int, count: int) -> None:
    raw = deflated(bytes(size))
    assert raw[0] & 1

    blob, _ = spliced([Entry("a", content=payload(bytes(size), raw))])

    assert len(members(blob)) == count
    assert untar(gunzip(blob))["a"].data == bytes(size)


def test_few_members_for_many_files() -> None:
    large = Entry("large", content=payload(NOISE))
    small = [Entry(f"{n}", content=payload(TEXT)) for n in range(50)]

    blob, _ = spliced([*small[:25], large, *small[25:]])

    assert len(members(blob)) == 2


# Content that is not deflated


@pytest.mark.parametrize("size", [1, 65535, 65536, 200_000])
def test_content_of_other_methods_becomes_stored_blocks(size: int) -> None:
    data = NOISE[:size]
    plain = Plain("x", size, zlib.crc32(data), lambda: iter([data[:1000], data[1000:]]))

    blob, _ = spliced([Entry("a", content=plain), file("b", data)])

    assert len(members(blob)) == 1
    assert blob.count(deflate.stored_blocks(data)) == 2
    assert untar(gunzip(blob))["a"].data == data


def test_the_place_of_a_generated_file_is_told() -> None:
    entries = [
        Entry("a", content=payload(TEXT)),
        file("record", NOISE),
        file("empty", b""),
        file("b", b"x"),
    ]

    blob, written = spliced(entries, ["record", "empty", "not there"])

    extent = written.extents["record"]
    assert deflate.read_stored(blob[extent.offset : extent.offset + extent.size]) == NOISE
    assert written.extents["empty"].size == 0
    assert set(written.extents) == {"record", "empty"}


# What is not what it says


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (replace(payload(TEXT), crc=0), "its CRC-32 differs"),
        (replace(payload(NOISE), crc=0), "its CRC-32 differs"),
        (payload(TEXT, deflated(TEXT) + deflated(b"hidden")), "there are bytes behind the end"),
        (payload(NOISE, deflated(NOISE) + b"\0"), "there are bytes behind the end"),
        (replace(payload(TEXT), size=1), "it holds more than the 1 bytes that it says"),
        (payload(b"", deflated(TEXT)), "it holds more than the 0 bytes that it says"),
        (payload(b"", b""), "its deflate stream does not end"),
        (replace(payload(bytes(2 * JOIN_LIMIT)), crc=1), "its CRC-32 differs"),
        (
            payload(bytes(2 * JOIN_LIMIT), deflated(bytes(2 * JOIN_LIMIT)) + b"\1"),
            "there are bytes behind the end",
        ),
        (Plain("`a` of wheel `b`", 0, 1, lambda: iter([])), "its CRC-32 differs"),
        (Plain("`a` of wheel `b`", 0, 0, lambda: iter([b"x"])), "it holds more than the 0 bytes"),
        (Plain("`a` of wheel `b`", 2, 0, lambda: iter([b"x"])), "it holds 1 bytes and says 2"),
    ],
)
def test_damaged_content_stops_the_layer(content: Payload | Plain, text: str) -> None:
    with pytest.raises(DamagedPayload) as caught:
        spliced([Entry("a", content=content)])

    assert str(caught.value).startswith(f"Unable to unpack `a` of wheel `b`: {text}")


@pytest.mark.parametrize("size", [0, 2])
def test_a_file_that_changes_while_it_is_read_stops_the_layer(size: int) -> None:
    content = Streamed(size, lambda: io.BytesIO(b"abc"))

    with pytest.raises(ContentChanged):
        spliced([Entry("a", content=content)])


# Nothing but the entries


def test_how_raw_bytes_come_does_not_matter() -> None:
    def blob(pieces: int) -> bytes:
        contents = [payload(data, pieces=pieces) for data in (TEXT, NOISE, bytes(2 * JOIN_LIMIT))]
        return spliced([Entry(str(n), content=c) for n, c in enumerate(contents)])[0]

    assert blob(1 << 18) == blob(1000) == blob(1 << 30)


def test_the_date_is_in_the_headers() -> None:
    written = [splice([file("a", b"x")], lambda data: None, mtime=mtime) for mtime in (1, 2)]

    assert written[0].diff_id != written[1].diff_id


@dataclass(frozen=True)
class Zeros:
    """Many zeros."""

    size: int

    def chunks(self) -> Iterator[bytes]:
        for at in range(0, self.size, 1 << 18):
            yield bytes(min(1 << 18, self.size - at))


def test_any_number_of_empty_files_needs_little_memory() -> None:
    count = 5_000
    entries = (Entry(f"{n}") for n in range(count))

    tracemalloc.start()
    try:
        written = splice(entries, lambda data: None, mtime=MTIME)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert written.unpacked_size == 512 * count + 1024
    assert peak < 1 << 20


def test_headers_that_are_held_back_lose_nothing() -> None:
    count = 2 * PENDING_LIMIT // 512 + 3

    blob, _ = spliced(Entry(f"{n}") for n in range(count))

    assert len(members(blob)) == 1
    assert list(untar(gunzip(blob))) == [f"{n}" for n in range(count)]


def test_large_content_needs_little_memory() -> None:
    size = 100 << 20

    tracemalloc.start()
    try:
        written = splice([Entry("a", content=Zeros(size))], lambda data: None, mtime=MTIME)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert written.unpacked_size > size
    assert peak < 4 << 20


def test_a_literal_of_nothing_is_an_empty_file() -> None:
    assert spliced([Entry("a", content=Literal(b""))])[0] == spliced([Entry("a")])[0]


def test_what_is_packed_lies_in_a_member_of_its_own_at_the_end() -> None:
    entries = [file("a.py", b"x = 1\n"), file("generated", b"y" * 100)]
    small = [directory("c"), file("c/a.pyc", b"z" * 5000), file("c/empty.pyc", b"")]
    blob, plain = io.BytesIO(), io.BytesIO()

    written = splice(
        entries, blob.write, mtime=MTIME, extents=("generated",),
        packed=Packed(iter(small), GzipWriter),
    )  # fmt: skip
    splice(entries, plain.write, mtime=MTIME)

    archive = gunzip(blob.getvalue())
    found = untar(archive)
    assert list(found) == ["a.py", "generated", "c", "c/a.pyc", "c/empty.pyc"]
    assert found["c/a.pyc"].data == b"z" * 5000
    assert written.digest == Digest.of(blob.getvalue())
    assert written.diff_id == Digest.of(archive)
    assert (written.size, written.unpacked_size) == (len(blob.getvalue()), len(archive))
    first, last = members(blob.getvalue())
    assert not first.endswith(bytes(1024))
    assert last.endswith(bytes(1024))
    extent = written.extents["generated"]
    piece = blob.getvalue()[extent.offset : extent.offset + extent.size]
    assert read_stored(piece) == b"y" * 100


def test_with_nothing_to_pack_the_blob_is_what_it_was() -> None:
    entries = [file("a.py", b"x = 1\n")]
    one, other = io.BytesIO(), io.BytesIO()

    splice(entries, one.write, mtime=MTIME, packed=Packed((), GzipWriter))
    splice(entries, other.write, mtime=MTIME)

    assert one.getvalue() == other.getvalue()
