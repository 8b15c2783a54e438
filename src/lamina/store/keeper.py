"""Blobs of registries, kept in the store so that they come once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from lamina.oci.digest import Digest
from lamina.store.blobs import draft
from lamina.store.scratch import Scratch
from lamina.store.store import Store

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps what is downloaded."""

    store: Store
    scratch: Scratch

    def open(self, digest: Digest, stream: Callable[[], BinaryIO]) -> BinaryIO:
        """Return a blob from the store, after it was streamed to there if it was not yet there.

        The stream checks what comes against the digest. Raises what it raises, and
        `StoreUnusable`.
        """
        blobs = self.store.blobs
        path = blobs.kept(digest)
        if path is None:
            with stream() as blob, draft(self.scratch) as copy:
                while piece := blob.read(_CHUNK):
                    copy.write(piece)
            path = blobs.adopt(copy.path, digest)
        return path.open("rb")
