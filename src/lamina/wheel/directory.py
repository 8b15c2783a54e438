"""The central directory of a zip archive (APPNOTE.TXT 4.3.12 to 4.3.16, 4.5.3), read strictly.

Where two readers of zip could see two archives (bytes before or behind it, end records that
differ, another number of records than said), there is none to see here. The standard library's
reader accepts such archives, and its answers change between Python versions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import IO, NamedTuple

MOST_RECORDS = 500_000
"""How many members an archive may have; the largest wheels known have under 50,000."""

_MOST_BYTES = 1 << 27
_END = Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_LONGEST_COMMENT = 0xFFFF
_LOCATOR = Struct("<4sLQL")
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_END64 = Struct("<4sQ2H2L4Q")
_END64_SIGNATURE = b"PK\x06\x06"
_RECORD = Struct("<4s6H3L5H2L")
_RECORD_SIGNATURE = b"PK\x01\x02"
_ZIP64_FIELD = 1
_IN_ZIP64 = 0xFFFFFFFF
_COUNT_IN_ZIP64 = 0xFFFF


class UnsoundArchive(Exception):
    """Why a file is no zip archive that all readers read alike; who knows its name tells it."""


class Record(NamedTuple):
    """What the directory says of one member."""

    name: bytes
    flags: int
    method: int
    crc: int
    raw_size: int
    size: int
    mode: int
    """The upper half of its external attributes, where Unix keeps the mode."""
    offset: int
    """Of its local header."""


class _Place(NamedTuple):
    """Where an end record says that the directory is."""

    members: int
    size: int
    offset: int


def read_directory(file: IO[bytes]) -> tuple[list[Record], int]:
    """Return the records in the order of their bytes, and where the directory begins.

    Raises `UnsoundArchive`.
    """
    place, end = _find(file.fileno())
    if place.offset + place.size != end:
        raise UnsoundArchive(
            "its directory is not where it says; there are bytes before or within it"
        )
    if place.members > MOST_RECORDS or place.size > _MOST_BYTES:
        raise UnsoundArchive(f"it says {place.members} members, expected at most {MOST_RECORDS}")
    data = os.pread(file.fileno(), place.size, place.offset)
    records = sorted(_records(data, place.members), key=lambda record: record.offset)
    if records and records[0].offset:
        raise UnsoundArchive("there are bytes before its first member")
    return records, place.offset


def widen(extra: bytes, numbers: Sequence[int]) -> list[int]:
    """Return ``numbers``, those that stand for "see zip64" taken from that extra field, in order.

    A number that the field does not hold stays as it is.
    """
    field = _zip64_field(extra) if _IN_ZIP64 in numbers else b""
    wide = []
    for number in numbers:
        if number == _IN_ZIP64 and len(field) >= 8:
            number, field = int.from_bytes(field[:8], "little"), field[8:]
        wide.append(number)
    return wide


def _zip64_field(extra: bytes) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        kind, length = extra[at] | extra[at + 1] << 8, extra[at + 2] | extra[at + 3] << 8
        if kind == _ZIP64_FIELD:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return b""


def _find(descriptor: int) -> tuple[_Place, int]:
    """Return what the end record says, and where the directory has to end."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _END.size - _LONGEST_COMMENT - _LOCATOR.size)
    tail = os.pread(descriptor, size - start, start)
    at = tail.rfind(_END_SIGNATURE, 0, max(0, len(tail) - _END.size + len(_END_SIGNATURE)))
    if at < 0:
        raise UnsoundArchive("it is no zip archive, or its end is missing")
    _, disk, first, here, count, directory_size, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise UnsoundArchive("there are bytes behind its end")
    if disk or first or here != count:
        raise UnsoundArchive("it is a part of an archive in several files")
    place = _Place(count, directory_size, offset)
    locator = tail[max(0, at - _LOCATOR.size) : at]
    if not locator.startswith(_LOCATOR_SIGNATURE):
        return place, start + at
    return _find64(descriptor, place, locator, start + at - len(locator))


def _find64(descriptor: int, place: _Place, locator: bytes, end: int) -> tuple[_Place, int]:
    """Return what the zip64 end record says; ``place`` is what the ordinary one said."""
    *_, at, _ = _LOCATOR.unpack(locator)
    record = os.pread(descriptor, _END64.size, at) if at < end else b""
    if len(record) < _END64.size or not record.startswith(_END64_SIGNATURE):
        raise UnsoundArchive("its zip64 end record is missing")
    _, length, _, _, _, _, _, *fields = _END64.unpack(record)
    wide = _Place(*fields)
    unsaid = _Place(_COUNT_IN_ZIP64, _IN_ZIP64, _IN_ZIP64)
    if any(old not in (new, none) for old, new, none in zip(place, wide, unsaid, strict=True)):
        raise UnsoundArchive("its two end records differ")
    if at + 12 + length != end:
        raise UnsoundArchive("there are bytes between its two end records")
    return wide, at


def _records(data: bytes, count: int) -> Iterator[Record]:
    at = 0
    for _ in range(count):
        if len(data) - at < _RECORD.size or data[at : at + 4] != _RECORD_SIGNATURE:
            raise UnsoundArchive("its directory is damaged, or holds fewer members than it says")
        (_, _, _, flags, method, _, _, crc, raw_size, size, *lengths, _, _, attributes, offset) = (
            _RECORD.unpack_from(data, at)
        )
        name_end = at + _RECORD.size + lengths[0]
        extra_end = name_end + lengths[1]
        name = data[at + _RECORD.size : name_end]
        if _IN_ZIP64 in (size, raw_size, offset):
            size, raw_size, offset = widen(data[name_end:extra_end], (size, raw_size, offset))
        yield Record(name, flags, method, crc, raw_size, size, attributes >> 16, offset)
        at = extra_end + lengths[2]
    if at != len(data):
        raise UnsoundArchive("its directory is damaged, or holds more members than it says")
