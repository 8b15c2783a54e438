"""Bytes of a log to text, a line at a time."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from lamina.doctor.logs.line import LONGEST

_CHUNK = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),  # what PowerShell's `>` writes
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(stream: BinaryIO) -> Iterator[str]:
    """Give the lines of a stream; what cannot be decoded is replaced, what is endless is cut.

    Only line feeds end a line: progress bars are drawn with carriage returns, and the numbers of
    lines are those that editors show.
    """
    chunk = stream.read(_CHUNK)
    encoding = "utf-8"
    for bom, name in _BOMS:
        if chunk.startswith(bom):
            chunk, encoding = chunk[len(bom) :], name
            break
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest = ""
    while chunk:
        *whole, last = decoder.decode(chunk).split("\n")
        if whole:
            whole[0] = rest + whole[0]
            rest = last
            yield from whole
        else:
            rest += last
        rest = rest[: LONGEST + 1]
        chunk = stream.read(_CHUNK)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
