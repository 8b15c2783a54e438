"""Layers read back, by readers that are not ours, and payloads to put into them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from builders import deflated
from lamina.archive.blob import Written
from lamina.archive.entry import Entry
from lamina.archive.payload import Payload
from lamina.archive.splice import splice

MTIME = 1_000_000_000


class Found(NamedTuple):
    """What a reader sees at a path."""

    type: bytes
    mode: int
    data: bytes = b""
    link: str = ""


def spliced(entries: Iterable[Entry], extents: Iterable[str] = ()) -> tuple[bytes, Written]:
    """Return a spliced blob, and what is said of it."""
    blob = io.BytesIO()
    written = splice(entries, blob.write, mtime=MTIME, extents=tuple(extents))
    return blob.getvalue(), written


def untar(archive: bytes) -> dict[str, Found]:
    """Return what Python's reader finds in a tar; no path may be there twice."""
    found: dict[str, Found] = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for info in tar:
            assert info.name not in found
            stream = tar.extractfile(info) if info.isreg() else None
            data = stream.read() if stream else b""
            found[info.name] = Found(info.type, info.mode, data, info.linkname)
    return found


def gunzip(blob: bytes) -> bytes:
    """Return what a gzip file of few members holds."""
    return gzip.decompress(blob)


def members(blob: bytes) -> list[bytes]:
    """Return what each gzip member of a blob holds."""
    found = []
    while blob:
        inflater = zlib.decompressobj(31)
        found.append(inflater.decompress(blob))
        assert inflater.eof
        blob = inflater.unused_data
    return found


def payload(data: bytes, raw: bytes | None = None, *, pieces: int = 1 << 18) -> Payload:
    """Return a payload of ``data``; its raw bytes come ``pieces`` at a time."""
    stream = deflated(data) if raw is None else raw
    return Payload(
        "`a` of wheel `b`",
        len(data),
        zlib.crc32(data),
        len(stream),
        lambda: iter([stream[at : at + pieces] for at in range(0, len(stream), pieces)]),
    )
