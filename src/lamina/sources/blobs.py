"""The blobs of an image, wherever it lies; each is checked against its digest as it comes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Literal

from lamina.bases.base import BaseError
from lamina.bases.docker_archive import archived_layer, open_docker_archive
from lamina.bases.layout import blob_path
from lamina.observer import Download, Observer, Traffic
from lamina.oci.blob import verified
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.location import Location
from lamina.registry.client import Repository
from lamina.registry.download import stream
from lamina.reuse.told import Told

OpenBlob = Callable[[Descriptor], BinaryIO]
"""Opens the blob of a layer; its bytes must not be believed until the end, which may raise
`DamagedBlob`."""


def blobs_of_registry(repository: Repository, observer: Observer) -> OpenBlob:
    """Return what reads the blobs of a repository, and tells of it."""

    def pieces(descriptor: Descriptor) -> Generator[bytes]:
        name = f"layer {descriptor.digest.hex[:12]}"
        download = Download(name, Traffic.DEPENDENCY, descriptor.size)
        observer.downloading(download)
        yield from repository.counting(Told(observer, download)).read_blob(descriptor)
        observer.downloaded(download)

    return lambda descriptor: stream(pieces(descriptor))


def blobs_of_disk(location: Location) -> OpenBlob:
    """Return what reads the blobs of an image layout, or of a docker archive."""
    if location.transport == "oci":
        folder = Path(location.path)
        return lambda layer: _checked(blob_path(folder, layer.digest).open, layer)
    image = open_docker_archive(location)
    ids = ImageConfig.parse(image.raw_config).diff_ids
    layers = [
        archived_layer(stretch, name, diff_id)
        for (name, stretch), diff_id in zip(image.layers, ids, strict=True)
    ]
    found = {layer.descriptor.digest: layer for layer in layers}
    return lambda layer: _checked(lambda mode: found[layer.digest].open(), layer)


def _checked(open_: Callable[[Literal["rb"]], BinaryIO], descriptor: Descriptor) -> BinaryIO:
    def pieces() -> Generator[bytes]:
        try:
            with closing(open_("rb")) as blob:
                yield from verified(blob, descriptor)
        except OSError as error:
            raise BaseError(
                f"Unable to read layer {descriptor.digest}: {error.strerror or error}"
            ) from error

    return stream(pieces())
