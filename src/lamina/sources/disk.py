"""Images on this machine: in an image layout, in a docker archive."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lamina.bases.docker_archive import archived_layer, open_docker_archive
from lamina.bases.layout import named, read_document
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument
from lamina.oci.image import Manifest
from lamina.oci.location import Location
from lamina.sources.listing import Documents, Listing, OneImage, listing, several


def list_layout(location: Location) -> Listing:
    """Return what a tag or a digest of a layout leads to; without either, its only image."""
    found = named(location)
    read = partial(read_document, Path(location.path))
    if len(found) == 1:
        return listing(str(location), found[0], read)
    return several(str(location), None, found, read)


def list_docker_archive(location: Location) -> OneImage:
    """Return the image that a reference names in an archive; without one, its only image.

    Such an archive has no manifest, so the image has no digest; what one would say of the layers
    is found out by looking at them.
    """
    image = open_docker_archive(location)
    config = ImageConfig.parse(image.raw_config)
    if len(image.layers) != len(config.diff_ids):
        raise MalformedDocument(
            f"Malformed docker archive `{location.path}`: manifest and config disagree on the "
            f"layers of an image\n  manifest: {len(image.layers)}\n"
            f"  config:   {len(config.diff_ids)}"
        )
    described = Descriptor(mediatype.CONFIG, Digest.of(image.raw_config), len(image.raw_config))
    layers = tuple(
        archived_layer(stretch, name, diff_id).descriptor
        for (name, stretch), diff_id in zip(image.layers, config.diff_ids, strict=True)
    )
    manifest = Manifest(mediatype.MANIFEST, described, layers, {})
    return OneImage(str(location), Documents(manifest, config))
