"""What will be built, before anything is: lock -> selection -> plan. `lamina plan` stops here."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lamina.archive.rootfs import check_parents
from lamina.lock import source
from lamina.lock.model import Lock, Wheel
from lamina.lock.select import Distribution, Policy, Selection, select
from lamina.lock.target import Target
from lamina.make.base import OpenedBase
from lamina.make.parts import Part, Site, file_parts, project_part, skeleton_part
from lamina.make.wheels import Wheels
from lamina.make.workshop import Workshop
from lamina.plan.key import Recipe
from lamina.plan.plan import LayerPlan, Limits, PlannedWheel, plan_wheels
from lamina.project.config import Config
from lamina.project.facts import ProjectFacts
from lamina.wheel.direct_url import local_wheel, url_wheel
from lamina.wheel.scheme import Scheme

_PARALLEL = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be built, for one platform."""

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
class Prepared:
    """An order with its plan: every layer above the base but the overrides, each with its key."""

    order: Order
    site: Site
    sources: Wheels
    wheels: tuple[PlannedWheel, ...]
    bottom: Part
    """The environment's skeleton."""
    plans: tuple[LayerPlan, ...]
    """The layers of the dependencies, lowest first."""
    top: tuple[Part, ...]
    """Copied files and the project, lowest first."""

    @property
    def layers(self) -> tuple[LayerPlan, ...]:
        """All layers above the base, lowest first."""
        return (self.bottom.plan, *self.plans, *(part.plan for part in self.top))


def prepare(order: Order, workshop: Workshop) -> Prepared:
    """Return the plan of an order; of the network, at most sizes that the lock does not tell."""
    site = _site(order)
    check_parents(site.scheme.prefix, order.base.facts.rootfs)
    selection = select(
        order.lock,
        order.target,
        extras=order.extras,
        all_extras=order.all_extras,
        groups=order.groups,
        policy=Policy(no_build=None),
    )
    sources = Wheels(
        workshop.store,
        workshop.scratch,
        workshop.index_transport,
        order.folder,
        workshop.known.wheel_size,
    )
    wheels = measure(selection, sources)
    bottom, top = skeleton_part(site, workshop), _top_parts(order, site, workshop)
    others = len(order.base.base.layers) + 1 + len(top)
    plans = plan_wheels(wheels, site.recipe, Limits.of(order.config.layers), others=others)
    return Prepared(order, site, sources, tuple(wheels), bottom, plans, tuple(top))


def measure(selection: Selection, wheels: Wheels) -> list[PlannedWheel]:
    """Return the distributions with hash and size, as locked or, failing that, as they are."""
    with ThreadPoolExecutor(_PARALLEL, "measure") as pool:
        return list(pool.map(partial(_measured, wheels=wheels), selection.distributions))


def _measured(distribution: Distribution, wheels: Wheels) -> PlannedWheel:
    wheel = distribution.artifact
    assert isinstance(wheel, Wheel)  # since nothing is built
    hash_, size = wheels.measure(wheel)
    direct_url = None
    if isinstance(distribution.source, source.DirectUrl):
        direct_url = url_wheel(distribution.source.url)
    elif isinstance(distribution.source, source.Path):
        direct_url = local_wheel(wheel.filename)
    name, version = distribution.name, str(distribution.version)
    return PlannedWheel(name, version, wheel, hash_, size, direct_url)


def _top_parts(order: Order, site: Site, workshop: Workshop) -> list[Part]:
    parts = file_parts(site, workshop)
    project = project_part(site, workshop) if order.installs_project else None
    return [*parts, project] if project else parts


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
