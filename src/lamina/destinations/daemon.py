"""A running Docker or Podman as a destination: what it lacks is sent through its socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lamina.archive import tar
from lamina.destinations.base import DestinationError, blob_of
from lamina.destinations.docker_archive import documents, file_name
from lamina.destinations.tarball import framed
from lamina.engine.client import Engine, Held, Kind, Listed
from lamina.engine.errors import EngineRefused
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument
from lamina.oci.image import Image
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.reference import InvalidReference, Reference

_LOOKED_AT = 100
"""Images at most: Podman needs some ten milliseconds for each."""

DiffIDs = Sequence[str]
"""Of an image's layers, lowest first."""


@dataclass(frozen=True, slots=True)
class Loading:
    """What came of loading an image."""

    kind: Kind
    image_id: str
    """By which the engine knows it."""
    layers: int
    """How many were sent; none, if the engine had the image."""
    size: int
    """Of all that was sent, in bytes."""


class OneLoadOnly(DestinationError):
    """There are images for several platforms, and an archive that is loaded holds one."""

    def __init__(self) -> None:
        super().__init__(
            "Unable to load images for several platforms: an engine takes one",
            hint="Choose one with `--platform`, or push them",
        )


class Loaded:
    """Loads an image into an engine; see `Destination`.

    Blobs are read as they are sent, and sent at the end, when it is known which of them the engine
    lacks; no file lies between. Without a name, the image is known by its ID alone.
    """

    def __init__(self, engine: Engine, tell: Callable[[Loading], None]) -> None:
        self._engine = engine
        self._tell = tell
        self._size = 0

    def take(self, layer: Layer) -> None:
        """See `Destination.take`; what is wrong with the blob shows at `write`."""

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`; ``names`` are the tags that the engine gives."""
        if len(images.each) > 1:
            raise OneLoadOnly
        (image,) = images.each
        self._size, layers = 0, 0
        held = self._engine.image(str(image.manifest.config.digest))
        if held is None:
            held, layers = self._load(_Archive(image, tuple(names)))
        else:
            for name in names:
                self._engine.tag(held.id, name)
        self._tell(Loading(self._engine.kind, held.id, layers, self._size))
        return images.descriptor

    def abort(self) -> None:
        """See `Destination.abort`; an engine drops an archive that breaks off."""

    def _load(self, whole: _Archive) -> tuple[Held, int]:
        """Send what the engine lacks, and if it wants more than that, everything."""
        kind, layers = self._engine.kind, whole.image.layers
        known = known_layers(layers, self._images_like(whole.names), kind)
        least = replace(whole, left_out=known, is_marked=kind is Kind.PODMAN)
        try:
            return self._send(least), len(least.layers)
        except EngineRefused:
            # No engine promises that something may be left out, and the layers of one that keeps
            # them otherwise (Docker with containerd's store) are not known by what it has unpacked.
            if not known:
                raise
        return self._send(whole), len(whole.layers)

    def _send(self, archive: _Archive) -> Held:
        """Send an archive, and return the image that it has become in the engine."""
        said = self._engine.load(self._counted(archive.pieces()))
        diff_ids = tuple(str(layer.diff_id) for layer in archive.image.layers)
        # An image's ID is its config's digest; containerd's store goes by that of a manifest.
        for name in (str(archive.image.manifest.config.digest), *said):
            held = self._engine.image(name)
            if held is not None and held.diff_ids == diff_ids:
                return held
        raise EngineRefused(
            f"{self._engine.kind} does not have the image, though it gave no error",
            hint="Its log may say why",
        )

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            self._size += len(piece)

    def _images_like(self, names: Sequence[Reference]) -> Iterator[DiffIDs]:
        """Give the layers of the engine's images, those first that may well be earlier builds.

        What cannot be looked at is not looked at: it saves something, no more.
        """
        repositories = {name.name for name in names}
        with suppress(EngineRefused, MalformedDocument):
            listed = self._engine.images()
            listed.sort(key=lambda image: repositories.isdisjoint(_repositories(image)))
            for each in listed[:_LOOKED_AT]:
                with suppress(EngineRefused, MalformedDocument):
                    held = self._engine.image(each.id)
                    yield held.diff_ids if held else ()


@dataclass(frozen=True, slots=True)
class _Archive:
    """A docker archive that is written while it is sent."""

    image: Image
    names: tuple[Reference, ...]
    left_out: frozenset[Digest] = frozenset()
    """The blobs that the engine is believed to have."""
    is_marked: bool = False
    """Whether an empty file stands for each of them."""

    @property
    def layers(self) -> list[Layer]:
        """Those whose blobs are in the archive, each once."""
        found = {layer.descriptor.digest: layer for layer in self.image.layers}
        return [layer for digest, layer in found.items() if digest not in self.left_out]

    def pieces(self) -> Iterator[bytes]:
        """Give the bytes of the archive. Raises `DamagedBlob`."""
        for layer in self.layers:
            descriptor = layer.descriptor
            yield from framed(file_name(descriptor), descriptor.size, blob_of(layer))
        if self.is_marked:
            descriptors = {layer.descriptor.digest: layer.descriptor for layer in self.image.layers}
            for digest in sorted(self.left_out):
                yield from framed(file_name(descriptors[digest]), 0, ())
        for name, data in documents(self.image, self.names):
            yield from framed(name, len(data), (data,))
        yield tar.END


def known_layers(
    layers: Sequence[Layer], images: Iterable[DiffIDs], kind: Kind
) -> frozenset[Digest]:
    """Return the blobs that an engine with these images need not be sent.

    Docker knows a layer by all that lie below it, so those count that an image begins with.
    Podman knows each by itself. ``images`` are looked at until nothing is lacking.
    """
    wanted = [str(layer.diff_id) for layer in layers]
    known: set[int] = set()
    for diff_ids in images:
        if kind is Kind.DOCKER:
            known |= set(range(_common(wanted, diff_ids)))
        else:
            known |= {at for at, diff_id in enumerate(wanted) if diff_id in diff_ids}
        if len(known) == len(wanted):
            break
    # The same blob may lie twice in an image.
    lacking = {layer.descriptor.digest for at, layer in enumerate(layers) if at not in known}
    return frozenset(layer.descriptor.digest for layer in layers) - lacking


def _common(one: DiffIDs, other: DiffIDs) -> int:
    """Return how many layers both begin with."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count


def _repositories(image: Listed) -> set[str]:
    """Return the names of an image in full, without tags; Docker writes them short."""
    found = set()
    for tag in image.tags:
        with suppress(InvalidReference):  # `<none>:<none>` is none.
            found.add(Reference.parse(tag).name)
    return found
