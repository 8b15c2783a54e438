"""What a shared library says of itself, noted while its bytes go by (gABI, System V ABI).

``ldconfig`` maps a file and looks where it likes. Here the content of a package is read once, from
front to end, so what is needed is held as it passes: the first `HELD` bytes, in which the headers
lie and, as every linker lays them out, the strings of the dynamic section; and that section itself,
which lies near the end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

HELD = 8 << 20
"""Bytes held of the front of a file. The strings of libLLVM, the longest known, end at 4 MB."""

_DYNAMIC_LIMIT = 1 << 16
"""Bytes of a dynamic section; those of real libraries take less than a thousand."""
_NAME_LIMIT = 4096
_SEGMENT_LIMIT = 512
"""Program headers of a file; real libraries have about ten."""

_MAGIC = b"\x7fELF"
_SHARED_OBJECT = 3
_LOAD, _DYNAMIC, _PROPERTY = 1, 2, 0x6474E553
_DT_NULL, _DT_STRTAB, _DT_SONAME = 0, 5, 14

_GNU_PROPERTY = (4, 5, b"GNU\0")
"""Size of the name, type and name of the note that holds properties (NT_GNU_PROPERTY_TYPE_0)."""
_ISA_NEEDED = 0xC0008002
"""GNU_PROPERTY_X86_ISA_1_NEEDED of the x86-64 psABI."""


@dataclass(frozen=True, slots=True)
class SharedObject:
    """An ELF file of type ET_DYN that has a dynamic section."""

    machine: int
    """``e_machine``, such as 62 for x86-64."""
    is_64: bool
    processor_flags: int
    """``e_flags``, which tell the floating point ABIs of some machines apart."""
    soname: str = ""
    """Empty if it says none, or says it behind what was held."""
    isa_level: int = 0
    """The highest level of x86-64 that it needs: 0 is the baseline, 3 is x86-64-v4."""


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class _Header:
    prefix: str
    is_64: bool
    machine: int
    processor_flags: int
    segments_at: int
    segment_size: int
    segment_count: int

    @property
    def is_likely(self) -> bool:
        return 0 < self.segment_count <= _SEGMENT_LIMIT and self.segments_end <= HELD

    @property
    def segments_end(self) -> int:
        return self.segments_at + self.segment_size * self.segment_count


@dataclass(slots=True)
class ElfWatch:
    """Told the content of a file piece by piece; `found` says what it was."""

    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)
    _at: int = 0
    _header: _Header | None = None
    _segments: tuple[_Segment, ...] = ()
    _is_over: bool = False

    def feed(self, chunk: bytes) -> None:
        """Take the next piece; what is no shared object costs nothing after its first bytes."""
        if self._is_over:
            return
        if len(self._head) < HELD:
            self._head += chunk[: HELD - len(self._head)]
            self._look()
        self._hold_dynamic(chunk)
        self._at += len(chunk)

    def found(self) -> SharedObject | None:
        """Return the library, when all has been fed; ``None`` if it was something else."""
        dynamic = self._segment(_DYNAMIC)
        if self._is_over or self._header is None or dynamic is None or not dynamic.size:
            return None
        header = self._header
        return SharedObject(
            header.machine,
            header.is_64,
            header.processor_flags,
            self._soname(header, dynamic),
            self._isa_level(header),
        )

    def _look(self) -> None:
        """Read the headers as soon as they are there."""
        if self._segments or len(self._head) < 64:
            return
        self._header = self._header or _header(self._head)
        if self._header is None or not self._header.is_likely:
            self._is_over = True
            self._head.clear()
        elif self._header.segments_end <= len(self._head):
            self._segments = tuple(_segments(self._header, self._head))

    def _hold_dynamic(self, chunk: bytes) -> None:
        """Keep what ``chunk`` has of the dynamic section, where that lies behind the head."""
        dynamic = self._segment(_DYNAMIC)
        if dynamic is None:
            return
        start = max(dynamic.offset, HELD, self._at)
        end = min(dynamic.offset + min(dynamic.size, _DYNAMIC_LIMIT), self._at + len(chunk))
        if start < end:
            self._tail += chunk[start - self._at : end - self._at]

    def _segment(self, kind: int) -> _Segment | None:
        return next((each for each in self._segments if each.kind == kind), None)

    def _soname(self, header: _Header, dynamic: _Segment) -> str:
        end = dynamic.offset + min(dynamic.size, _DYNAMIC_LIMIT)
        # A section on the edge lies partly in the one and partly in the other.
        section = bytes(self._head[dynamic.offset : end] + self._tail)
        told: dict[int, int] = {}
        for tag, value in _pairs(header, section):
            if tag == _DT_NULL:
                break
            told.setdefault(tag, value)
        if _DT_STRTAB not in told or _DT_SONAME not in told:
            return ""
        start = self._offset(told[_DT_STRTAB]) + told[_DT_SONAME]
        end = self._head.find(b"\0", start, start + _NAME_LIMIT)
        return "" if end == -1 else self._head[start:end].decode("utf-8", "surrogateescape")

    def _offset(self, address: int) -> int:
        """Return where the file has what is loaded at ``address``."""
        for each in self._segments:
            if each.kind == _LOAD and each.address <= address < each.address + each.size:
                return address - each.address + each.offset
        return address

    def _isa_level(self, header: _Header) -> int:
        segment = self._segment(_PROPERTY)
        if segment is None:
            return 0
        note = bytes(self._head[segment.offset : segment.offset + segment.size])
        return _isa_level(header.prefix, 8 if header.is_64 else 4, note)


def _header(head: bytearray) -> _Header | None:
    """Read the header of a shared object (gABI, ELF Header)."""
    if head[:4] != _MAGIC or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    is_64, prefix = head[4] == 2, "<" if head[5] == 1 else ">"
    kind, machine = struct.unpack_from(f"{prefix}HH", head, 16)
    layout = "QQQIHHH" if is_64 else "IIIIHHH"
    _, segments_at, _, flags, _, size, count = struct.unpack_from(f"{prefix}{layout}", head, 24)
    if kind != _SHARED_OBJECT or size < (56 if is_64 else 32):
        return None
    return _Header(prefix, is_64, machine, flags, segments_at, size, count)


def _segments(header: _Header, head: bytearray) -> Iterator[_Segment]:
    """Give the program headers (gABI, Program Header)."""
    for at in range(header.segments_at, header.segments_end, header.segment_size):
        if header.is_64:
            kind, _, offset, address, _, size = struct.unpack_from(
                f"{header.prefix}IIQQQQ", head, at
            )
        else:
            kind, offset, address, _, size = struct.unpack_from(f"{header.prefix}IIIII", head, at)
        yield _Segment(kind, offset, address, size)


def _pairs(header: _Header, section: bytes) -> Iterator[tuple[int, int]]:
    """Give tags and values of a dynamic section, as far as it is whole."""
    entry = struct.Struct(header.prefix + ("QQ" if header.is_64 else "II"))
    return entry.iter_unpack(section[: len(section) // entry.size * entry.size])


def _isa_level(prefix: str, alignment: int, note: bytes) -> int:
    """Return the number of the highest bit of the level that is needed."""
    if len(note) < 16:
        return 0
    name_size, size, kind = struct.unpack_from(f"{prefix}III", note)
    if (name_size, kind, note[12:16]) != _GNU_PROPERTY:
        return 0
    at, end = 16, min(16 + size, len(note))
    while at + 12 <= end:
        property_, length, value = struct.unpack_from(f"{prefix}III", note, at)
        if property_ == _ISA_NEEDED and length == 4 and value:
            return int(value).bit_length() - 1
        at += 8 + -(-length // alignment) * alignment
    return 0
