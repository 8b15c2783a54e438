"""A repository of a registry as a destination: the blobs that it lacks, then the manifest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol, runtime_checkable

from lamina.destinations.base import DestinationError, blob_of
from lamina.observer import Observer
from lamina.oci.blob import DamagedBlob, LostBlobs
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.images import Images, unannotated
from lamina.oci.layer import Layer
from lamina.oci.reference import DEFAULT_TAG, Reference
from lamina.registry.client import Repository
from lamina.registry.errors import BlobsMissing, Refused

_QUESTIONS = 32
"""Asked at a time: each waits for an answer of a few bytes."""
_TRANSFERS = 4
"""At a time: each fills the line."""


@runtime_checkable
class HasRepository(Protocol):
    """A layer that lies in a registry, from which it can be mounted instead of copied."""

    @property
    def repository(self) -> Repository:
        """Where it lies."""
        ...


class Pushed:
    """Pushes images to a repository; see `Destination`.

    A layer is on its way as soon as it is taken. Manifests go last, so that a tag never names an
    image that is not whole.
    """

    def __init__(
        self,
        repository: Repository,
        tags: Sequence[str],
        observer: Observer,
        sibling: Pushed | None = None,
    ) -> None:
        """``sibling`` pushes the same to the same registry, before: its blobs are mounted."""
        self._repository = repository
        self._sibling = sibling
        self._tags = tuple(tags)
        self._observer = observer
        self._uploads: dict[Digest, Future[None]] = {}
        self._failure: Exception | None = None
        self._is_lacking = False
        self._news = threading.Condition()
        self._pool = ThreadPoolExecutor(_QUESTIONS, "push")
        self._line = threading.BoundedSemaphore(_TRANSFERS)

    def take(self, layer: Layer) -> None:
        """See `Destination.take`; what is wrong with the blob shows at `write`.

        What ends the push ends it here already, before more is made for it.
        """
        if self._failure is not None:
            raise self._failure
        descriptor = layer.descriptor
        before = self._uploads.get(descriptor.digest)
        if before is None or (before.done() and before.exception() is not None):
            upload = self._uploads[descriptor.digest] = self._pool.submit(self._have, layer)
            upload.add_done_callback(lambda _: self._tell())

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`; ``names`` are other destinations' affair."""
        for layer in images.layers:
            self.take(layer)
        layers = [self._uploads[layer.descriptor.digest] for layer in images.layers]
        configs = [
            self._pool.submit(self._have_config, image.manifest.config, image.raw_config, layers)
            for image in images.each
        ]
        for upload in (*layers, *configs):
            upload.result()
        return self._name(images)

    @property
    def name(self) -> str:
        """The repository's, within its registry."""
        return self._repository.name

    def wait(self, digest: Digest) -> None:
        """Wait for a layer that was taken; raises what went wrong with it."""
        self._uploads[digest].result()

    def abort(self) -> None:
        """See `Destination.abort`; blobs without a manifest are the registry's to sweep."""
        self._pool.shutdown(cancel_futures=True)

    def _have(self, layer: Layer) -> None:
        """See to it that the repository has a layer."""
        try:
            self._bring(layer)
        except DamagedBlob:
            raise
        except Exception as error:
            self._failure = error
            raise

    def _bring(self, layer: Layer) -> None:
        descriptor = layer.descriptor
        if isinstance(layer, HasRepository):
            if layer.repository.is_same(self._repository):
                return
            if layer.repository.host == self._repository.host and self._repository.mount(
                descriptor.digest, layer.repository.name
            ):
                return
        if self._follows(descriptor.digest):
            return
        if self._repository.has_blob(descriptor.digest) != descriptor.size:
            self._is_lacking = True
            self._tell()
            self._send(descriptor, partial(blob_of, layer))

    def _follows(self, digest: Digest) -> bool:
        """Have a blob mounted that the sibling has pushed; wait for it, and say whether it was."""
        if self._sibling is None:
            return False
        self._sibling.wait(digest)
        return self._repository.mount(digest, self._sibling.name)

    def _have_config(self, config: Descriptor, data: bytes, layers: Sequence[Future[None]]) -> None:
        """Push a config; whether it is there is asked only if all layers were.

        Nobody can have pushed a config before the layers that it lists.
        """
        with self._news:
            self._news.wait_for(lambda: self._is_lacking or all(each.done() for each in layers))
        if self._is_lacking or self._repository.has_blob(config.digest) != config.size:
            self._send(config, lambda: iter((data,)))

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()

    def _send(self, descriptor: Descriptor, source: Callable[[], Iterator[bytes]]) -> None:
        with self._line:
            self._repository.upload(descriptor, source)

    def _name(self, images: Images) -> Descriptor:
        """Push what names the blobs, under each tag."""
        try:
            self._put(images)
        except BlobsMissing as error:
            raise self._gone(error, images) from error
        except Refused as error:
            plain = unannotated(images)
            if not error.is_about_manifest or plain == images:
                raise
            self._put(plain)
            self._observer.warn(f"{error}; it was pushed without its annotations")
            return plain.descriptor
        return images.descriptor

    def _put(self, images: Images) -> None:
        *children, (top, data) = images.documents
        for child, raw in children:
            self._repository.put_manifest(child.digest, raw, child.media_type)
        for tag in self._tags:
            self._repository.put_manifest(tag, data, top.media_type)
            self._observer.note(f"Pushed {self._repository.shown}:{tag}")

    def _gone(self, error: BlobsMissing, images: Images) -> Exception:
        """Return what says which layers the repository lost, though it was said to have them."""
        described = [layer.descriptor for layer in images.layers]
        sizes = self._pool.map(lambda each: self._repository.has_blob(each.digest), described)
        lost = [
            each.digest for each, size in zip(described, sizes, strict=True) if size != each.size
        ]
        for digest in lost:
            del self._uploads[digest]
        return LostBlobs(self._repository.shown, lost) if lost else error


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
