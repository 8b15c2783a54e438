"""One layer made: its entries written to a blob, which is put into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from lamina.archive.blob import Extent
from lamina.archive.compress import GzipWriter
from lamina.archive.entry import Entry
from lamina.archive.layer import write_layer
from lamina.archive.splice import Packed, splice
from lamina.bytecode.entries import Compilation
from lamina.make.ready import ReadyWheel
from lamina.plan.contents import NOTHING, Contents, InLayer, tops
from lamina.plan.epoch import EPOCH
from lamina.plan.key import Recipe
from lamina.plan.plan import LayerPlan
from lamina.plan.said import Said
from lamina.plan.wheel import PlannedWheel
from lamina.store.blobs import draft
from lamina.store.layers import StoredLayer
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import Unpacked, layer_entries, unpack


class Cancelled(Exception):
    """The build ends; what was being made is dropped."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where layers are made."""

    store: Store
    scratch: Scratch
    scheme: Scheme
    wheel_limit: int
    """Of what one wheel may unpack to, in bytes."""
    compilation: Callable[[], Compilation] | None = None
    """Gives how modules are compiled, if they are."""
    recipe: Recipe | None = None
    """What the store remembers of a layer's making."""

    def wheels(
        self, plan: LayerPlan, ready: Mapping[str, ReadyWheel], check: Callable[[], None]
    ) -> StoredLayer:
        """Make a layer from its wheels, which are given by their hashes.

        ``check`` raises `Cancelled` if nobody waits for the layer any more.
        """
        with ExitStack() as stack, draft(self.scratch) as blob:

            def write(data: bytes) -> None:
                check()
                blob.write(data)

            here = [ready[wheel.hash] for wheel in plan.wheels]
            files = [
                stack.enter_context(WheelFile(each.path, each.filename, limit=self.wheel_limit))
                for each in here
            ]
            unpacked = [
                unpack(file, self.scheme, wheel.direct_url)
                for file, wheel in zip(files, plan.wheels, strict=True)
            ]
            records = {each.record for each in unpacked}
            entries, packed = self._compiled(layer_entries(unpacked))
            written = splice(entries, write, mtime=EPOCH, extents=records, packed=packed)
            contents = Contents(
                tuple(
                    self._in_layer(wheel, each, written.extents[each.record])
                    for wheel, each in zip(plan.wheels, unpacked, strict=True)
                )
            )
        recipe = self.recipe.to_json() if self.recipe is not None else None
        return self.store.layers.put(plan.key, written, contents, blob.path, recipe)

    def _compiled(self, entries: Iterable[Entry]) -> tuple[Iterable[Entry], Packed | None]:
        """Return the entries as they are taken over, and the bytecode that follows them."""
        if self.compilation is None:
            return entries, None
        compilation = self.compilation()
        kept = compilation.kept(entries)
        return kept, Packed(compilation.bytecode(kept), GzipWriter)

    def _in_layer(self, wheel: PlannedWheel, unpacked: Unpacked, extent: Extent) -> InLayer:
        site_packages = f"{self.scheme.library}/site-packages"
        owned = tops((row.path for row in unpacked.rows), site_packages)
        return InLayer(wheel.name, wheel.version, wheel.hash, wheel.size, owned, extent)


def generated(
    plan: LayerPlan,
    entries: Iterable[Entry],
    store: Store,
    scratch: Scratch,
    *,
    said: Callable[[], Said] = Said,
) -> StoredLayer:
    """Make a layer from entries of any kind, compressed.

    ``said`` is asked, once all entries were read, what is to be said of it.
    """
    with draft(scratch) as blob:
        written = write_layer(entries, blob.write, mtime=EPOCH)
    return store.layers.put(plan.key, written, Contents(said=said()), blob.path)


def spliced(
    plan: LayerPlan, entries: Iterable[Entry], store: Store, scratch: Scratch
) -> StoredLayer:
    """Make a layer from small entries, with no compressor, so that its blob is promised too."""
    with draft(scratch) as blob:
        written = splice(entries, blob.write, mtime=EPOCH)
    return store.layers.put(plan.key, written, NOTHING, blob.path)
