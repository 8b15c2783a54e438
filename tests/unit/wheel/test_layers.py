"""From a wheel on disk to the blob of its layer."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from isal import igzip, igzip_lib, igzip_threaded, isal_zlib

from builders import BZIP2, LZMA, STORED, ZSTANDARD, Item, directory, link, make_zip, write_wheel
from lamina.archive.blob import Written
from lamina.archive.entry import file
from lamina.archive.layer import write_layer
from lamina.archive.payload import DamagedPayload
from lamina.archive.splice import splice
from lamina.errors import LaminaError
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import layer_entries, unpack
from layers import MTIME, gunzip, members, untar

SCHEME = Scheme("/opt/venv", "3.12")
SITE = "opt/venv/lib/python3.12/site-packages"
TEXT = b"To be, or not to be, that is the question. " * 100
MIB = 1 << 20


def layer(path: Path, write: list[bytes] | None = None) -> Written:
    """Write the layer of a wheel, into ``write`` if it is wanted."""
    with WheelFile(path, path.name) as wheel:
        sink = (lambda data: None) if write is None else write.append
        return splice(layer_entries([unpack(wheel, SCHEME)]), sink, mtime=MTIME)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with a member of every kind."""
    return write_wheel(
        tmp_path,
        Item("demo/__init__.py"),
        Item("demo/deflated.py", TEXT),
        Item("demo/stored.py", TEXT, STORED),
        Item("demo/bzip2.py", TEXT, BZIP2),
        Item("demo/lzma.py", TEXT, LZMA),
        Item("demo/zstandard.py", TEXT, ZSTANDARD),
        Item("demo/zip64.py", TEXT, zip64=True),
        Item("demo/é.py", TEXT),
        Item("demo-1.0.data/scripts/run", b"#!python\nprint(1)\n"),
        Item("demo-1.0.dist-info/entry_points.txt", b"[console_scripts]\ncmd=demo:main\n"),
        link("demo/link.py", "stored.py"),
        directory("demo/nothing"),
    )


def test_a_wheel_of_every_kind_is_read_back(wheel: Path) -> None:
    blob: list[bytes] = []

    written = layer(wheel, blob)

    found = untar(gunzip(b"".join(blob)))
    assert written.size == sum(map(len, blob))
    for name in ("deflated", "stored", "bzip2", "lzma", "zstandard", "zip64", "é"):
        assert found[f"{SITE}/demo/{name}.py"].data == TEXT
    assert found[f"{SITE}/demo/link.py"].data == b"stored.py"
    assert found[f"{SITE}/demo/__init__.py"].data == b""
    assert found["opt/venv/bin/run"].data == b"#!/opt/venv/bin/python\nprint(1)\n"
    assert found["opt/venv/bin/cmd"].mode == 0o755
    assert found[f"{SITE}/demo/nothing"].mode == 0o755
    assert len(members(b"".join(blob))) == 1


def refuse(*arguments: object, **options: object) -> None:
    raise AssertionError("a compressor was asked")


COMPRESSORS = [
    (zlib, "compress"),
    (zlib, "compressobj"),
    (isal_zlib, "compress"),
    (isal_zlib, "compressobj"),
    (igzip_lib, "compress"),
    (igzip, "compress"),
    (igzip, "open"),
    (igzip, "IGzipFile"),
    (igzip_threaded, "open"),
    (gzip, "compress"),
    (gzip, "open"),
    (gzip, "GzipFile"),
    (bz2, "compress"),
    (bz2, "BZ2Compressor"),
    (lzma, "compress"),
    (lzma, "LZMACompressor"),
    (zstandard, "compress"),
    (zstandard, "ZstdCompressor"),
]


@pytest.fixture
def no_compressor(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every compressor raise, once the wheel is there."""
    for module, name in COMPRESSORS:
        monkeypatch.setattr(module, name, refuse)


@pytest.mark.usefixtures("no_compressor")
def test_no_compressor_is_asked_while_a_wheels_layer_is_written(wheel: Path) -> None:
    assert layer(wheel).size > 0


@pytest.mark.usefixtures("no_compressor")
def test_a_layer_of_generated_content_would_have_asked_one() -> None:
    with pytest.raises(AssertionError, match=r"^a compressor was asked$"):
        write_layer([file("a", b"x")], lambda data: None, mtime=MTIME)


# Constant memory


def stream_of_zeros(mib: int) -> Item:
    """Return a member of many zeros, whose deflate stream is made without having them all."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = deflater.compress(bytes(MIB)) + deflater.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(mib):
        crc = zlib.crc32(bytes(MIB), crc)
    return Item("demo/zeros.bin", raw=one * mib + b"\3\0", size=mib * MIB, crc=crc)


@pytest.fixture
def traced() -> Iterator[None]:
    """Count memory while the test runs."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.fixture(scope="module")
def large_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel whose members are large when unpacked, and one that is large in the wheel."""
    stored = bytes(32 * MIB)
    item = Item("demo/stored.bin", stored, STORED)
    return write_wheel(tmp_path_factory.mktemp("large"), stream_of_zeros(96), item)


@pytest.mark.usefixtures("large_wheel", "traced")
def test_a_large_wheel_needs_little_memory(large_wheel: Path) -> None:
    written = layer(large_wheel)

    assert written.unpacked_size > 128 * MIB
    assert tracemalloc.get_traced_memory()[1] < 16 * MIB


@pytest.fixture(
    params=[
        pytest.param({"method": 8}, id="deflate"),
        pytest.param({"method": ZSTANDARD}, id="zstandard"),
        pytest.param({"method": BZIP2}, id="bzip2"),
        pytest.param({"method": LZMA}, id="lzma"),
    ]
)
def bomb(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A wheel with a member that unpacks to much more than it says."""
    item = Item("demo/bomb.bin", bytes(24 * MIB), size=1000, **request.param)
    return write_wheel(tmp_path, item)


@pytest.mark.usefixtures("bomb", "traced")
def test_a_bomb_is_refused_with_little_memory(bomb: Path) -> None:
    with pytest.raises(DamagedPayload) as caught:
        layer(bomb)

    assert str(caught.value) == (
        f"Unable to unpack `demo/bomb.bin` of wheel `{bomb.name}`: "
        "it holds more than the 1000 bytes that it says"
    )
    assert tracemalloc.get_traced_memory()[1] < 12 * MIB


@pytest.mark.parametrize("size", [1 << 40, 1 << 63])
def test_a_declared_bomb_is_refused_before_anything_is_read(tmp_path: Path, size: int) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(make_zip([Item("a", zip64=True, size=size)]))

    with pytest.raises(LaminaError) as caught:
        layer(path)

    assert str(caught.value) == (
        f"Wheel `{path.name}` unpacks to {size} bytes, more than the limit of 17179869184"
    )
