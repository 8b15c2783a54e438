"""The distributions that are chosen of a lock, on their way to wheels: where each is from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.lock.select import Distribution, Selection
from lamina.lock.target import Target
from lamina.make.archives import Archives
from lamina.make.builder import Builder
from lamina.make.fitting import DoesNotFit, ForeignWheels
from lamina.make.parallel import side_by_side
from lamina.make.wheels import Wheels
from lamina.make.workshop import Workshop
from lamina.plan.wheel import PlannedWheel
from lamina.project.building import Building

if TYPE_CHECKING:
    from lamina.plan.contents import InLayer

_PARALLEL = 16


def plan_all(
    distributions: Iterable[Distribution],
    plan: Callable[[Distribution], PlannedWheel],
    target: Target,
    workshop: Workshop,
) -> list[PlannedWheel]:
    """Return the distributions with hash and size, as locked or, failing that, as they are.

    Source trees are not among them. Raises `ForeignWheels` for all that is of no use when built.
    """

    def planned(distribution: Distribution) -> PlannedWheel | DoesNotFit:
        try:
            return plan(distribution)
        except DoesNotFit as misfit:
            return misfit

    locked = [each for each in distributions if not each.is_local]
    found = side_by_side(planned, locked, threads=_PARALLEL, interrupt=workshop.interrupt)
    if misfits := [each for each in found if isinstance(each, DoesNotFit)]:
        raise ForeignWheels(target, misfits)
    return [each for each in found if isinstance(each, PlannedWheel)]


def sources_of(
    folder: Path,
    building: Building,
    target: Target,
    selection: Selection,
    workshop: Workshop,
    told: Callable[[str], InLayer | None] = lambda hash_: None,
) -> Wheels:
    """Return where the wheels of a selection come from; ``folder`` is the lockfile's.

    ``told`` gives by a hash what earlier images tell of a wheel.
    """

    def told_size(hash_: str) -> int | None:
        known = told(hash_)
        return None if known is None else known.size

    archives = Archives(
        workshop.store,
        workshop.scratch,
        workshop.index_transport,
        folder,
        workshop.observer,
        told_size,
    )
    builder = Builder(workshop, archives, building, target, versions_of(selection), told)
    return Wheels(archives, builder)


def versions_of(selection: Selection) -> dict[str, str]:
    """Return the versions that are locked, by name."""
    return {each.name: str(each.version) for each in selection.distributions if each.version}
