"""Layers at rest: which blob a key stands for, and what is known of it without reading it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from lamina.archive.blob import Extent, Written
from lamina.oci import mediatype
from lamina.oci.blob import DamagedBlob
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID, Digest
from lamina.oci.document import Fields, MalformedDocument
from lamina.plan.annotations import layer_annotations
from lamina.plan.contents import Contents
from lamina.plan.key import LayerKey
from lamina.store.blobs import Blobs, digest_of
from lamina.store.documents import Document, Documents
from lamina.store.scratch import StoreUnusable


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer whose blob lies in the store."""

    key: LayerKey
    written: Written
    contents: Contents
    path: Path
    """Of the blob; to be read or linked, never written."""

    @property
    def descriptor(self) -> Descriptor:
        """See `Layer.descriptor`."""
        said = layer_annotations(self.key)
        return Descriptor(mediatype.LAYER_GZIP, self.written.digest, self.written.size, said)

    @property
    def diff_id(self) -> DiffID:
        """See `Layer.diff_id`."""
        return self.written.diff_id

    def open(self) -> BinaryIO:
        """See `Layer.open`."""
        return self.path.open("rb")

    def read(self, extent: Extent) -> bytes:
        """See `OurLayer.read`."""
        with self.open() as blob:
            blob.seek(extent.offset)
            return blob.read(extent.size)


class Layers:
    """What was made under which key.

    A blob is believed while its file has the size and the date that it had when it was added;
    where they differ (a store copied to another disk, a blob that was tampered with) it is read
    again, and forgotten if it is damaged.
    """

    def __init__(self, documents: Documents, blobs: Blobs) -> None:
        self.documents = documents
        self._blobs = blobs

    def get(self, key: LayerKey) -> StoredLayer | None:
        """Return the layer of a key, or None.

        Raises `DamagedBlob`, after having forgotten the layer, if the bytes are not its own: the
        next call says None.
        """
        record = _parse(self.documents.get(key.hex))
        if record is None:
            return None
        written, contents, stamp = record
        path = self._blobs.path(written.digest)
        if path is None:
            return None
        layer = StoredLayer(key, written, contents, path)
        if _stamp(path) != stamp:
            self._verify(layer)
        return layer

    def has(self, key: LayerKey) -> bool:
        """Say whether there is a layer of a key, its bytes unseen: `get` may still have none."""
        record = _parse(self.documents.peek(key.hex))
        return record is not None and self._blobs.path(record[0].digest) is not None

    def put(
        self,
        key: LayerKey,
        written: Written,
        contents: Contents,
        file: Path,
        recipe: Document | None = None,
    ) -> StoredLayer:
        """Take over a finished blob and remember what it is.

        ``recipe`` is how its wheels were unpacked; it serves to tell why another one is not had.
        """
        path = self._blobs.adopt(file, written.digest)
        # What is worth knowing of its extents stands in the contents.
        layer = StoredLayer(key, replace(written, extents={}), contents, path)
        document = _document(layer)
        if recipe is not None:
            document["recipe"] = recipe
        self.documents.put(key.hex, document)
        return layer

    def forget(self, layer: StoredLayer) -> None:
        """Drop a layer whose blob is damaged."""
        self.documents.remove(layer.key.hex)
        self._blobs.remove(layer.written.digest)

    def contents(self) -> Iterator[tuple[Contents, Document | None]]:
        """Give what is in each layer that holds distributions, and its recipe if that is known."""
        for _, contents, recipe in self.with_wheels():
            yield contents, recipe

    def with_wheels(self) -> Iterator[tuple[LayerKey, Contents, Document | None]]:
        """Give the same with the layers' keys."""
        for name in self.documents:
            document = self.documents.peek(name) or {}
            try:
                found = Contents.from_json(document.get("contents"))
            except MalformedDocument:
                continue
            if found.distributions:
                recipe = document.get("recipe")
                yield LayerKey(name), found, recipe if isinstance(recipe, dict) else None

    def __iter__(self) -> Iterator[tuple[LayerKey, Digest]]:
        """Give every key with the digest of its blob, sorted by key."""
        for name in self.documents:
            record = _parse(self.documents.peek(name))
            if record:
                yield LayerKey(name), record[0].digest

    def _verify(self, layer: StoredLayer) -> None:
        expected = layer.written.digest
        try:
            got = str(digest_of(layer.path, expected.algorithm))
        except OSError as error:
            got = error.strerror or "what cannot be read"
        if got != str(expected):
            self.forget(layer)
            raise DamagedBlob(expected, str(expected), got)
        document = {**(self.documents.peek(layer.key.hex) or {}), **_document(layer)}
        with suppress(StoreUnusable):  # Then it is read again the next time.
            self.documents.put(layer.key.hex, document)


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _document(layer: StoredLayer) -> Document:
    return {
        "digest": str(layer.written.digest),
        "diff_id": str(layer.written.diff_id),
        "size": layer.written.size,
        "unpacked_size": layer.written.unpacked_size,
        "contents": layer.contents.to_json(),
        "stamp": _stamp(layer.path),
    }


def _parse(document: Document | None) -> tuple[Written, Contents, object] | None:
    """Read a record, or say that it is none; whatever it was, it can be made again."""
    if document is None:
        return None
    fields = Fields("layer", "", document)
    try:
        written = Written(
            fields.digest("digest"),
            DiffID(fields.digest("diff_id")),
            fields.number("size"),
            fields.number("unpacked_size"),
        )
        return written, Contents.from_json(document.get("contents")), document.get("stamp")
    except MalformedDocument:
        return None
