"""Layers of generated content: entries to a compressed tar, with both digests in one pass."""

from __future__ import annotations

from collections.abc import Iterable

from lamina.archive import tar
from lamina.archive.blob import Tally, Write, Written
from lamina.archive.compress import GzipWriter
from lamina.archive.entry import Entry, Kind
from lamina.oci.digest import DiffID


def write_layer(entries: Iterable[Entry], write: Write, *, mtime: int) -> Written:
    """Write ``entries`` as a gzipped tar, and return what it became.

    Content is read once, in order, and never held whole.
    """
    blob = Tally(write)
    gzip = GzipWriter(blob.add)
    plain = Tally(gzip.write)
    for entry in entries:
        plain.add(tar.header(entry, mtime))
        if entry.kind is Kind.FILE:
            size = 0
            for piece in entry.content.chunks():
                plain.add(piece)
                size += len(piece)
            # A torn entry would shift all that follows it.
            if size != entry.content.size:
                raise ValueError(f"{entry.path}: {size} bytes, said {entry.content.size}")
            plain.add(tar.padding(size))
    plain.add(tar.END)
    plain.flush()
    gzip.finish()
    blob.flush()
    return Written(blob.digest, DiffID(plain.digest), blob.size, plain.size)
