"""What will be built, before anything is: lock -> selection -> plan. `lamina plan` stops here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lamina.archive.rootfs import check_parents
from lamina.bytecode.entries import Compilation
from lamina.lock.model import Lock
from lamina.lock.select import FREELY, THE_PROJECT, Policy, Selection, select
from lamina.lock.target import Target
from lamina.lock.wanted import Wanted
from lamina.make.base import OpenedBase
from lamina.make.chosen import plan_all, sources_of, versions_of
from lamina.make.compiling import Wanted as WantedPython
from lamina.make.fitting import ForeignWheels, raise_all
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parts import Part, Site, file_parts, skeleton_part
from lamina.make.stdlib import stdlib_part
from lamina.make.system import System
from lamina.make.system_parts import system_parts
from lamina.make.trees import TreeBuilder
from lamina.make.wheels import Wheels
from lamina.plan.base import BaseFacts
from lamina.plan.bytecode import Bytecode
from lamina.plan.key import Recipe
from lamina.plan.plan import LayerKind, LayerPlan, Limits, plan_wheels
from lamina.plan.wheel import PlannedWheel
from lamina.project.building import Building
from lamina.project.config import Config
from lamina.project.facts import ProjectFacts
from lamina.system.python import libc_of, python_of
from lamina.wheel.scheme import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be built, for one platform."""

    folder: Path
    """With the lockfile, to which its paths are relative."""
    project_folder: Path
    """Of the project: another one, for a member of a workspace."""
    lock: Lock
    config: Config
    facts: ProjectFacts
    target: Target
    base: OpenedBase
    created: str
    """The date that the image says it has, as RFC 3339."""
    wanted: Wanted = THE_PROJECT
    """What of the lock is installed."""
    policy: Policy = FREELY
    copies_project: bool = True
    """Whether the files of a project without build system are copied."""
    building: Building = field(default_factory=Building)
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the image, beneath those of the configuration."""
    outputs: tuple[Path, ...] = ()
    """What the build writes, which is no part of the project even if it lies there."""
    system: System | None = None
    """The Debian packages above the base, if there are any."""

    @property
    def below(self) -> BaseFacts:
        """What the environment stands on: the base, with what packages above it bring."""
        return below(self.base.facts, self.system)


def below(base: BaseFacts, system: System | None) -> BaseFacts:
    """Return the facts of a base with Python and C library of packages, where it has none."""
    packages = () if system is None else system.plan.packages
    return replace(
        base, python=base.python or python_of(packages), libc=base.libc or libc_of(packages)
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order with its plan: every layer above the base but the overrides, each with its key."""

    order: Order
    selection: Selection
    site: Site
    sources: Wheels
    wheels: tuple[PlannedWheel, ...]
    bottom: tuple[Part, ...]
    """Debian packages, bytecode of the base's own modules, and the environment's skeleton, lowest
    first."""
    plans: tuple[LayerPlan, ...]
    """The layers of the dependencies, lowest first."""
    top: tuple[Part, ...]
    """Copied files and the project, lowest first."""

    @property
    def layers(self) -> tuple[LayerPlan, ...]:
        """All layers above the base, lowest first."""
        return (
            *(part.plan for part in self.bottom),
            *self.plans,
            *(part.plan for part in self.top),
        )


def prepare(order: Order, workshop: ImageWorkshop) -> Prepared:
    """Return the plan of an order; of the network, at most sizes that the lock does not tell.

    With bytecode of a Python that cannot be known otherwise, that is asked, be it the base's own.
    """
    site = _site(order, workshop)
    check_parents(site.scheme.prefix, order.base.facts.rootfs)
    selection = select(order.lock, order.target, order.wanted, order.policy)
    sources = sources_of(
        order.folder,
        order.building,
        order.target,
        selection,
        workshop,
        workshop.known.distribution,
    )
    bottom = _bottom_parts(order, site, workshop)
    top = _top_parts(order, selection, site, workshop)
    try:
        wheels = plan_all(selection.distributions, sources.plan, order.target, workshop)
    except ForeignWheels as error:
        raise_all(order.target, [error, *_foreign_trees(top, workshop)])
        raise
    others = len(order.base.base.layers) + len(bottom) + len(top)
    if order.system is not None:
        others += order.system.plan.spare
    plans = plan_wheels(wheels, site.recipe, Limits.of(order.config.layers), others=others)
    return Prepared(order, selection, site, sources, tuple(wheels), bottom, plans, tuple(top))


def _foreign_trees(parts: Iterable[Part], workshop: ImageWorkshop) -> Iterator[ForeignWheels]:
    """Give what is wrong with source trees, too, where the build fails in any case."""
    for part in parts:
        if part.plan.kind is LayerKind.PROJECT and workshop.had(part.plan) is None:
            try:
                part.make()
            except ForeignWheels as error:
                yield error


def settled(order: Order, workshop: ImageWorkshop) -> Prepared:
    """Return the plan of an order that is about to be built.

    What is to compile was chosen without a look at it; if there is something to compile, it is
    looked at now, and another one chosen where it does not run.
    """
    prepared = prepare(order, workshop)
    bytecode = prepared.site.recipe.bytecode
    if bytecode is None or not workshop.lacks_any(prepared.layers):
        return prepared
    wanted = WantedPython.of(order.base.base, order.base.facts, order.target)
    if workshop.compiling.is_had(wanted, bytecode):
        return prepared
    return prepare(order, workshop)


def _bottom_parts(order: Order, site: Site, workshop: ImageWorkshop) -> tuple[Part, ...]:
    system = [] if order.system is None else system_parts(order.system, workshop)
    skeleton = skeleton_part(site, workshop)
    library, base = order.base.base.library, order.base.facts
    bytecode, compilation = site.recipe.bytecode, site.compilation
    if library is None or base.python is None or bytecode is None or compilation is None:
        return *system, skeleton
    stdlib = stdlib_part(library, base, base.python, bytecode, compilation, workshop)
    return stdlib, *system, skeleton


def _top_parts(
    order: Order, selection: Selection, site: Site, workshop: ImageWorkshop
) -> list[Part]:
    trees = TreeBuilder(site, workshop, order.building, versions_of(selection))
    local = [each for each in selection.distributions if each.is_local]
    project = trees.project() if selection.installs_project else None
    parts = [*trees.others(order.folder, local), *file_parts(site, workshop)]
    return [*parts, project] if project else parts


def _site(order: Order, workshop: ImageWorkshop) -> Site:
    target = order.target
    minor = f"{target.python.major}.{target.python.minor}"
    scheme = Scheme(order.config.venv, minor, free_threaded=target.free_threaded)
    bytecode, compilation = None, None
    if order.config.bytecode:
        wanted = WantedPython.of(order.base.base, order.base.facts, target)
        bytecode = workshop.compiling.recipe(wanted)
        compilation = partial(_compilation, wanted, bytecode, scheme, workshop)
    return Site(
        folder=order.project_folder,
        config=order.config,
        facts=order.facts,
        target=target,
        scheme=scheme,
        recipe=Recipe(scheme.prefix, target.python_tag, bytecode),
        base=order.below,
        copies_project=order.copies_project,
        outputs=order.outputs,
        compilation=compilation,
    )


def _compilation(
    wanted: WantedPython, bytecode: Bytecode, scheme: Scheme, workshop: ImageWorkshop
) -> Compilation:
    compilers = workshop.compiling.compilers(wanted, bytecode)
    return Compilation(bytecode, compilers, scheme.site_packages)
