"""What making an image needs beside that: registries, earlier images, and what compiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from lamina.archive.entry import Entry
from lamina.make.compiling import Compiling
from lamina.make.pinned_layers import Unlike, check_answers, is_pinned
from lamina.make.release_dates import ReleaseDates
from lamina.make.workshop import Workshop
from lamina.observer import Traffic
from lamina.oci.blob import DamagedBlob
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference
from lamina.pins.model import PinnedLayer, Pins
from lamina.plan.contents import OurLayer
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import LayerPlan
from lamina.plan.reasons import Earlier, reasons, unreadable
from lamina.registry.client import Repository
from lamina.reuse.known import Known
from lamina.reuse.reused import ReusedLayer
from lamina.store.layers import StoredLayer
from lamina.store.scratch import Scratch
from lamina.store.store import Store

Pull = Callable[[str, str, Traffic], Repository]
Make = Callable[[LayerPlan, Iterable[Entry], Store, Scratch], StoredLayer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageWorkshop(Workshop):
    """Where an image is made: bases are opened, and layers had or made."""

    pull: Pull
    """Gives a repository to read from, and counts what comes of it as traffic of that kind."""
    known: Known
    """What earlier images in registries tell."""
    compiling: Compiling
    """What compiles, where bytecode is wanted."""
    resolved: dict[Reference, Digest] = field(default_factory=dict)
    """What the names of bases led to: asked once, so that all platforms stand on one release."""

    dates: ReleaseDates
    """Of the suites that Debian packages come from."""
    pinned: Mapping[LayerKey, PinnedLayer] = field(default_factory=dict)
    """What the layers of some keys must be."""

    @classmethod
    def of(
        cls,
        workshop: Workshop,
        *,
        pull: Pull,
        known: Known,
        compiling: Compiling,
        pins: Pins | None = None,
    ) -> ImageWorkshop:
        """Return a workshop with what an image needs beside it; ``pins`` hold for all of it."""
        own = {each.name: getattr(workshop, each.name) for each in fields(workshop)}
        return cls(
            **own,
            pull=pull,
            known=known,
            compiling=compiling,
            dates=ReleaseDates(workshop.store, pins.suites if pins is not None else {}),
            pinned={each.key: each for each in pins.layers} if pins is not None else {},
        )

    def had(self, plan: LayerPlan) -> OurLayer | None:
        """Return the layer if the store has it, or a registry; a damaged one is missing."""
        return self.had_all([plan])[plan]

    def had_all(self, plans: Sequence[LayerPlan]) -> dict[LayerPlan, OurLayer | None]:
        """Return for each layer what `had` would; a registry is asked for many at a time.

        Raises `LayersNotPinned`.
        """
        found: dict[LayerPlan, OurLayer | None] = {plan: self._stored(plan) for plan in plans}
        missing = [plan for plan in plans if found[plan] is None]
        self.known.look_for(missing, plans)
        self.known.ask(missing)
        told = {plan: layer for plan in missing if (layer := self.known.layer(plan)) is not None}
        answers = (self.unlike(plan, layer) for plan, layer in told.items())
        check_answers(each for each in answers if each is not None)
        for plan, layer in told.items():
            self.observer.reused(plan, f"`{layer.repository.shown}`")
        found.update(told)
        return found

    def unlike(self, plan: LayerPlan, layer: Layer) -> Unlike | None:
        """Return how a layer differs from what is pinned for its key; None if it does not."""
        pinned = self.pinned.get(plan.key)
        if pinned is None or is_pinned(pinned, layer):
            return None
        return Unlike(plan.title, pinned, layer)

    def lacks_any(self, plans: Sequence[LayerPlan]) -> bool:
        """Say whether a layer is missing, as far as that shows without looking at its bytes."""
        missing = [plan for plan in plans if self.is_fresh or not self.store.layers.has(plan.key)]
        self.known.look_for(missing, plans)
        return not all(self.known.tells_of(plan) for plan in missing)

    def believed(self, plans: Sequence[LayerPlan]) -> dict[LayerPlan, OurLayer | None]:
        """Return the layers that `had_all` gives, without those that would have to be verified."""
        found = self.had_all(plans)
        return {
            plan: None if isinstance(layer, ReusedLayer) and not layer.is_believed else layer
            for plan, layer in found.items()
        }

    def why(
        self, missing: Iterable[LayerPlan], recipe: Recipe
    ) -> dict[LayerPlan, Mapping[str, str]]:
        """Return for each distribution of missing layers, by its name, why its layer is missing."""
        images = self.known.earlier()
        store = [
            Earlier(contents.distributions, recipe)
            for contents, recipe in self.store.layers.contents()
        ]
        return {
            plan: unreadable(plan)
            if self.known.was_unreadable(plan)
            else reasons(plan, recipe, images, store)
            for plan in missing
        }

    def forget(self, layer: OurLayer) -> None:
        """Do not have a layer again that turned out damaged."""
        if isinstance(layer, StoredLayer):
            self.store.layers.forget(layer)
        elif isinstance(layer, ReusedLayer):
            self.known.forget(layer)

    def make(self, plan: LayerPlan, make: Make, entries: Iterable[Entry]) -> StoredLayer:
        """Make a layer of generated content."""
        self.observer.making(plan)
        layer = make(plan, entries, self.store, self.scratch)
        self.observer.made(plan, layer.written.size)
        return layer

    def _stored(self, plan: LayerPlan) -> StoredLayer | None:
        if self.is_fresh:
            return None
        try:
            layer = self.store.layers.get(plan.key)
        except DamagedBlob as error:
            self.observer.warn(f"{error}; it is made again: {plan.title}")
            return None
        if layer is not None:
            self.observer.reused(plan, "the store")
        return layer
