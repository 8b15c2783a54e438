"""Debian packages as files, sound and not."""

from __future__ import annotations

import lzma
import tarfile
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from debs import Item, make_ar, make_deb, make_tar
from lamina.deb.control import ControlError
from lamina.deb.file import DebFile, UnreadableDeb

CONTROL = make_tar([Item("./control", b"Package: a\nVersion: 1\nArchitecture: all\n")])
FORMAT = ("debian-binary", b"2.0\n")


@pytest.fixture
def open_deb(tmp_path: Path) -> OpenDeb:
    return OpenDeb(tmp_path)


class OpenDeb:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, data: bytes) -> DebFile:
        path = self.folder / "a.deb"
        path.write_bytes(data)
        return DebFile(path, "a.deb")


@pytest.mark.parametrize("compression", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_control_and_data_are_read(open_deb: OpenDeb, compression: str) -> None:
    data = make_deb(
        [Item("./etc/x", b"content")],
        fields="Multi-Arch: same\n",
        control_files={"md5sums": b"0  etc/x\n"},
        compression=compression,
    )

    with open_deb(data) as deb:
        assert deb.control["Package"] == "demo"
        assert deb.control_files["md5sums"] == b"0  etc/x\n"
        with deb.data() as tar:
            assert [(member.name, member.size) for member in tar] == [(".", 0), ("./etc/x", 7)]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it is no ar archive"),
        (b"<html>", "it is no ar archive"),
        (b"!<arch>\nshort", "malformed ar header at byte 8"),
        (make_ar([FORMAT])[:-1], "`debian-binary` is cut off"),
        (
            make_ar([FORMAT]).replace(b"4         `", b"-60       `"),
            "malformed ar header at byte 8",
        ),
        (make_ar([]), "it has no `debian-binary`"),
        (make_ar([("debian-binary", b"3.0\n")]), "its format is not 2 but `3.0`"),
        (make_ar([FORMAT]), "expected one `control.tar`, got: 0"),
        (
            make_ar([FORMAT, ("control.tar", b""), ("control.tar.xz", b"")]),
            "expected one `control.tar`, got: 2",
        ),
        (
            make_ar([FORMAT, ("control.tar.lzma", b"")]),
            "`control.tar.lzma` is of a compression that is not supported",
        ),
        (make_ar([FORMAT, ("control.tar", make_tar([]))]), "it has no control file"),
        (
            make_ar([FORMAT, ("control.tar.xz", b"garbage")]),
            "Input format not supported by decoder",
        ),
        (
            make_ar([FORMAT, ("control.tar.zst", b"garbage")]),
            "zstd decompress error: Unknown frame descriptor",
        ),
        (
            make_ar([FORMAT, ("control.tar.zst", zstandard.compress(bytes(9999))[:12])]),
            "empty file",
        ),
        (
            make_ar([FORMAT, ("control.tar.xz", lzma.compress(b"x" * 600)[:40])]),
            "compressed data ends early",
        ),
        (make_ar([FORMAT, ("control.tar", b"garbage")]), "truncated header"),
    ],
)
def test_a_damaged_package_is_told_with_what_is_wrong(
    open_deb: OpenDeb, data: bytes, problem: str
) -> None:
    with pytest.raises(UnreadableDeb) as caught:
        open_deb(data)

    assert str(caught.value) == f"Unable to read Debian package `a.deb`: {problem}"


def test_a_control_file_must_say_what_it_is_of(open_deb: OpenDeb) -> None:
    control = make_tar([Item("./control", b"Package: a\n")])

    with pytest.raises(ControlError) as caught:
        open_deb(make_ar([FORMAT, ("control.tar", control)]))

    assert str(caught.value) == (
        "Missing in the control file of `a.deb`: `Version`, `Architecture`"
    )


def test_a_huge_control_file_is_not_read(open_deb: OpenDeb) -> None:
    control = make_tar([Item("./control", bytes((16 << 20) + 1))])

    with pytest.raises(UnreadableDeb, match=r"`\./control` has 16777217 bytes"):
        open_deb(make_ar([FORMAT, ("control.tar", control)]))


def test_data_that_ends_early_is_told(open_deb: OpenDeb) -> None:
    data = make_tar([Item("./x", bytes(5000))])[:2000]

    with (
        open_deb(make_ar([FORMAT, ("control.tar", CONTROL), ("data.tar", data)])) as deb,
        pytest.raises(UnreadableDeb) as caught,
        deb.data() as tar,
    ):
        list(tar)

    assert str(caught.value) == "Unable to read Debian package `a.deb`: unexpected end of data"


def test_several_streams_in_one_part_are_read(open_deb: OpenDeb) -> None:
    for suffix, compress in ((".xz", lzma.compress), (".zst", zstandard.compress)):
        packed = compress(CONTROL[:700]) + compress(CONTROL[700:])

        with open_deb(make_ar([FORMAT, (f"control.tar{suffix}", packed)])) as deb:
            assert deb.control["Package"] == "a"


def test_the_control_files_together_are_bounded(open_deb: OpenDeb) -> None:
    items = [Item(f"./{number}", bytes(16 << 20)) for number in range(5)]

    with pytest.raises(UnreadableDeb, match="its control files have over 83886080 bytes"):
        open_deb(make_ar([FORMAT, ("control.tar.zst", zstandard.compress(make_tar(items)))]))


def test_a_name_that_is_a_bomb_is_not_held(open_deb: OpenDeb) -> None:
    long = Item("././@LongLink", bytes((1 << 20) + 1), type=tarfile.GNUTYPE_LONGNAME)

    with pytest.raises(UnreadableDeb) as caught:
        open_deb(make_ar([FORMAT, ("control.tar", make_tar([long]))]))

    assert str(caught.value) == (
        "Unable to read Debian package `a.deb`: a name or its attributes have 1048577 bytes"
    )


def test_a_stream_that_asks_for_much_memory_is_refused(open_deb: OpenDeb) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 << 20}]
    small = zstandard.ZstdCompressionParameters(window_log=29, format=zstandard.FORMAT_ZSTD1)
    packer = zstandard.ZstdCompressor(compression_params=small).compressobj()
    for suffix, data, problem in (
        (".xz", lzma.compress(CONTROL, filters=filters), "Memory usage limit exceeded"),
        (".zst", packer.compress(CONTROL) + packer.flush(), "Frame requires too much memory"),
    ):
        with pytest.raises(UnreadableDeb, match=problem):
            open_deb(make_ar([FORMAT, (f"control.tar{suffix}", data)]))


@pytest.mark.parametrize("compression", [".xz", ".zst", ".gz"])
def test_a_large_file_streams_by(open_deb: OpenDeb, compression: str) -> None:
    size = 16 << 20
    with open_deb(make_deb([Item("./zeros", bytes(size))], compression=compression)) as deb:
        tracemalloc.start()

        with deb.data() as tar:
            for member in tar:
                if content := tar.extractfile(member):
                    assert sum(map(len, iter(lambda: content.read(1 << 18), b""))) == size

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 12 << 20
