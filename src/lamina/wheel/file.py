"""The wheel as a zip archive, hostile until checked: its members, and their raw bytes.

The central directory is read by the standard library; what stands in it is believed only where it
agrees with itself, with the local headers and with the bytes (APPNOTE.TXT 4.3 to 4.5, PEP 427).
"""

from __future__ import annotations

import lzma
import os
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import zstandard

from lamina.archive.entry import CHUNK
from lamina.archive.payload import DamagedPayload, Payload, Plain
from lamina.errors import LaminaError

GIB = 1 << 30
DEFAULT_LIMIT = 16 * GIB
"""Of all that a wheel holds, unpacked, in bytes; the largest wheels known hold about 4 GiB."""

_WINDOW = 1 << 20
_LOCAL = b"PK\x03\x04"
_LOCAL_SIZE = 30
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1, 0x8, 0x800
_ZIP64 = 0xFFFFFFFF
_ZSTANDARD = 93
_BY_LIBRARY = {zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _ZSTANDARD, *_BY_LIBRARY}
_LONGEST_PART = 255
_END_OF_DIRECTORY = b"PK\x05\x06"
_END_SIZE = 22
_ZSTANDARD_WINDOW = 1 << 27
_SHOWN = 10


class UnreadableWheel(LaminaError):
    """A wheel that is not a sound zip archive; every fault that its directory shows is named."""

    def __init__(self, wheel: str, problems: Sequence[str]) -> None:
        shown = sorted(set(problems))
        lines = "".join(f"\n  {problem}" for problem in shown[:_SHOWN])
        more = f"\n  and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        super().__init__(
            f"Unable to read wheel `{wheel}`:{lines}{more}",
            hint="The file was published like this; report it to the project, or lock another one",
        )


class WheelTooLarge(LaminaError):
    """A wheel that says it unpacks to more than is allowed."""

    def __init__(self, wheel: str, size: int, limit: int) -> None:
        super().__init__(
            f"Wheel `{wheel}` unpacks to {size} bytes, more than the limit of {limit}",
            hint="If you trust it, raise `max-wheel-size` in `[tool.lamina]`",
        )


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the archive, as its central directory describes it."""

    name: str
    """Relative, ``/`` between its parts, with no empty part, no ``.`` and no ``..``."""
    is_directory: bool
    is_executable: bool
    size: int
    crc: int
    method: int
    flags: int
    raw_size: int
    raw_name: bytes
    offset: int
    """Of its local header."""
    limit: int
    """Where the next thing in the file begins; its bytes end there at the latest."""


class WheelFile:
    """A wheel on disk, open for reading by one thread at a time."""

    def __init__(self, path: Path, name: str, *, limit: int = DEFAULT_LIMIT) -> None:
        """Open the file, and check what its directory says of every member.

        ``name`` is the wheel's own file name. Raises `UnreadableWheel` and `WheelTooLarge`.
        """
        self.name = name
        self._file = path.open("rb")
        self._window = b""
        self._window_start = 0
        try:
            self.members = _read_directory(self._file, name, limit)
        except BaseException:
            self._file.close()
            raise
        self._by_name = {member.name: member for member in self.members}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def content(self, member: Member) -> Payload | Plain:
        """Return the member's content; it is read from the file when it is asked for."""
        label = f"{self.name}: `{member.name}`"
        if member.method == zipfile.ZIP_DEFLATED:
            raw = partial(self._raw, member)
            return Payload(label, member.size, member.crc, member.raw_size, raw)
        read = {zipfile.ZIP_STORED: self._raw, _ZSTANDARD: self._zstandard}
        chunks = partial(read.get(member.method, self._by_library), member)
        return Plain(label, member.size, member.crc, chunks)

    def read(self, name: str, *, limit: int) -> bytes | None:
        """Return the content of a small member, or None if there is none of that name."""
        member = self._by_name.get(name)
        if member is None:
            return None
        if member.size > limit:
            raise UnreadableWheel(
                self.name, [f"`{name}` has {member.size} bytes, expected at most {limit}"]
            )
        return b"".join(self.content(member).chunks())

    def _raw(self, member: Member) -> Iterator[bytes]:
        """Give the member's bytes as they lie in the file, once its local header is checked."""
        at = self._data_offset(member)
        end = at + member.raw_size
        if end > member.limit:
            raise self._damaged(member, "it overlaps what follows it")
        while at < end:
            piece = self._pread(at, min(CHUNK, end - at))
            if not piece:
                raise self._damaged(member, "the file ends within it")
            at += len(piece)
            yield piece

    def _zstandard(self, member: Member) -> Iterator[bytes]:
        """Give the content of a member packed with Zstandard, which uv reads too."""
        inflater = zstandard.ZstdDecompressor(max_window_size=_ZSTANDARD_WINDOW).decompressobj()
        try:
            for piece in self._raw(member):
                yield inflater.decompress(piece)
        except zstandard.ZstdError as error:
            raise self._damaged(member, f"it cannot be unpacked ({error})") from error

    def _by_library(self, member: Member) -> Iterator[bytes]:
        """Give the content of a member packed by one of the other methods of zip."""
        self._data_offset(member)
        try:
            with zipfile.ZipFile(self._file) as archive:
                info = next(i for i in archive.infolist() if i.header_offset == member.offset)
                with archive.open(info) as stream:
                    while piece := stream.read(CHUNK):
                        yield piece
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            OSError,
            EOFError,
            ValueError,
        ) as error:
            raise self._damaged(member, f"it cannot be unpacked ({error})") from error

    def _data_offset(self, member: Member) -> int:
        """Return where the member's bytes begin; its local header must agree with the directory."""
        header = self._pread(member.offset, _LOCAL_SIZE)
        if len(header) < _LOCAL_SIZE or header[:4] != _LOCAL:
            raise self._damaged(member, "it has no local header")
        flags, method, crc, raw_size, size, name_size, extra_size = (
            int.from_bytes(header[at : at + width], "little")
            for at, width in ((6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))
        )
        variable = self._pread(member.offset + _LOCAL_SIZE, name_size + extra_size)
        name, extra = variable[:name_size], variable[name_size:]
        if raw_size == _ZIP64 or size == _ZIP64:
            size, raw_size = _zip64_sizes(extra, size, raw_size)
        ours = member.crc, member.raw_size, member.size
        theirs = crc, raw_size, size
        # With a data descriptor the sizes follow the bytes, and the header may hold zeros.
        deferred = flags & _DESCRIPTOR and all(
            t in (0, o) for t, o in zip(theirs, ours, strict=True)
        )
        if name != member.raw_name or method != member.method or flags & _ENCRYPTED:
            raise self._damaged(member, "its local header differs from the archive's directory")
        if theirs != ours and not deferred:
            raise self._damaged(member, "its local header gives other sizes than the directory")
        return member.offset + _LOCAL_SIZE + name_size + extra_size

    def _pread(self, offset: int, size: int) -> bytes:
        """Read some bytes, through a window, since members are read one after the other."""
        at = offset - self._window_start
        if at < 0 or at + size > len(self._window):
            if size >= CHUNK:
                return os.pread(self._file.fileno(), size, offset)
            self._window = os.pread(self._file.fileno(), _WINDOW, offset)
            self._window_start, at = offset, 0
        return self._window[at : at + size]

    def _damaged(self, member: Member, reason: str) -> DamagedPayload:
        return DamagedPayload(f"{self.name}: `{member.name}`", reason)


def _read_directory(file: IO[bytes], wheel: str, limit: int) -> tuple[Member, ...]:
    """Return the members in the order of their bytes, or raise with every fault."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos, end, comment = archive.infolist(), archive.start_dir, archive.comment
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise UnreadableWheel(wheel, [f"it is not a whole zip archive ({error})"]) from error
    infos.sort(key=lambda info: info.header_offset)
    limits = [info.header_offset for info in infos[1:]] + [end]
    problems = list(_surroundings(file, infos, len(comment)))
    members = tuple(
        _member(info, limit, problems) for info, limit in zip(infos, limits, strict=True)
    )
    problems += _clashes(members)
    if problems:
        raise UnreadableWheel(wheel, problems)
    if (total := sum(member.size for member in members)) > limit:
        raise WheelTooLarge(wheel, total, limit)
    return members


def _surroundings(
    file: IO[bytes], infos: Sequence[zipfile.ZipInfo], comment_size: int
) -> Iterator[str]:
    """Say what lies before and behind the archive, where another reader might see another one."""
    if infos and infos[0].header_offset != 0:
        yield "there are bytes before its first member"
    size = os.fstat(file.fileno()).st_size
    end = os.pread(file.fileno(), 4, size - _END_SIZE - comment_size)
    if end != _END_OF_DIRECTORY:
        yield "there are bytes behind its end"


def _member(info: zipfile.ZipInfo, limit: int, problems: list[str]) -> Member:
    """Read one record of the directory, adding what is wrong with it to ``problems``."""
    raw_name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
    written = info.orig_filename
    parts = written.split("/")
    if not raw_name.isascii() and not info.flag_bits & _UTF8:
        # What it means depends on the reader; uv refuses it too.
        problems.append(f"{raw_name!r} is a name that does not say that it is UTF-8")
    elif problem := _unsafe(written, parts):
        problems.append(f"{written!r} {problem}")
    if written.endswith("/") and info.file_size:
        problems.append(f"`{written}` is a directory with content")
    if info.flag_bits & _ENCRYPTED:
        problems.append(f"`{written}` is encrypted")
    if info.compress_type not in _METHODS:
        problems.append(f"`{written}` is packed by an unknown method, {info.compress_type}")
    mode = info.external_attr >> 16
    return Member(
        name="/".join(part for part in parts if part not in ("", ".")),
        is_directory=written.endswith("/"),
        is_executable=bool(mode & 0o111),
        size=info.file_size,
        crc=info.CRC,
        method=info.compress_type,
        flags=info.flag_bits,
        raw_size=info.compress_size,
        raw_name=raw_name,
        offset=info.header_offset,
        limit=limit,
    )


def _unsafe(written: str, parts: list[str]) -> str | None:
    """Say what is wrong with a member's name, if anything."""
    if written.startswith("/") or ".." in parts:
        return "leaves the wheel's folder"
    if "\\" in written:
        return "has a backslash in its name"
    if not written.isprintable() and any(map(_is_invisible, written)):
        return "has an invisible character in its name"
    if any(len(part.encode()) > _LONGEST_PART for part in parts):
        return f"has a name of more than {_LONGEST_PART} bytes"
    if not any(part not in ("", ".") for part in parts):
        return "has no name"
    return None


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs")


def _clashes(members: tuple[Member, ...]) -> Iterator[str]:
    """Name the members that would lie at one path, or a file below another."""
    seen: dict[str, Member] = {}
    for member in members:
        other = seen.setdefault(member.name, member)
        if other is not member and not (other.is_directory and member.is_directory):
            yield f"`{member.name}` is there twice"
    for name in seen:
        at = name.rfind("/")
        while at > 0:
            above = seen.get(name[:at])
            if above is not None:
                if not above.is_directory:
                    yield f"`{above.name}` is a file, and `{name}` lies below it"
                break
            at = name.rfind("/", 0, at)


def _zip64_sizes(extra: bytes, size: int, raw_size: int) -> tuple[int, int]:
    """Read the sizes that a local header keeps in its zip64 field (APPNOTE.TXT 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = extra[at] | extra[at + 1] << 8, extra[at + 2] | extra[at + 3] << 8
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            if size == _ZIP64:
                size, field = int.from_bytes(field[:8], "little"), field[8:]
            if raw_size == _ZIP64:
                raw_size = int.from_bytes(field[:8], "little")
            break
        at += 4 + length
    return size, raw_size
