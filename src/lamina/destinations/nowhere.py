"""No destination: an image is made to be looked at, and written nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.oci.descriptor import Descriptor
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference


class Nowhere:
    """See `Destination`."""

    def take(self, layer: Layer) -> None:
        """See `Destination.take`; it goes no further."""

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`; nothing is written."""
        return images.descriptor

    def abort(self) -> None:
        """See `Destination.abort`."""
