"""The layers of an image to trees in the store: each fetched once, for all that is wanted of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import canonicalize_name

from lamina.archive.entry import CHUNK
from lamina.make.parallel import side_by_side
from lamina.make.unlayer import NOT_HAD, Found, NotToBeHad, files_of, stored_record
from lamina.make.workshop import Workshop
from lamina.oci.blob import DamagedBlob, unpacked
from lamina.oci.changeset import Changeset
from lamina.plan.contents import InLayer
from lamina.reuse.former import FormerLayer
from lamina.store.scratch import translated
from lamina.store.trees import Tree
from lamina.sync.errors import SyncError
from lamina.sync.image import Held, SourceImage

_PARALLEL = 8
_LARGEST_RECORD = 1 << 27


class LayersUnusable(SyncError):
    """Layers of an image that are not what they should be, every one of them."""

    def __init__(self, image: SourceImage, faults: Iterable[tuple[FormerLayer, str]]) -> None:
        rows = [f"  {layer.descriptor.digest}: {fault}" for layer, fault in faults]
        super().__init__(
            "\n".join(
                [f"Unable to install from layers of the image `{image.name}`", *sorted(rows)]
            ),
            hint="Nothing was changed; build and push the image anew with `--no-cache`, or leave "
            "`--from` out",
        )


@dataclass(frozen=True, slots=True)
class LayerTrees:
    """Makes trees of the layers of one image."""

    image: SourceImage
    workshop: Workshop

    def make(self, wanted: Iterable[Held]) -> dict[str, Tree]:
        """Return the trees of distributions, by their names in the store.

        Raises `LayersUnusable` for all layers that are damaged, and what fetching them raises. The
        trees that are made by then stay in the store.
        """
        layers: dict[str, list[Held]] = {}
        for each in wanted:
            layers.setdefault(str(each.layer.descriptor.digest), []).append(each)
        largest_first = sorted(layers.values(), key=lambda each: -each[0].layer.descriptor.size)
        made = side_by_side(
            self._of_layer, largest_first, threads=_PARALLEL, interrupt=self.workshop.interrupt
        )
        if faults := [each for each in made if isinstance(each, tuple)]:
            raise LayersUnusable(self.image, faults)
        return {key: tree for each in made if isinstance(each, dict) for key, tree in each.items()}

    def _of_layer(self, wanted: list[Held]) -> dict[str, Tree] | tuple[FormerLayer, str]:
        """Return the trees of distributions of one layer, or what is wrong with it."""
        layer, workshop = wanted[0].layer, self.workshop
        blob: Path | None = None
        try:
            blob = self._fetch(layer)
            opened = FetchedLayer(blob, layer, wanted[0].found)
            return {each.tree: self._tree(opened, each) for each in wanted}
        except DamagedBlob as error:
            return layer, str(error).replace("\n", "\n  ")
        except NOT_HAD as error:
            return layer, str(error)
        finally:
            if blob is not None:
                workshop.scratch.drop(blob)

    def _fetch(self, layer: FormerLayer) -> Path:
        path = self.workshop.scratch.new()
        with self.image.open(layer.descriptor) as blob, translated(path), path.open("wb") as copy:
            while chunk := blob.read(CHUNK):
                copy.write(chunk)
        return path

    def _tree(self, layer: FetchedLayer, held: Held) -> Tree:
        workshop = self.workshop
        limit = workshop.wheel_limit
        files = files_of(layer, held.found, held.hash, held.filename, limit, held.beside)
        return workshop.store.trees.take(held.tree, held.filename, files, workshop.scratch)


@dataclass
class FetchedLayer:
    """A layer of an image of others, as `OpenedLayer`: believed is what agrees with its diff ID."""

    path: Path
    layer: FormerLayer
    found: Found
    is_checked: bool = False
    _records: dict[str, bytes] = field(default_factory=dict)

    def tar(self) -> Iterator[bytes]:
        """See `OpenedLayer.tar`; once read to its end, it is what the image's config says.

        Raises `NotToBeHad`.
        """
        expected = self.layer.diff_id
        hasher = None if self.is_checked else hashlib.new(expected.algorithm)
        with self.path.open("rb") as blob:
            for piece in unpacked(iter(lambda: blob.read(CHUNK), b"")):
                if hasher is not None:
                    hasher.update(piece)
                yield piece
        if hasher is not None and hasher.hexdigest() != expected.hex:
            got = f"{expected.algorithm}:{hasher.hexdigest()}"
            raise NotToBeHad(f"its diff ID is {got}, and not {expected}, as the image says")
        self.is_checked = True

    def record(self, distribution: InLayer) -> bytes:
        """See `OpenedLayer.record`; of a blob that was packed anew, it is looked for in the tar."""
        if self.layer.is_sized:
            extent = distribution.record
            with self.path.open("rb") as blob:
                blob.seek(extent.offset)
                return stored_record(distribution, blob.read(min(extent.size, _LARGEST_RECORD)))
        if not self._records:
            self._records.update(self._read_records())
        if distribution.name not in self._records:
            raise NotToBeHad(f"it has no RECORD of `{distribution.name}`")
        return self._records[distribution.name]

    def _read_records(self) -> Iterator[tuple[str, bytes]]:
        site = f"{self.found.prefix[1:]}/lib/python{self.found.python}/site-packages/"
        changeset = Changeset(self.tar())
        for member in changeset:
            info, _, file = member.path.removeprefix(site).partition("/")
            if file == "RECORD" and info.endswith(".dist-info") and member.size < _LARGEST_RECORD:
                name = canonicalize_name(info.partition("-")[0])
                yield name, b"".join(changeset.content())
