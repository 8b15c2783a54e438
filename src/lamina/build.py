"""The pipeline, top to bottom: lock -> selection -> plan -> layers -> image -> destination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from lamina.archive.rootfs import check_parents
from lamina.destinations.base import Destination
from lamina.lock.model import Lock
from lamina.lock.select import Distribution, Selection, select
from lamina.lock.target import Target
from lamina.make.base import OpenedBase
from lamina.make.blobs import Bench
from lamina.make.line import line
from lamina.make.overrides import find_overrides
from lamina.make.parts import (
    Part,
    Site,
    file_parts,
    overrides_part,
    project_part,
    skeleton_part,
)
from lamina.make.wheels import Wheels
from lamina.make.workshop import Workshop
from lamina.oci.blob import DamagedBlob
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.image import Addition, Image, append
from lamina.oci.images import Images
from lamina.oci.reference import Reference
from lamina.plan.collisions import Collision
from lamina.plan.key import Recipe
from lamina.plan.plan import LayerPlan, Limits, PlannedWheel, plan_wheels
from lamina.project.config import Config
from lamina.project.facts import ProjectFacts
from lamina.project.image import image_config
from lamina.store.layers import StoredLayer
from lamina.wheel.direct_url import local_wheel, url_wheel
from lamina.wheel.scheme import Scheme

_PARALLEL = 16
_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be built."""

    folder: Path
    """Of the project, with the lockfile."""
    lock: Lock
    config: Config
    facts: ProjectFacts
    target: Target
    base: OpenedBase
    created: str
    """The date that the image says it has, as RFC 3339."""
    extras: frozenset[str] = frozenset()
    all_extras: bool = False
    groups: frozenset[str] = frozenset()
    installs_project: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the image, beneath those of the configuration."""
    outputs: tuple[Path, ...] = ()
    """What the build writes, which is no part of the project even if it lies there."""


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """A layer of ours in the image, and how it was had."""

    plan: LayerPlan
    layer: StoredLayer
    is_made: bool


@dataclass(frozen=True, slots=True)
class Built:
    """What a build gave."""

    image: Image
    descriptor: Descriptor
    layers: tuple[BuiltLayer, ...]
    """Those above the base, lowest first."""
    collisions: tuple[Collision, ...]


def build(
    order: Order, workshop: Workshop, destination: Destination, names: Sequence[Reference] = ()
) -> Built:
    """Build one image and write it; whatever the store has is not made again."""
    site = _site(order)
    check_parents(site.scheme.prefix, order.base.facts.rootfs)
    selection = select(
        order.lock,
        order.target,
        extras=order.extras,
        all_extras=order.all_extras,
        groups=order.groups,
    )
    sources = Wheels(workshop.store, workshop.scratch, workshop.transport, order.folder)
    wheels = measure(selection, sources)
    bottom, top = skeleton_part(site, workshop), _top_parts(order, site, workshop)
    others = len(order.base.base.layers) + 1 + len(top)
    plans = plan_wheels(wheels, site.recipe, Limits.of(order.config.layers), others=others)
    bench = Bench(workshop.store, workshop.scratch, site.scheme, workshop.wheel_limit)
    stack = _Stack(workshop, destination)
    with line(sources, bench, workshop.observer, workshop.makers) as making:
        kept = _kept([bottom.plan, *plans, *(part.plan for part in top)], workshop, sources)
        making.start([plan for plan in plans if kept[plan] is None])
        for base_layer in order.base.base.layers:
            destination.take(base_layer)
        stack.add(bottom, kept[bottom.plan])
        # The project's wheel is built while those of the lock come in.
        ready = [stack.get(part, kept[part.plan]) for part in top]
        for plan in plans:
            stack.add(Part(plan, partial(making.take, plan)), kept[plan])
        overrides = stack.look(
            lambda layers: find_overrides(layers, wheels, site.recipe, site.scheme)
        )
    if overrides is not None:
        part = overrides_part(overrides, site, workshop)
        stack.add(part, workshop.had(part.plan))
    for part, had in zip(top, ready, strict=True):
        stack.put(part, had)
    image = append(
        _image_config(order),
        order.base.base.layers,
        [Addition(each.layer, _history(each, order.created)) for each in stack.built],
    )
    descriptor = stack.look(lambda _: destination.write(Images.of(image), names=names))
    return Built(image, descriptor, tuple(stack.built), overrides.collisions if overrides else ())


def _kept(
    plans: Sequence[LayerPlan], workshop: Workshop, sources: Wheels
) -> dict[LayerPlan, StoredLayer | None]:
    """Return which layers the store has, and say what is planned."""
    kept = {plan: workshop.had(plan) for plan in plans}
    missing = [plan for plan in plans if kept[plan] is None]
    wanted = [wheel for plan in missing for wheel in plan.wheels if not sources.has(wheel)]
    workshop.observer.planned(plans, missing, wanted)
    return kept


def _top_parts(order: Order, site: Site, workshop: Workshop) -> list[Part]:
    parts = file_parts(site, workshop)
    project = project_part(site, workshop) if order.installs_project else None
    return [*parts, project] if project else parts


class _Stack:
    """The layers above the base, lowest first, each handed to the destination as it is ready.

    One whose blob turns out damaged, when it is handed over or looked into, is made again.
    """

    def __init__(self, workshop: Workshop, destination: Destination) -> None:
        self._workshop = workshop
        self._destination = destination
        self._parts: list[Part] = []
        self.built: list[BuiltLayer] = []

    def get(self, part: Part, kept: StoredLayer | None) -> BuiltLayer:
        """Return a layer, which is made now unless it is ``kept``."""
        return BuiltLayer(part.plan, kept or part.make(), is_made=kept is None)

    def add(self, part: Part, kept: StoredLayer | None) -> None:
        """Put a layer on top, which is made now unless it is ``kept``."""
        self.put(part, self.get(part, kept))

    def put(self, part: Part, built: BuiltLayer) -> None:
        """Put a layer on top."""
        self._parts.append(part)
        self.built.append(built)
        try:
            self._destination.take(built.layer)
        except DamagedBlob as error:
            self._make_again(len(self.built) - 1, error)

    def look(self, into: Callable[[Sequence[StoredLayer]], _Seen]) -> _Seen:
        """Return what ``into`` sees in the layers; it may raise `DamagedBlob` of one of them."""
        try:
            return into([each.layer for each in self.built])
        except DamagedBlob as error:
            for at, each in enumerate(self.built):
                if each.layer.written.digest == error.digest:
                    self._make_again(at, error)
            return into([each.layer for each in self.built])

    def _make_again(self, at: int, error: DamagedBlob) -> None:
        part, damaged = self._parts[at], self.built[at]
        self._workshop.observer.warn(f"{error}; it is made again: {part.plan.title}")
        self._workshop.store.layers.forget(damaged.layer)
        self.built[at] = self.get(part, None)
        self._destination.take(self.built[at].layer)


def measure(selection: Selection, wheels: Wheels) -> list[PlannedWheel]:
    """Return the distributions with hash and size, as locked or, failing that, as they are."""
    with ThreadPoolExecutor(_PARALLEL, "measure") as pool:
        return list(pool.map(partial(_measured, wheels=wheels), selection.distributions))


def _measured(distribution: Distribution, wheels: Wheels) -> PlannedWheel:
    hash_, size = wheels.measure(distribution.wheel)
    direct_url = None
    if (direct := distribution.direct) is not None:
        direct_url = (
            url_wheel(direct.url) if direct.url else local_wheel(distribution.wheel.filename)
        )
    name, version = distribution.name, str(distribution.version)
    return PlannedWheel(name, version, distribution.wheel, hash_, size, direct_url)


def _site(order: Order) -> Site:
    target = order.target
    minor = f"{target.python.major}.{target.python.minor}"
    scheme = Scheme(order.config.venv, minor, free_threaded=target.free_threaded)
    return Site(
        folder=order.folder,
        config=order.config,
        facts=order.facts,
        target=target,
        scheme=scheme,
        recipe=Recipe(scheme.prefix, target.python_tag),
        base=order.base.facts,
        outputs=order.outputs,
    )


def _image_config(order: Order) -> ImageConfig:
    return image_config(
        order.base.base.config,
        order.config,
        order.facts,
        created=order.created,
        labels=order.labels,
        installs_project=order.installs_project,
    )


def _history(built: BuiltLayer, created: str) -> History:
    return History(f"lamina: {built.plan.title}", created, str(built.plan.key))
