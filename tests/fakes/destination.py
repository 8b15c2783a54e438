"""A destination in memory."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.destinations.base import blob_of
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference


class MemoryDestination:
    """Keeps what it was given; `taken` is the order in which blobs came."""

    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.images: Images | None = None
        self.names: tuple[Reference, ...] = ()

    @property
    def image(self) -> Image | None:
        return self.images.each[0] if self.images else None

    @property
    def taken(self) -> list[Digest]:
        return list(self.blobs)

    def take(self, layer: Layer) -> None:
        if layer.descriptor.digest not in self.blobs:
            self.blobs[layer.descriptor.digest] = b"".join(blob_of(layer))

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        for layer in images.layers:
            self.take(layer)
        self.images, self.names = images, tuple(names)
        return images.descriptor

    def abort(self) -> None:
        if self.images is None:
            self.blobs.clear()
