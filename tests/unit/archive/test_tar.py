"""Tar headers: ustar where it can say it, PAX where it cannot, never GNU."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lamina.archive import tar
from lamina.archive.entry import Entry, Kind, directory, file, symlink

MTIME = 1_000_000_000


@dataclass(frozen=True)
class Huge:
    """Content of which only the size matters."""

    size: int

    def chunks(self) -> Iterator[bytes]:
        raise AssertionError("a header needs no bytes")


def read(entry: Entry, mtime: int = MTIME) -> tarfile.TarInfo:
    """Return what Python's reader sees."""
    archive = tar.header(entry, mtime) + tar.padding(entry.content.size) + tar.END
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as reader:
        info = reader.next()
    assert info is not None
    return info


def test_a_header_is_these_bytes() -> None:
    header = tar.header(file("opt/venv/bin/run", b"#!x", 0o755), MTIME)

    assert header == (
        b"opt/venv/bin/run".ljust(100, b"\0")
        + b"0000755\x000000000\x000000000\x0000000000003\x0007346545000\x00"
        + b"011062\x00 "
        + b"0".ljust(101, b"\0")
        + b"ustar\x0000".ljust(8 + 32 + 32 + 8 + 8, b"\0")
        + bytes(155 + 12)
    )


def test_nothing_of_the_builder_is_in_a_header() -> None:
    info = read(file("a", b""))

    assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")
    assert (info.mtime, info.devmajor, info.devminor) == (MTIME, 0, 0)
    assert info.pax_headers == {}


@pytest.mark.parametrize(
    ("entry", "type_"),
    [
        (file("a", b"x"), tarfile.REGTYPE),
        (directory("a"), tarfile.DIRTYPE),
        (symlink("a", "b"), tarfile.SYMTYPE),
        (Entry("a", Kind.HARDLINK, target="b"), tarfile.LNKTYPE),
    ],
    ids=["file", "directory", "symlink", "hardlink"],
)
def test_every_kind_has_its_type(entry: Entry, type_: bytes) -> None:
    info = read(entry)

    assert (info.name, info.type, info.mode) == ("a", type_, entry.mode)
    assert info.linkname == entry.target


def test_only_files_have_a_size() -> None:
    assert read(Entry("a", Kind.SYMLINK, content=Huge(9), target="b")).size == 0
    assert read(file("a", b"123")).size == 3


def test_owner_and_mode_are_the_entrys() -> None:
    info = read(Entry("a", mode=0o4755, uid=1000, gid=0o7777777))

    assert (info.mode, info.uid, info.gid) == (0o4755, 1000, 0o7777777)
    assert info.pax_headers == {}


@pytest.mark.parametrize(
    ("path", "prefix", "name"),
    [
        ("n" * 100, "", "n" * 100),
        ("p/" + "n" * 100, "p", "n" * 100),
        ("p" * 155 + "/" + "n" * 100, "p" * 155, "n" * 100),
        # The first slash that will do.
        ("a/b/" + "n" * 98, "a", "b/" + "n" * 98),
    ],
    ids=["whole", "short-prefix", "longest", "first-slash"],
)
def test_a_long_path_is_split_at_a_slash(path: str, prefix: str, name: str) -> None:
    header = tar.header(Entry(path), MTIME)

    assert len(header) == 512
    assert header[:100].rstrip(b"\0").decode() == name
    assert header[345:500].rstrip(b"\0").decode() == prefix
    assert read(Entry(path)).name == path


def test_the_slash_of_a_directory_is_its_own() -> None:
    # It counts, but nothing can be split at it.
    assert len(tar.header(directory("n" * 99), MTIME)) == 512
    assert len(tar.header(directory("n" * 100), MTIME)) == 3 * 512
    assert len(tar.header(directory("p/" + "n" * 99), MTIME)) == 512
    for path in ("n" * 99, "n" * 100, "p/" + "n" * 99, "p/" + "n" * 100):
        assert read(directory(path)).name == path
        assert read(directory(path)).isdir()


@pytest.mark.parametrize(
    ("entry", "records"),
    [
        (Entry("é"), {"path": "é"}),
        (directory("é"), {"path": "é/"}),
        (Entry("n" * 101), {"path": "n" * 101}),
        (Entry("/".join(["p" * 155, "n" * 101])), {"path": "p" * 155 + "/" + "n" * 101}),
        (Entry("p" * 156 + "/n"), {"path": "p" * 156 + "/n"}),
        (Entry("a/" * 200 + "n"), {"path": "a/" * 200 + "n"}),
        (symlink("a", "t" * 101), {"linkpath": "t" * 101}),
        (symlink("a", "é"), {"linkpath": "é"}),
        (symlink("é", "ü"), {"linkpath": "ü", "path": "é"}),
        (Entry("a", content=Huge(8 << 30)), {"size": str(8 << 30)}),
        (Entry("a", uid=0o10000000), {"uid": "2097152"}),
        (Entry("a", gid=0o10000000), {"gid": "2097152"}),
        (
            Entry("a", capabilities=b"\1\0\0\2\0 " + bytes(14)),
            {"SCHILY.xattr.security.capability": "\1\0\0\2\0 " + "\0" * 14},
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_pax_says_what_ustar_cannot(entry: Entry, records: dict[str, str]) -> None:
    info = read(entry)

    assert tar.header(entry, MTIME)[156:157] == b"x"
    assert info.pax_headers == records
    assert (info.name, info.linkname) == (entry.path, entry.target)
    assert (info.size, info.uid, info.gid) == (entry.content.size, entry.uid, entry.gid)


def test_eight_gibibytes_less_one_need_no_pax() -> None:
    entry = Entry("a", content=Huge((8 << 30) - 1))

    assert len(tar.header(entry, MTIME)) == 512
    assert read(entry).size == (8 << 30) - 1


def test_a_date_that_ustar_cannot_say_is_in_pax() -> None:
    assert read(Entry("a"), (8 << 30) - 1).pax_headers == {}
    assert read(Entry("a"), 8 << 30).pax_headers == {"mtime": str(8 << 30)}
    assert read(Entry("a"), 8 << 30).mtime == 8 << 30


def test_a_pax_header_is_these_bytes() -> None:
    header = tar.header(Entry("é"), MTIME)

    assert len(header) == 3 * 512
    assert header[:100] == b"././@PaxHeader".ljust(100, b"\0")
    assert header[156:157] == b"x"
    assert header[512:1024] == b"11 path=\xc3\xa9\n".ljust(512, b"\0")
    # What a reader that knows no PAX sees.
    assert header[1024:1124] == b"?".ljust(100, b"\0")


def test_no_header_is_gnus() -> None:
    entries = [
        Entry("n" * 300),
        symlink("a", "t" * 300),
        Entry("a", content=Huge(1 << 40)),
        Entry("a", uid=1 << 40),
    ]

    for entry in entries:
        header = tar.header(entry, MTIME)
        blocks = [header[at : at + 512] for at in (0, len(header) - 512)]
        assert all(block[257:265] == b"ustar\x0000" for block in blocks)
        assert not any(block[156:157] in (b"L", b"K") for block in blocks)
        assert not any(byte & 0x80 for block in blocks for byte in block[100:148])


@pytest.mark.parametrize("length", [*range(85, 105), *range(975, 1005)])
def test_the_length_of_a_pax_record_counts_itself(length: int) -> None:
    assert read(Entry("é" + "n" * length)).name == "é" + "n" * length


def test_padding_fills_a_block() -> None:
    assert [len(tar.padding(size)) for size in (0, 1, 511, 512, 513)] == [0, 511, 1, 0, 511]
    assert bytes(1024) == tar.END
