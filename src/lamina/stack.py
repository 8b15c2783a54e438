"""The layers of one image as they become ready, and the image that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from lamina.destinations.base import Destination
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.overrides import Agreements
from lamina.make.parts import Part
from lamina.make.pinned_layers import Unlike
from lamina.oci.blob import DamagedBlob, LostBlobs
from lamina.oci.config import History, ImageConfig
from lamina.oci.digest import DiffID
from lamina.oci.image import Addition, Image, append
from lamina.plan.contents import OurLayer
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.prepare import Order, Prepared
from lamina.project.image import image_config
from lamina.reuse.record import BaseRecord, LayerRecord, Record
from lamina.reuse.reused import ReusedLayer
from lamina.store.layers import StoredLayer

_Seen = TypeVar("_Seen")
_BASE_NAME = "org.opencontainers.image.base.name"
_BASE_DIGEST = "org.opencontainers.image.base.digest"


class Origin(Enum):
    """How a layer was had."""

    MADE = "made"
    STORE = "store"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """A layer of ours in the image, and how it was had."""

    plan: LayerPlan
    layer: OurLayer
    origin: Origin

    @property
    def is_made(self) -> bool:
        """Whether this build has made it."""
        return self.origin is Origin.MADE


class Stack:
    """The layers above the base, lowest first, each handed to the destination as it is ready.

    One whose blob turns out damaged or gone, when it is handed over or looked into, is made again.
    """

    def __init__(
        self, prepared: Prepared, workshop: ImageWorkshop, destination: Destination
    ) -> None:
        self._prepared = prepared
        self._workshop = workshop
        self._destination = destination
        self._base = prepared.order.base
        self._parts: list[Part] = []
        self._made_again: set[int] = set()
        self.built: list[BuiltLayer] = []
        self.claims: dict[LayerPlan, ReusedLayer] = {}
        """Layers of a registry that are made nevertheless, to be compared."""
        self.lies: dict[str, tuple[DiffID, DiffID]] = {}
        """What was made and what was claimed, where these differ, by the layer's title."""
        self.unlike: dict[str, Unlike] = {}
        """Layers that are others than those that are pinned, by their titles."""
        self.agreements: Agreements = {}

    def take_base(self) -> None:
        """Hand over the layers of the base."""
        try:
            for layer in self._base.base.layers:
                self._destination.take(layer)
        except DamagedBlob as error:
            if not self._rebase(error):
                raise

    def get(self, part: Part, kept: OurLayer | None) -> BuiltLayer:
        """Return a layer, which is made now unless it is ``kept``."""
        built = self._get(part, kept)
        unlike = self._workshop.unlike(part.plan, built.layer)
        if unlike is not None:
            self.unlike[part.plan.title] = unlike
        return built

    def _get(self, part: Part, kept: OurLayer | None) -> BuiltLayer:
        if isinstance(kept, StoredLayer):
            return BuiltLayer(part.plan, kept, Origin.STORE)
        if kept is not None:
            return BuiltLayer(part.plan, kept, Origin.REGISTRY)
        made = part.make()
        claim = self.claims.get(part.plan)
        if claim is None:
            return BuiltLayer(part.plan, made, Origin.MADE)
        if claim.diff_id != made.diff_id:
            self.lies[part.plan.title] = (made.diff_id, claim.diff_id)
        return BuiltLayer(part.plan, claim, Origin.REGISTRY)

    def add(self, part: Part, kept: OurLayer | None) -> None:
        """Put a layer on top, which is made now unless it is ``kept``."""
        self.put(part, self.get(part, kept))

    def put(self, part: Part, built: BuiltLayer) -> None:
        """Put a layer on top, and say what is to be said of it, be it made or not."""
        said = built.layer.contents.said
        for text in said.notes:
            self._workshop.observer.note(text)
        for text in said.warnings:
            self._workshop.observer.warn(text)
        self._parts.append(part)
        self.built.append(built)
        try:
            self._destination.take(built.layer)
        except DamagedBlob as error:
            if not self.mend(error):
                raise

    def look(self, into: Callable[[Sequence[OurLayer]], _Seen]) -> _Seen:
        """Return what ``into`` sees in the layers; it may raise `DamagedBlob` of one of them."""
        while True:
            try:
                return into([each.layer for each in self.built])
            except DamagedBlob as error:
                if not self.mend(error):
                    raise

    def mend(self, error: DamagedBlob | LostBlobs) -> bool:
        """Make the layers again whose blobs are damaged; say no if none is here, or all were.

        Several are made at a time, since a registry may have lost many.
        """
        mended = [
            at
            for at, each in enumerate(self.built)
            if each.layer.descriptor.digest in error.digests and at not in self._made_again
        ]
        self._made_again.update(mended)
        sound = [at for at in mended if self._is_sound(at, error)]
        if lost := [at for at in mended if at not in sound]:
            titles = ", ".join(self._parts[at].plan.title for at in lost)
            self._workshop.observer.warn(f"{error}; made again: {titles}")
        with ThreadPoolExecutor(self._workshop.makers, "mend") as pool:
            list(pool.map(self._make_again, lost))
        for at in mended:
            self._destination.take(self.built[at].layer)
        return self._rebase(error) or bool(mended)

    def _is_sound(self, at: int, error: DamagedBlob | LostBlobs) -> bool:
        """Say whether only the registry has lost a layer: then it need only be sent again."""
        return isinstance(error, LostBlobs) and isinstance(self.built[at].layer, StoredLayer)

    def _rebase(self, error: DamagedBlob | LostBlobs) -> bool:
        """Take the base from its own registry, if layers are lost that an earlier image told of."""
        digests = {layer.descriptor.digest for layer in self._base.base.layers}
        if self._base.again is None or digests.isdisjoint(error.digests):
            return False
        self._workshop.observer.warn(f"{error}; the base is read anew")
        self._base = self._base.again()
        for layer in self._base.base.layers:
            self._destination.take(layer)
        return True

    def image(self) -> Image:
        """Return the image of the layers as they are now."""
        order = self._prepared.order
        return append(
            self._record().within(_image_config(self._prepared)),
            self._base.base.layers,
            [Addition(each.layer, _history(each, order.created)) for each in self.built],
            annotations=_annotations(order),
        )

    def _make_again(self, at: int) -> None:
        part, damaged = self._parts[at], self.built[at]
        self._workshop.forget(damaged.layer)
        self.claims.pop(part.plan, None)
        self.built[at] = self.get(part, None)

    def _record(self) -> Record:
        order, recipe = self._prepared.order, self._prepared.site.recipe.to_json()
        below = [
            LayerRecord(layer.descriptor.size, LayerKind.BASE) for layer in self._base.base.layers
        ]
        own = [
            LayerRecord(each.layer.descriptor.size, each.plan.kind, each.layer.contents)
            for each in self.built
        ]
        return Record(recipe, _base_record(order), (*below, *own), self.agreements)


def _base_record(order: Order) -> BaseRecord | None:
    opened = order.base
    if not opened.base.layers:
        return None
    config = opened.base.config if opened.reference is not None else None
    count = len(opened.base.layers)
    return BaseRecord(opened.base.identity, opened.facts, count, config, opened.resolved)


def _annotations(order: Order) -> Mapping[str, str]:
    """Return what the manifest says of the base, if others can know it (annotations.md)."""
    opened = order.base
    if opened.reference is None or opened.base.digest is None:
        return {}
    return {_BASE_NAME: str(opened.reference), _BASE_DIGEST: str(opened.base.digest)}


def _image_config(prepared: Prepared) -> ImageConfig:
    order = prepared.order
    return image_config(
        order.base.base.config,
        order.config,
        order.facts,
        created=order.created,
        labels=order.labels,
        installs_project=prepared.selection.installs_project,
    )


def _history(built: BuiltLayer, created: str) -> History:
    return History(f"lamina: {built.plan.title}", created, str(built.plan.key))
