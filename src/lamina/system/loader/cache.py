"""The loader's cache of libraries, ``/etc/ld.so.cache``: read, added to, written.

The format is glibc's own (sysdeps/generic/dl-cache.h). Read are all three that there are: the old
one, the new one, and the new one in the strings of an old one; written is the new one, which every
glibc since 2.2 reads. Since glibc 2.33 it has an extension section at its end, which older ones
pass over, with the names of the ``glibc-hwcaps`` folders.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamina.errors import LaminaError

PATH = "etc/ld.so.cache"

_OLD = b"ld.so-1.7.0\0"
_NEW = b"glibc-ld.so.cache1.1"
_HEADER = 48
_ENTRY = "iIIIQ"
_ENTRY_SIZE = 24
_OLD_ENTRY_SIZE = 12
_EXTENSION_MAGIC = 0xEAA42174
_GENERATOR, _HWCAPS = 0, 1
_BY_NAME = 1 << 62
"""In ``hwcap``: its low half is the number of a folder of ``glibc-hwcaps``."""
_LEVEL = (1 << 10) - 1
_LITTLE, _BIG = 2, 3
_LIMIT = 4 << 20
"""Bytes of a cache; that of a full desktop has 200,000."""
_STRING_LIMIT = 4096
_FOLDER_LIMIT = 64
"""Sections of extensions, and folders for processors; glibc has two and six."""

_PIECE = re.compile(rb"([0-9]+)|([^0-9])", re.DOTALL)
_DIGITS = 256
"""Above every character."""


class MalformedCache(LaminaError):
    """A cache that the loader would not read either."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"Unable to read the loader's cache `/{PATH}`: {problem}",
            hint="To have it made anew, run `ldconfig` in the base image",
        )


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One library: the name that programs ask for, and where it is."""

    soname: str
    path: str
    """Absolute."""
    flags: int
    hwcaps: str | None = None
    """Its folder in ``glibc-hwcaps``, for which a processor must be good enough."""
    isa_level: int = 0
    """Of a library in such a folder: what it says itself that it needs."""
    hwcap: int = 0
    """What older systems required of a processor, as bits."""
    os_version: int = 0


@dataclass(frozen=True, slots=True)
class Cache:
    """All libraries, in the order that the loader's search relies on."""

    entries: tuple[CacheEntry, ...] = ()
    is_big_endian: bool = False

    @classmethod
    def of(cls, entries: Iterable[CacheEntry], *, is_big_endian: bool = False) -> Cache:
        """Sort ``entries``; those that are equal to the loader stay in their order."""
        preferred = sorted(dict.fromkeys(entries), key=_preference)
        ordered = sorted(preferred, key=lambda each: name_key(each.soname), reverse=True)
        return cls(tuple(ordered), is_big_endian)

    @classmethod
    def parse(cls, data: bytes) -> Cache:
        """Read a cache. Raises `MalformedCache`."""
        if len(data) > _LIMIT:
            raise MalformedCache(f"it has {len(data)} bytes")
        try:
            return _Reader(data).read()
        except struct.error:
            raise MalformedCache("it is cut off") from None

    def encode(self) -> bytes:
        """Return the bytes of the cache, in the new format."""
        return b"".join(_write(self))


def name_key(name: str) -> tuple[int, ...]:
    """Return what orders names as the loader's search does (``_dl_cache_libcmp``).

    A number counts by its value, and more than any character.

    >>> name_key("libz.so.10") > name_key("libz.so.9") > name_key("libz.so")
    True
    """
    pieces = _PIECE.findall(_encoded(name))
    return tuple(_DIGITS + _wrapped(number) if number else ord(char) for number, char in pieces)


def _wrapped(number: bytes) -> int:
    """Return a number as a C ``int`` holds it, counted from the least that there is."""
    value = 0
    for digit in number:
        value = value * 10 + digit - ord("0") & 0xFFFFFFFF
    return value ^ 0x80000000


def _preference(entry: CacheEntry) -> tuple[object, ...]:
    """Order libraries of one name: that which the loader should take comes first."""
    return (
        -entry.flags,
        entry.hwcaps is None,
        entry.hwcaps or "",
        -entry.hwcap.bit_count(),
        -entry.hwcap,
        -entry.os_version,
    )


def _write(cache: Cache) -> Iterator[bytes]:
    order = ">" if cache.is_big_endian else "<"
    start = _HEADER + _ENTRY_SIZE * len(cache.entries)
    folders = sorted({each.hwcaps for each in cache.entries if each.hwcaps is not None})
    strings = _Strings(start)
    libraries = [
        struct.pack(
            f"{order}{_ENTRY}",
            each.flags,
            *strings.place(each.soname, each.path),
            each.os_version,
            _hwcap(each, folders),
        )
        for each in cache.entries
    ]
    names = [strings.add(name) for name in folders]
    padding = -(start + len(strings.data)) % 4
    extension_at = start + len(strings.data) + padding
    head = (len(cache.entries), len(strings.data), _BIG if cache.is_big_endian else _LITTLE)
    yield struct.pack(f"{order}20sIIB3xI12x", _NEW, *head, extension_at)
    yield from libraries
    yield bytes(strings.data) + bytes(padding)
    yield from _extension(order, extension_at, names)


def _hwcap(entry: CacheEntry, folders: Sequence[str]) -> int:
    if entry.hwcaps is None:
        return entry.hwcap
    return _BY_NAME | entry.isa_level << 32 | folders.index(entry.hwcaps)


def _extension(order: str, at: int, names: Sequence[int]) -> Iterator[bytes]:
    """Give the directory of extensions: who made the cache, and the folders for processors."""
    generator = b"lamina"
    count = 2 if names else 1
    behind = at + 8 + 16 * count
    array = struct.pack(f"{order}{len(names)}I", *names)
    yield struct.pack(f"{order}II", _EXTENSION_MAGIC, count)
    yield struct.pack(f"{order}IIII", _GENERATOR, 0, behind + len(array), len(generator))
    if names:
        yield struct.pack(f"{order}IIII", _HWCAPS, 0, behind, len(array))
    yield array + generator


class _Strings:
    """The table of strings: each once, and a name shared with the path that ends in it."""

    def __init__(self, start: int) -> None:
        self.data = bytearray()
        self._start = start
        self._places: dict[str, int] = {}

    def add(self, text: str) -> int:
        if text not in self._places:
            self._places[text] = self._start + len(self.data)
            self.data += _encoded(text) + b"\0"
        return self._places[text]

    def place(self, soname: str, path: str) -> tuple[int, int]:
        at = self.add(path)
        if path.endswith(soname):
            return at + len(_encoded(path)) - len(_encoded(soname)), at
        return self.add(soname), at


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _Reader:
    """Reads a cache whose every offset may be a lie."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._base = 0
        self._order = "<"

    def read(self) -> Cache:
        if self._data.startswith(_OLD):
            return self._old()
        if self._data.startswith(_NEW):
            return self._new()
        raise MalformedCache("it does not begin as one")

    def _old(self) -> Cache:
        count = self._count(12, 16, _OLD_ENTRY_SIZE)
        # Behind the entries, where the old format has its strings, a new one may begin.
        for base in {_aligned(16 + count * _OLD_ENTRY_SIZE, to) for to in (4, 8)}:
            if self._data.startswith(_NEW, base):
                self._base = base
                return self._new()
        self._base = 16 + count * _OLD_ENTRY_SIZE
        found = (self._ints("iII", 16 + at * _OLD_ENTRY_SIZE) for at in range(count))
        entries = [
            CacheEntry(self._text(key), self._text(value), flags) for flags, key, value in found
        ]
        return Cache.of(entries, is_big_endian=self._order == ">")

    def _new(self) -> Cache:
        base = self._base
        endian = self._ints("B", base + 28)[0] & 3
        if endian == 1:
            raise MalformedCache("it says itself that it is invalid")
        if endian:
            self._order = ">" if endian == _BIG else "<"
        count = self._count(base + 20, base + _HEADER, _ENTRY_SIZE)
        (extension_at,) = self._ints("I", base + 32)
        folders = tuple(self._folders(extension_at)) if extension_at else ()
        entries = [
            self._entry(base + _HEADER + number * _ENTRY_SIZE, folders) for number in range(count)
        ]
        return Cache.of(entries, is_big_endian=self._order == ">")

    def _entry(self, at: int, folders: Sequence[str]) -> CacheEntry:
        flags, key, value, os_version, hwcap = self._ints(_ENTRY, at)
        soname, path = self._text(key), self._text(value)
        if hwcap >> 32 & ~_LEVEL != _BY_NAME >> 32:
            return CacheEntry(soname, path, flags, hwcap=hwcap, os_version=os_version)
        number, level = hwcap & 0xFFFFFFFF, hwcap >> 32 & _LEVEL
        if number >= len(folders):
            raise MalformedCache(f"folder {number} of glibc-hwcaps is not there")
        return CacheEntry(soname, path, flags, folders[number], level, os_version=os_version)

    def _folders(self, at: int) -> Iterator[str]:
        magic, count = self._ints("II", at)
        if magic != _EXTENSION_MAGIC:
            raise MalformedCache("its extensions do not begin as such")
        sections = [self._ints("IIII", at + 8 + 16 * number) for number in range(_few(count))]
        for tag, _, offset, size in sections:
            if tag == _HWCAPS:
                yield from map(self._text, self._ints(f"{_few(size // 4)}I", offset))

    def _count(self, at: int, start: int, size: int) -> int:
        """Return the number of entries; without a word on the order of bytes, that which fits."""
        for order in (self._order, ">"):
            self._order = order
            (count,) = self._ints("I", at)
            if start + count * size <= len(self._data):
                return int(count)
        raise MalformedCache("it is cut off")

    def _ints(self, layout: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + layout, self._data, at)

    def _text(self, offset: int) -> str:
        start = self._base + offset
        end = self._data.find(b"\0", start, start + _STRING_LIMIT)
        if end == -1:
            raise MalformedCache(f"no string at byte {start}")
        return self._data[start:end].decode("utf-8", "surrogateescape")


def _few(count: int) -> int:
    if count > _FOLDER_LIMIT:
        raise MalformedCache(f"it has {count} extensions")
    return count


def _aligned(size: int, to: int) -> int:
    return -(-size // to) * to
