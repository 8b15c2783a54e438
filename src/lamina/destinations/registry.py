"""A repository of a registry as a destination: the blobs that it lacks, then the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from lamina.destinations.base import DestinationError, blob_of
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.layer import Layer
from lamina.oci.reference import DEFAULT_TAG, Reference
from lamina.registry.client import Repository

_PARALLEL = 4


class Pushed:
    """Pushes one image to a repository; see `Destination`.

    A layer is on its way as soon as it is taken. The manifest goes last, so that a tag never names
    an image that is not whole.
    """

    def __init__(self, repository: Repository, tags: Sequence[str]) -> None:
        self._repository = repository
        self._tags = tuple(tags)
        self._uploads: dict[Digest, Future[None]] = {}
        self._pool = ThreadPoolExecutor(_PARALLEL, "push")

    def take(self, layer: Layer) -> None:
        """See `Destination.take`; what is wrong with the blob shows at `write`."""
        descriptor = layer.descriptor
        before = self._uploads.get(descriptor.digest)
        if before is None or (before.done() and before.exception() is not None):
            source = partial(blob_of, layer)
            self._uploads[descriptor.digest] = self._pool.submit(self._push, descriptor, source)

    def write(self, image: Image, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`; ``names`` are other destinations' affair."""
        for layer in image.layers:
            self.take(layer)
        config = image.manifest.config
        self._uploads[config.digest] = self._pool.submit(
            self._push, config, lambda: iter((image.raw_config,))
        )
        for upload in self._uploads.values():
            upload.result()
        for tag in self._tags:
            self._repository.put_manifest(tag, image.raw_manifest, mediatype.MANIFEST)
        return image.descriptor

    def abort(self) -> None:
        """See `Destination.abort`; blobs without a manifest are the registry's to sweep."""
        self._pool.shutdown(cancel_futures=True)

    def _push(self, descriptor: Descriptor, source: Callable[[], Iterator[bytes]]) -> None:
        if self._repository.has_blob(descriptor.digest) != descriptor.size:
            self._repository.upload(descriptor, source)


def tags_by_repository(names: Sequence[Reference]) -> dict[tuple[str, str], list[str]]:
    """Return which tags to push, by registry and repository."""
    if not names:
        raise DestinationError(
            "Nothing says where to push the image", hint="Name it with `-t REGISTRY/NAME:TAG`"
        )
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        if name.digest is not None:
            raise DestinationError(f"Unable to push to `{name}`: a digest cannot be chosen")
        tags = found.setdefault((name.registry, name.repository), [])
        if (tag := name.tag or DEFAULT_TAG) not in tags:
            tags.append(tag)
    return found
