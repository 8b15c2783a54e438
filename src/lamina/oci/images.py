"""What a name stands for: one image, or one for each of several platforms under an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import encode, parse_document
from lamina.oci.image import Image
from lamina.oci.index import Index
from lamina.oci.layer import Layer


@dataclass(frozen=True, slots=True)
class Images:
    """Images that are written together, with the raw index that names them; one needs none."""

    each: tuple[Image, ...]
    """At least one; several are in the order of the index."""
    raw_index: bytes | None = None

    @classmethod
    def of(cls, *images: Image) -> Images:
        """Return the images with an index, where there are several.

        The index is ours alone, so that the same images give the same digest.
        """
        if len(images) == 1:
            return cls(images)
        return cls(images, Index(tuple(image.descriptor for image in images)).encode())

    @property
    def descriptor(self) -> Descriptor:
        """Describe what a tag points to: the index, or the only manifest."""
        if self.raw_index is None:
            return self.each[0].descriptor
        return Descriptor(mediatype.INDEX, Digest.of(self.raw_index), len(self.raw_index))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of all images, each blob once, in the order in which they are met."""
        found = {layer.descriptor.digest: layer for image in self.each for layer in image.layers}
        return tuple(found.values())

    @property
    def configs(self) -> dict[Digest, bytes]:
        """The raw configs, by their digests."""
        return {image.manifest.config.digest: image.raw_config for image in self.each}

    @property
    def documents(self) -> Iterator[tuple[Descriptor, bytes]]:
        """Give manifests and index with their bytes: what names others comes after these."""
        for image in self.each:
            # Where there is no index to say it, nobody looks for a platform.
            described = image.descriptor
            yield (
                described if self.raw_index else replace(described, platform=None),
                (image.raw_manifest),
            )
        if self.raw_index is not None:
            yield self.descriptor, self.raw_index


def as_described(images: Images, descriptor: Descriptor) -> Images:
    """Return the images as they were written: a registry may have refused annotations."""
    return images if images.descriptor == descriptor else unannotated(images)


def unannotated(images: Images) -> Images:
    """Return the images without annotations, for registries that refuse these."""
    return Images.of(*(_plain(image) for image in images.each))


def _plain(image: Image) -> Image:
    values = dict(parse_document(image.raw_manifest, "manifest").values)
    values.pop("annotations", None)
    layers = values["layers"]
    assert isinstance(layers, list), "the manifest is ours"
    bare = [{key: each[key] for key in each if key != "annotations"} for each in layers]
    return replace(image, raw_manifest=encode({**values, "layers": bare}))
