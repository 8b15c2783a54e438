"""An OCI image layout in a tar as a destination."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lamina.destinations.base import blob_of
from lamina.destinations.layout import LAYOUT, layout_index
from lamina.destinations.tarball import Tarball
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.reference import DEFAULT_TAG, Reference


class OciArchive:
    """One image in an archive of its own, which replaces the file that was there."""

    def __init__(self, path: Path, *, tag: str = "") -> None:
        self._tag = tag or DEFAULT_TAG
        self._tarball = Tarball(path)

    def take(self, layer: Layer) -> None:
        """See `Destination.take`."""
        descriptor = layer.descriptor
        self._tarball.add(_name(descriptor.digest), descriptor.size, blob_of(layer))

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`; ``names`` are not used, since a layout has tags alone."""
        for layer in images.layers:
            self.take(layer)
        documents = {described.digest: data for described, data in images.documents}
        blobs = {**images.configs, **documents}
        index = layout_index(images.descriptor, self._tag)
        files = [*((_name(digest), data) for digest, data in blobs.items()), ("index.json", index)]
        for name, data in (*files, ("oci-layout", LAYOUT)):
            self._tarball.add(name, len(data), [data])
        self._tarball.finish()
        return images.descriptor

    def abort(self) -> None:
        """See `Destination.abort`."""
        self._tarball.abort()


def _name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"
