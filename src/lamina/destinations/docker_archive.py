"""A docker archive as a destination: what ``docker load`` and ``podman load`` read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lamina.destinations.base import DestinationError, blob_of
from lamina.destinations.tarball import Tarball
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference

_SUFFIXES = {mediatype.LAYER_GZIP: ".tar.gz", mediatype.LAYER_ZSTD: ".tar.zst"}


class OneImageOnly(DestinationError):
    """A docker archive cannot hold what an index names."""

    def __init__(self) -> None:
        super().__init__(
            "Unable to write images for several platforms to a docker archive: it holds one",
            hint="Choose one with `--platform`, or write to `oci:DIR` or `oci-archive:FILE`",
        )


class DockerArchive:
    """One image in an archive of its own, which replaces the file that was there.

    Layers stay compressed as they are: both engines unpack them, though ``docker save`` itself
    writes them plain. Without a name the image is loaded untagged.
    """

    def __init__(self, path: Path, *, name: str = "") -> None:
        self._names = (Reference.parse(name),) if name else ()
        self._tarball = Tarball(path)

    def take(self, layer: Layer) -> None:
        """See `Destination.take`."""
        descriptor = layer.descriptor
        self._tarball.add(file_name(descriptor), descriptor.size, blob_of(layer))

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`; ``names`` are the tags that the engine will give."""
        image = only_image(images)
        for layer in image.layers:
            self.take(layer)
        for name, data in documents(image, (*self._names, *names)):
            self._tarball.add(name, len(data), [data])
        self._tarball.finish()
        return image.descriptor

    def abort(self) -> None:
        """See `Destination.abort`."""
        self._tarball.abort()


def only_image(images: Images) -> Image:
    """Return the image, where a docker archive can hold just one. Raises `DestinationError`."""
    if len(images.each) > 1:
        raise OneImageOnly
    return images.each[0]


def documents(image: Image, names: Iterable[Reference]) -> Iterator[tuple[str, bytes]]:
    """Give the files of the archive that are no layers: its config, and the list of its parts."""
    config = f"{Digest.of(image.raw_config).hex}.json"
    described = {
        "Config": config,
        "RepoTags": sorted({repo_tag(name) for name in names}),
        "Layers": [file_name(layer.descriptor) for layer in image.layers],
    }
    yield config, image.raw_config
    yield "manifest.json", json.dumps([described], sort_keys=True, separators=(",", ":")).encode()


def file_name(descriptor: Descriptor) -> str:
    """Return under which name a layer lies in the archive."""
    suffix = _SUFFIXES.get(mediatype.as_oci(descriptor.media_type), ".tar")
    return f"{descriptor.digest.hex}{suffix}"


def repo_tag(name: Reference) -> str:
    """Return the name in full, as both engines complete it alike; it cannot hold a digest."""
    return str(Reference(name.registry, name.repository, name.tag).tagged())
