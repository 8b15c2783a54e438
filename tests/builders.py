"""Wheels, small and made in the test, down to the bytes of their zip: odd and hostile ones too."""

from __future__ import annotations

import base64
import bz2
import csv
import hashlib
import io
import lzma
import struct
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

STORED, DEFLATED, BZIP2, LZMA, ZSTANDARD = 0, 8, 12, 14, 93
UTF8, DESCRIPTOR, ENCRYPTED, LZMA_END = 0x800, 0x8, 0x1, 0x2
FILE, LINK, FOLDER = 0o100644, 0o120777, 0o40755

_IN_ZIP64 = 0xFFFFFFFF


@dataclass(frozen=True)
class Item:
    """One member of a wheel.

    Everything else follows from name, data and method; what is given beside them is said in its
    place, true or not.
    """

    name: str | bytes
    data: bytes = b""
    method: int = DEFLATED
    mode: int = FILE
    raw: bytes | None = None
    """The packed bytes."""
    size: int | None = None
    crc: int | None = None
    flags: int | None = None
    zip64: bool = False
    """Whether sizes and offset stand in zip64 fields."""
    at: int | None = None
    """The offset that the directory gives."""
    local: Mapping[str, int | bytes] = field(default_factory=dict)
    """What the local header says otherwise: name, method, flags, crc, raw_size, size, mark."""


def packed(data: bytes, method: int) -> bytes:
    """Return ``data`` as zip holds it."""
    if method == DEFLATED:
        return deflated(data)
    if method == BZIP2:
        return bz2.compress(data)
    if method == LZMA:
        alone = lzma.compress(data, lzma.FORMAT_ALONE)
        # Version and size of the properties, instead of the size of the content.
        return b"\x09\x04" + struct.pack("<H", 5) + alone[:5] + alone[13:]
    if method == ZSTANDARD:
        return zstandard.compress(data)
    return data


def deflated(data: bytes, *, level: int = 6, memory: int = 8, strategy: int = 0) -> bytes:
    """Return a raw deflate stream; with ``memory=1`` it has a block for every 128 symbols or so."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    return deflate.compress(data) + deflate.flush()


def make_zip(
    items: Iterable[Item], *, before: bytes = b"", behind: bytes = b"", comment: bytes = b""
) -> bytes:
    """Return a zip archive of ``items``; one of zip64 if any item is."""
    archive, directory, count = bytearray(before), bytearray(), 0
    items = tuple(items)
    for item in items:
        offset, truth = len(archive), _said(item)
        archive += _local(item, truth)
        directory += _central(item, truth, offset)
        count += 1
    start = len(archive)
    archive += directory
    place = count, count, len(directory), start
    if any(item.zip64 for item in items):
        archive += end64(start + len(directory), *place)
        place = 0xFFFF, 0xFFFF, _IN_ZIP64, _IN_ZIP64
    archive += end(*place, comment)
    return bytes(archive) + behind


def end(here: int, count: int, size: int, start: int, comment: bytes = b"") -> bytes:
    """Return the end record of an archive."""
    return (
        struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, here, count, size, start, len(comment)) + comment
    )


def end64(at: int, here: int, count: int, size: int, start: int) -> bytes:
    """Return the end record of zip64, for byte ``at``, and its locator."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, here, count, size, start)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)


def make_wheel(
    *items: Item,
    name: str = "demo",
    version: str = "1.0",
    without: Collection[str] = (),
) -> bytes:
    """Return a wheel that holds ``items`` and, last, its METADATA, WHEEL and a true RECORD.

    An item of the name of one of these stands instead of it; those in ``without`` are left out.
    """
    folder = f"{name}-{version}.dist-info"
    metadata = {
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    left_out = {item.name for item in items} | {f"{folder}/{file}" for file in without}
    members = [
        *items,
        *(Item(path, text.encode()) for path, text in metadata.items() if path not in left_out),
    ]
    path = f"{folder}/RECORD"
    if path not in left_out:
        members.append(Item(path, make_record(members, path)))
    return make_zip(members)


def make_record(items: Iterable[Item], path: str) -> bytes:
    """Return the RECORD of a wheel whose RECORD is at ``path``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(
        (item.name, f"sha256={_record_hash(item.data)}", len(item.data))
        for item in items
        if isinstance(item.name, str) and not item.name.endswith("/")
    )
    writer.writerow((path, "", ""))
    return text.getvalue().encode()


def write_wheel(
    folder: Path,
    *items: Item,
    name: str = "demo",
    version: str = "1.0",
    without: Collection[str] = (),
) -> Path:
    """Write the wheel that `make_wheel` makes into ``folder``, under its right name."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    path.write_bytes(make_wheel(*items, name=name, version=version, without=without))
    return path


def directory(name: str) -> Item:
    """Return the item of a directory, as zip tells it."""
    return Item(f"{name}/", method=STORED, mode=FOLDER)


def link(name: str, target: str) -> Item:
    """Return the item of a symlink, as zip tells it."""
    return Item(name, target.encode(), mode=LINK)


def _name(item: Item) -> bytes:
    return item.name if isinstance(item.name, bytes) else item.name.encode()


def _said(item: Item) -> dict[str, int | bytes]:
    """Return what the directory says of an item."""
    name, flags = _name(item), item.flags
    raw = packed(item.data, item.method) if item.raw is None else item.raw
    if flags is None:
        flags = 0 if name.isascii() else UTF8
        flags |= LZMA_END if item.method == LZMA else 0
    return {
        "name": name,
        "flags": flags,
        "method": item.method,
        "crc": zlib.crc32(item.data) if item.crc is None else item.crc,
        "size": len(item.data) if item.size is None else item.size,
        "raw_size": len(raw),
        "raw": raw,
        "mark": b"PK\3\4",
    }


def _local(item: Item, truth: dict[str, int | bytes]) -> bytes:
    """Return local header, content and, if the flags say so, the descriptor behind it."""
    deferred = int(truth["flags"]) & DESCRIPTOR
    said = {**truth, **dict.fromkeys(("crc", "size", "raw_size"), 0)} if deferred else dict(truth)
    said |= item.local
    extra, sizes = b"", (said["raw_size"], said["size"])
    if item.zip64:
        extra = struct.pack("<2H2Q", 1, 16, said["size"], said["raw_size"])
        sizes = (_IN_ZIP64, _IN_ZIP64)
    name = said["name"]
    assert isinstance(name, bytes)
    header = struct.pack(
        "<4s5H3L2H",
        said["mark"],
        20,
        said["flags"],
        said["method"],
        0,
        33,
        said["crc"],
        *sizes,
        len(name),
        len(extra),
    )
    raw = truth["raw"]
    assert isinstance(raw, bytes)
    parts = [header, name, extra, raw]
    if deferred:
        form = "<4sL2Q" if item.zip64 else "<4s3L"
        parts.append(struct.pack(form, b"PK\7\10", truth["crc"], truth["raw_size"], truth["size"]))
    return b"".join(parts)


def _central(item: Item, said: dict[str, int | bytes], offset: int) -> bytes:
    """Return the item's record in the directory."""
    name = _name(item)
    at = offset if item.at is None else item.at
    sizes, extra = (said["raw_size"], said["size"]), b""
    if item.zip64:
        # A field of another kind first, as Info-ZIP writes one for the time.
        extra = struct.pack("<2HB", 0x5455, 1, 0)
        extra += struct.pack("<2H3Q", 1, 24, said["size"], said["raw_size"], at)
        sizes, at = (_IN_ZIP64, _IN_ZIP64), _IN_ZIP64
    return b"".join(
        (
            struct.pack(
                "<4s6H3L5H2L",
                b"PK\1\2",
                3 << 8 | 20,
                20,
                said["flags"],
                said["method"],
                0,
                33,
                said["crc"],
                *sizes,
                len(name),
                len(extra),
                0,
                0,
                0,
                item.mode << 16,
                at,
            ),
            name,
            extra,
        )
    )


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
