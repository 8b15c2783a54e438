"""Indices unpacked to no more than they may have: a small file can hold any amount of zeros."""

from __future__ import annotations

import io
import lzma
from collections.abc import Callable
from typing import BinaryIO

import zstandard
from isal import igzip, isal_zlib

from lamina.deb.inflating import INFLATERS
from lamina.errors import LaminaError


class Unpackable(LaminaError):
    """A file that is not what its name says, or holds more than it may."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Unable to unpack `{name}`: {reason}")


_INFLATERS: dict[str, Callable[[BinaryIO], BinaryIO]] = {**INFLATERS, ".gz": igzip.open}
"""Gzip by isal, which takes half the time for the tens of megabytes of an index."""


def inflate(data: bytes, form: str, *, most: int, name: str) -> bytes:
    """Unpack ``data``, whose file ends in ``form``; an empty one is not packed.

    No more than ``most`` bytes are ever made. Raises `Unpackable`, which calls it ``name``.
    """
    try:
        unpacked = _INFLATERS[form](io.BytesIO(data)).read(most + 1)
    except (lzma.LZMAError, OSError, EOFError, zstandard.ZstdError) as error:
        raise Unpackable(name, str(error)) from error
    except isal_zlib.error as error:  # type: ignore[misc]  # isal's stub does not say its base
        raise Unpackable(name, str(error)) from error
    if len(unpacked) > most:
        raise Unpackable(name, f"it holds more than {most} bytes")
    return unpacked
