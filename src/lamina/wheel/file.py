"""The wheel as a zip archive, hostile until checked: its members, and their raw bytes.

What stands in the directory is believed only where it agrees with itself, with the local headers
and with the bytes (APPNOTE.TXT 4.3 to 4.5, PEP 427).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import IO, Self

from lamina.archive.entry import CHUNK
from lamina.archive.payload import DamagedPayload, Payload, Plain
from lamina.archive.tree import WHITEOUT
from lamina.errors import LaminaError
from lamina.wheel import methods
from lamina.wheel.directory import Record, UnsoundArchive, read_directory, widen
from lamina.wheel.errors import WheelError
from lamina.wheel.source import DEFAULT_LIMIT, read_small

_WINDOW = 1 << 20
_LOCAL = Struct("<4s5H3L2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1, 0x8, 0x800
_LONGEST_PART, _LONGEST_PATH = 255, 4095
# Control characters, and those that are not seen or that turn the direction of text: frozen here,
# since Python's tables of them grow.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
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
    record: Record
    limit: int
    """Where the next thing in the file begins; its bytes end there at the latest."""

    @property
    def size(self) -> int:
        """Of its content, in bytes."""
        return self.record.size

    @property
    def is_executable(self) -> bool:
        """Whether anybody may execute it."""
        return bool(self.record.mode & 0o111)


class WheelFile:
    """A wheel on disk, open for reading by one thread at a time."""

    def __init__(self, path: Path, name: str, *, limit: int = DEFAULT_LIMIT) -> None:
        """Open the file, and check what its directory says of every member.

        ``name`` is the wheel's own file name. Raises `WheelError` and `WheelTooLarge`.
        """
        self.name = name
        self._file = path.open("rb")
        self._window = b""
        self._window_start = 0
        try:
            self.members = _read_members(self._file, name, limit)
        except BaseException:
            self._file.close()
            raise
        self._files = {member.name: member for member in self.members if not member.is_directory}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._file.close()

    def content(self, member: Member) -> Payload | Plain:
        """Return the member's content; it is read from the file when it is asked for."""
        label, record = self._label(member), member.record
        raw = partial(self._raw, member)
        if record.method == methods.DEFLATED:
            return Payload(label, record.size, record.crc, record.raw_size, raw)
        return Plain(
            label,
            record.size,
            record.crc,
            lambda: methods.unpack(record.method, record.flags, record.size, raw()),
        )

    def read(self, name: str, *, limit: int) -> bytes | None:
        """Return the content of a small file, or None if there is none of that name."""
        member = self._files.get(name)
        return None if member is None else read_small(self, member, limit)

    def _raw(self, member: Member) -> Iterator[bytes]:
        """Give the member's bytes as they lie in the file, once its local header is checked."""
        at = self._data_offset(member)
        end = at + member.record.raw_size
        if end > member.limit:
            raise self._damaged(member, "it overlaps what follows it")
        while at < end:
            piece = self._pread(at, min(CHUNK, end - at))
            if not piece:
                raise self._damaged(member, "the file ends within it")
            at += len(piece)
            yield piece

    def _data_offset(self, member: Member) -> int:
        """Return where the member's bytes begin; its local header must agree with the directory."""
        record = member.record
        header = self._pread(record.offset, _LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(_LOCAL_SIGNATURE):
            raise self._damaged(member, "it has no local header")
        _, _, flags, method, _, _, crc, raw_size, size, name_size, extra_size = _LOCAL.unpack(
            header
        )
        start = record.offset + _LOCAL.size
        variable = self._pread(start, name_size + extra_size)
        name, extra = variable[:name_size], variable[name_size:]
        if name != record.name or method != record.method or flags & _ENCRYPTED:
            raise self._damaged(member, "its local header differs from the archive's directory")
        size, raw_size = widen(extra, (size, raw_size))
        ours, theirs = (record.crc, record.raw_size, record.size), (crc, raw_size, size)
        # With a data descriptor the sizes follow the bytes, and the header may hold zeros.
        if theirs != ours and not (
            flags & _DESCRIPTOR
            and all(their in (0, our) for their, our in zip(theirs, ours, strict=True))
        ):
            raise self._damaged(member, "its local header gives other sizes than the directory")
        return start + int(name_size + extra_size)

    def _pread(self, offset: int, size: int) -> bytes:
        """Read some bytes, through a window, since members are read one after the other."""
        at = offset - self._window_start
        if at < 0 or at + size > len(self._window):
            if size >= CHUNK:
                return os.pread(self._file.fileno(), size, offset)
            self._window = os.pread(self._file.fileno(), _WINDOW, offset)
            self._window_start, at = offset, 0
        return self._window[at : at + size]

    def _label(self, member: Member) -> str:
        return f"`{member.name}` of wheel `{self.name}`"

    def _damaged(self, member: Member, reason: str) -> DamagedPayload:
        return DamagedPayload(self._label(member), reason)


def _read_members(file: IO[bytes], wheel: str, limit: int) -> tuple[Member, ...]:
    """Return the members in the order of their bytes, or raise with every fault."""
    try:
        records, end = read_directory(file)
    except UnsoundArchive as error:
        raise WheelError(str(error), wheel=wheel) from error
    limits = [*(record.offset for record in records), end][1:]
    problems: list[str] = []
    members = tuple(
        _member(record, limit, problems) for record, limit in zip(records, limits, strict=True)
    )
    problems += _clashes(members)
    if problems:
        raise WheelError(*problems, wheel=wheel)
    if (total := sum(member.size for member in members)) > limit:
        raise WheelTooLarge(wheel, total, limit)
    return members


def _member(record: Record, limit: int, problems: list[str]) -> Member:
    """Read one record of the directory, adding what is wrong with it to ``problems``."""
    is_utf8 = bool(record.flags & _UTF8)
    try:
        written = record.name.decode("utf-8" if is_utf8 else "ascii")
    except UnicodeDecodeError:
        # Without the flag, what it means depends on the reader; uv refuses it too.
        said = "is not UTF-8" if is_utf8 else "is not ASCII, and not said to be UTF-8"
        problems.append(f"{record.name!r} {said}")
        written = record.name.decode("latin-1")
    else:
        problems.extend(f"{written!r} {problem}" for problem in _unsafe(written, record))
    parts = [part for part in written.split("/") if part not in ("", ".")]
    return Member("/".join(parts), written.endswith("/"), record, limit)


def unsafe_name(written: str) -> Iterator[str]:
    """Say what is wrong with the name of a file that is to lie below some folder."""
    parts = written.split("/")
    if written.startswith("/") or ".." in parts:
        yield "leaves the wheel's folder"
    elif all(part in ("", ".") for part in parts):
        yield "names nothing"
    if any(part.startswith(WHITEOUT) for part in parts):
        yield "would hide other files in a layer"
    if "\\" in written:
        yield "has a backslash in its name"
    if _INVISIBLE.search(written):
        yield "has an invisible character in its name"


def _unsafe(written: str, record: Record) -> Iterator[str]:
    """Say what is wrong with a member's name, and with what the directory says of it."""
    yield from unsafe_name(written)
    parts = written.split("/")
    if len(record.name) > _LONGEST_PART:
        if len(record.name) > _LONGEST_PATH:
            yield f"has a path of more than {_LONGEST_PATH} bytes"
        elif any(len(part.encode()) > _LONGEST_PART for part in parts):
            yield f"has a name of more than {_LONGEST_PART} bytes"
    if written.endswith("/") and record.size:
        yield "is a directory with content"
    if record.flags & _ENCRYPTED:
        yield "is encrypted"
    if record.method not in methods.KNOWN:
        yield f"is packed by an unknown method, {record.method}"


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
