"""What every destination promises, and how blobs are copied into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from lamina.errors import LaminaError
from lamina.oci.blob import DamagedBlob, verified
from lamina.oci.descriptor import Descriptor
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference

_PIECE = 1 << 20


class DestinationError(LaminaError):
    """An image cannot be written to where it should go."""


class DestinationUnusable(DestinationError):
    """The file system refuses; a full disk, say. Nothing half-written is left."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Unable to write to `{path}`: {error.strerror}")
        self.path = path


class Destination(Protocol):
    """Where an image goes.

    Nothing that was there before is changed until `write` has all that it needs; whoever opened a
    destination calls `abort` at the end, best through `closing`.
    """

    def take(self, layer: Layer) -> None:
        """Take a layer as soon as it is ready; called in the order of the image.

        Raises `DamagedBlob` if its blob is not as described or is gone: whoever made it can make it
        again, and then calls again.
        """
        ...

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """Finish at once and as a whole; return the descriptor of the manifest, or of the index.

        Layers that were not taken before are taken now. Raises `DestinationError` of several
        images where there can be only one.
        """
        ...

    def abort(self) -> None:
        """Leave everything as it was; does nothing after `write`, nor the second time."""
        ...


@runtime_checkable
class HasPath(Protocol):
    """A layer whose blob is a file, which a destination may link instead of copying it."""

    @property
    def path(self) -> Path:
        """The file that is the blob, and nothing more."""
        ...


_D = TypeVar("_D", bound=Destination)


@contextmanager
def closing(destination: _D) -> Iterator[_D]:
    """Give ``destination``, which is as it was before if the block ends without `write`."""
    try:
        yield destination
    finally:
        destination.abort()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that names the path."""
    try:
        yield
    except OSError as error:
        raise DestinationUnusable(path, error) from error


def blob_of(layer: Layer) -> Iterator[bytes]:
    """Give the bytes of a layer's blob, checked; one that cannot be read counts as damaged."""
    descriptor = layer.descriptor
    try:
        with layer.open() as blob:
            yield from verified(blob, descriptor, _PIECE)
    except OSError as error:
        why = error.strerror or "what cannot be read"
        raise DamagedBlob(descriptor.digest, f"{descriptor.size} bytes", why) from error
