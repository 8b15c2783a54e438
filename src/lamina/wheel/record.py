"""RECORD: the list of a distribution's files (recording-installed-projects, PyPA)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lamina.wheel.errors import WheelError

_UNTIDY = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")
_QUOTED = re.compile(r'[",\r\n]')
_LARGEST_SIZE = 1 << 64


class Row(NamedTuple):
    """One file of a RECORD. A path, and what is said of the file: perhaps nothing."""

    path: str
    """Relative to site-packages, ``/`` between its parts."""
    hash: str = ""
    """As ``sha256=<urlsafe base64 without padding>``; copied from a wheel, it may be anything."""
    size: int | None = None


def parse_record(data: bytes) -> dict[str, Row]:
    """Return the rows of a wheel's RECORD by the member that each is about.

    RECORD is no authority, and many in the wild are wrong. As uv does: the first row of a path
    stays, rows that cannot name a member (``..``) are dropped, a leading ``/`` or ``./`` does not
    count, and neither hash nor size is believed or checked here. What cannot be read as CSV of
    UTF-8 with a path, a hash and a size in each row is an error.

    >>> parse_record(b"a.py,sha256=47DEQ,0")
    {'a.py': Row(path='a.py', hash='sha256=47DEQ', size=0)}
    """
    rows: dict[str, Row] = {}
    for row in _rows(data):
        path = _tidy(row.path) if _UNTIDY.search(row.path) else row.path
        if path and path not in rows:
            rows[path] = row._replace(path=path)
    return rows


def parse_installed(data: bytes) -> tuple[Row, ...]:
    """Return the rows of a RECORD as an installer wrote it, whose paths may climb to ``bin``.

    >>> parse_installed(b"../../../bin/a,,3")
    (Row(path='../../../bin/a', hash='', size=3),)
    """
    return tuple(_rows(data))


def _rows(data: bytes) -> Iterator[Row]:
    """Give each row as it is written."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WheelError(f"`RECORD` is not UTF-8 at byte {error.start}") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    width = 0
    try:
        for fields in reader:
            if not fields:
                continue
            width = width or max(len(fields), 3)
            if len(fields) != width:
                raise WheelError(
                    f"`RECORD` line {reader.line_num} has {len(fields)} fields, expected {width}"
                )
            path, hash_, size = fields[0], fields[1], fields[2]
            yield Row(path, hash_, _size(size, reader.line_num) if size else None)
    except csv.Error as error:
        raise WheelError(f"`RECORD` line {reader.line_num} is not CSV: {error}") from None


def render_record(rows: Iterable[Row]) -> bytes:
    r"""Return the bytes of a RECORD: sorted, quoted only where needed, ``\n`` after each row.

    Sorted by the bytes of path, then hash, then size; nothing sorts before something. (Strings
    sort by code point, and so does their UTF-8.)

    >>> render_record([Row("b.py", "sha256=47DEQ", 0), Row("a,b.py")])
    b'"a,b.py",,\nb.py,sha256=47DEQ,0\n'
    """
    ordered = sorted(rows, key=lambda row: (row[0], row[1], -1 if row[2] is None else row[2]))
    return "".join(
        [
            f"{_quoted(path) if _QUOTED.search(path) else path},"
            f"{_quoted(hash_) if _QUOTED.search(hash_) else hash_},"
            f"{'' if size is None else size}\n"
            for path, hash_, size in ordered
        ]
    ).encode()


def record_hash(data: bytes) -> str:
    """Return the hash of ``data`` as RECORD writes it.

    >>> record_hash(b"")
    'sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
    """
    return encode_hash(hashlib.sha256(data).digest())


def encode_hash(sha256: bytes) -> str:
    """Return a SHA-256 of 32 bytes as RECORD writes it."""
    return "sha256=" + base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()


def file_row(path: str, data: bytes) -> Row:
    """Return the row of a file that the installer wrote."""
    return Row(path, record_hash(data), len(data))


def _tidy(path: str) -> str:
    """Return ``path`` without empty parts and ``.``; nothing if it climbs."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "" if ".." in parts else "/".join(parts)


def _size(text: str, line: int) -> int:
    if (
        text.isascii()
        and text.isdigit()
        and len(text) <= 20
        and (size := int(text)) < _LARGEST_SIZE
    ):
        return size
    raise WheelError(f"`RECORD` line {line} has no number as size: `{text[:40]}`")


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'
