"""Payloads: content whose bytes come from an archive that says what they must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from isal import isal_zlib

from lamina.archive.inflate import InflateError, inflate
from lamina.errors import LaminaError


class DamagedPayload(LaminaError):
    """A member of an archive whose bytes are not what the archive says."""

    def __init__(self, label: str, reason: str) -> None:
        super().__init__(
            f"Unable to unpack {label}: {reason}",
            hint="The file was published like this; report it to the project, or lock another one",
        )


@dataclass(frozen=True, slots=True)
class Payload:
    """Raw deflate bytes, with the size and the CRC-32 of what they hold.

    Wheel layers take ``raw()`` over as it is; whoever wants the file reads ``chunks()``.
    """

    label: str
    """Member and archive, for errors, as in ``"`a/b.py` of wheel `a-1.0-py3-none-any.whl`"``."""
    size: int
    crc: int
    raw_size: int
    raw: Callable[[], Iterator[bytes]]

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`. Raises `DamagedPayload`, if need be after the last piece."""
        return self.inflate(self.raw())

    def inflate(self, raw: Iterable[bytes]) -> Iterator[bytes]:
        """Give the content, from raw bytes that the caller has read for himself."""
        return _checked(self.label, self.crc, inflate(raw, self.size))


@dataclass(frozen=True, slots=True)
class Plain:
    """Bytes that an archive holds in another way than deflate, with their size and CRC-32."""

    label: str
    size: int
    crc: int
    read: Callable[[], Iterator[bytes]]

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`. Raises `DamagedPayload`, if need be after the last piece."""
        return _checked(self.label, self.crc, _sized(self.read(), self.size))


def _checked(label: str, crc: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass ``pieces`` on; raise `DamagedPayload` if they are not what they should be."""
    seen = 0
    try:
        for piece in pieces:
            seen = isal_zlib.crc32(piece, seen)
            yield piece
    except InflateError as error:
        raise DamagedPayload(label, str(error)) from error
    if seen != crc:
        raise DamagedPayload(
            label, f"its CRC-32 differs\n  expected: {crc:08x}\n  got:      {seen:08x}"
        )


def _sized(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Pass ``pieces`` on; raise `InflateError` unless they are ``size`` bytes in all."""
    left = size
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise InflateError(f"it holds more than the {size} bytes that it says")
        yield piece
    if left:
        raise InflateError(f"it holds {size - left} bytes and says {size}")
