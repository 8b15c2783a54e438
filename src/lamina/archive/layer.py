"""Layers of generated content: entries to a compressed tar, with both digests in one pass."""

from __future__ import annotations

from collections.abc import Iterable

from lamina.archive import tar
from lamina.archive.blob import Tally, Write, Written
from lamina.archive.compress import GzipWriter
from lamina.archive.entry import Entry, Kind, chunks
from lamina.oci.digest import DiffID


def write_layer(entries: Iterable[Entry], write: Write, *, mtime: int) -> Written:
    """Write ``entries`` as a gzipped tar, and return what it became.

    Content is read once, in order, and never held whole. Raises `ContentChanged`.
    """
    blob = Tally(write)
    gzip = GzipWriter(blob.add)
    plain = Tally(gzip.write)
    for entry in entries:
        plain.add(tar.header(entry, mtime))
        if entry.kind is Kind.FILE:
            for piece in chunks(entry):
                plain.add(piece)
            plain.add(tar.padding(entry.content.size))
    plain.add(tar.END)
    plain.flush()
    gzip.finish()
    blob.flush()
    return Written(blob.digest, DiffID(plain.digest), blob.size, plain.size)
