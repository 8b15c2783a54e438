"""What compiled parts of a wheel need of the C library, as their symbols say."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

_ELF = b"\x7fELF"
_GLIBC = re.compile(rb"GLIBC_2\.([0-9]{1,3})\0")
_CHUNK = 1 << 20
_LONGEST = 16


def needed_glibc(wheel: Path) -> int | None:
    """Return the minor of the newest glibc 2 that symbols in a wheel are bound to, if to any.

    The names of versions stand in an ELF file's table of strings; that a string which is no such
    name looks like one only makes the answer stricter.
    """
    with zipfile.ZipFile(wheel) as archive:
        minors = [minor for info in archive.infolist() for minor in _minors(archive, info)]
    return max(minors, default=None)


def _minors(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterable[int]:
    with archive.open(info) as file:
        tail = file.read(len(_ELF))
        if tail != _ELF:
            return
        while chunk := file.read(_CHUNK):
            data = tail + chunk
            yield from (int(match[1]) for match in _GLIBC.finditer(data))
            tail = data[-_LONGEST:]
