"""Stores with layers in them, made in a moment."""

from __future__ import annotations

from pathlib import Path

from lamina.archive.blob import Extent, Written
from lamina.oci.digest import DiffID, Digest
from lamina.plan.contents import Contents, InLayer
from lamina.plan.key import LayerKey
from lamina.store.blobs import draft
from lamina.store.layers import StoredLayer
from lamina.store.store import Store

CONTENTS = Contents((InLayer("demo", "1.0", f"sha256:{'a' * 64}", 9, ("demo",), Extent(2, 3)),))


def key(name: str) -> LayerKey:
    return LayerKey.of({"name": name})


def put_layer(store: Store, name: str, blob: bytes | None = None) -> StoredLayer:
    """Put a layer into the store, whose blob is its name unless another is given."""
    blob = name.encode() if blob is None else blob
    with store.scratch() as folder:
        with draft(folder) as file:
            file.write(blob)
        diff_id = DiffID(Digest.of(b"tar of " + blob))
        written = Written(Digest.of(blob), diff_id, len(blob), 10240)
        return store.layers.put(key(name), written, CONTENTS, file.path)


def put_download(store: Store, data: bytes) -> Path:
    """Put a kept file into the store."""
    with store.scratch() as folder:
        path = folder.new()
        path.write_bytes(data)
        return store.blobs.adopt(path, Digest.of(data))


def spoil(path: Path, data: bytes) -> None:
    """Write other bytes into a blob."""
    path.chmod(0o644)
    path.write_bytes(data)
