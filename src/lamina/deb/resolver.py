"""From wishes to Debian packages: what ``apt-get install`` would put above a base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from lamina.deb.asked import Asked
from lamina.deb.binary import BinaryPackage
from lamina.deb.explanation import explain
from lamina.deb.installed import Installed
from lamina.deb.need import Need, Wanted
from lamina.deb.package import DebianPackage
from lamina.deb.packages import IndexedPackage, PackagesIndex
from lamina.deb.search import DeadEnd, Search
from lamina.deb.wish import Wish
from lamina.deb.world import Reach, World
from lamina.errors import LaminaError

NO_PINS: Mapping[str, str] = MappingProxyType({})


class Unsatisfiable(LaminaError):
    """Packages that cannot be there together, or not in that base."""

    def __init__(self, wishes: Sequence[Wish], lines: Iterable[str]) -> None:
        names = ", ".join(f"`{wish}`" for wish in wishes)
        super().__init__(
            f"Unable to install {names}" + "".join(f"\n  {line}" for line in lines),
            hint="The base may be older or newer than the archives; take a base that is up to "
            "date, or ask for other versions",
        )
        self.wishes = tuple(wishes)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What has to be unpacked above a base."""

    packages: tuple[DebianPackage, ...]
    """New ones and upgrades, by name."""
    upgraded: Mapping[str, tuple[str, str]]
    """Of those that the base has: the version there, and the new one."""


def resolve(
    wishes: Sequence[Wish],
    index: PackagesIndex,
    installed: Installed,
    *,
    architecture: str,
    preferred: Mapping[str, str] = NO_PINS,
) -> Resolution:
    """Return what ``apt-get install --no-install-recommends`` would unpack above a base.

    As for apt, a package of the base that is asked for is upgraded to its candidate; all others
    only where something needs it. Unlike apt, nothing is ever removed, for a layer cannot: a
    package that conflicts with one of the base upgrades it or is not to be had. And the search is
    complete: where apt's first choices lead nowhere, others are tried, and after all candidates
    other versions. What the base has in disorder is left as it is.

    ``preferred`` has versions that were chosen before. Where they are still to be had and do, they
    are chosen again, and nothing beside them. Raises `UnknownPackages` and `Unsatisfiable`.
    """
    asked = Asked(index, installed, architecture, wishes)
    world = World(
        index=index,
        installed=installed,
        architecture=architecture,
        preferred=preferred,
        asked=asked.versions(preferred),
        opened=asked.opened,
        wished=frozenset(asked.names.values()),
        reach=Reach.PINNED,
    )
    for reach in (Reach.PINNED, Reach.CANDIDATES) if preferred else (Reach.CANDIDATES,):
        world = replace(world, reach=reach)
        found = Search(world, _needs(world, asked)).run()
        if not isinstance(found, DeadEnd):
            return _resolution(found, world)
    world = replace(world, reach=Reach.ALL)
    needs = [*_needs(world, asked)]
    found = Search(world, needs).run()
    if isinstance(found, DeadEnd):
        raise _unsatisfiable(found, needs, world)
    return _resolution(found, world)


def _unsatisfiable(end: DeadEnd, needs: Sequence[Need], world: World) -> Unsatisfiable:
    """Tell of all wishes that cannot be fulfilled even alone, or else that all cannot together."""
    ends = [(need, Search(world, [need]).run()) for need in needs]
    alone = [(need, one) for need, one in ends if isinstance(one, DeadEnd)]
    blamed = alone or [(need, end) for need in needs]
    lines = dict.fromkeys(line for _, one in blamed for line in explain(one, world))
    wishes = [need.why.wish for need, _ in blamed if isinstance(need.why, Wanted)]
    return Unsatisfiable(wishes, lines)


def _needs(world: World, asked: Asked) -> Iterator[Need]:
    """Tell what a search starts from."""
    for wish, name in asked.names.items():
        yield Need(None, world.wish_options(wish, name), Wanted(wish))


def _resolution(chosen: Iterable[BinaryPackage], world: World) -> Resolution:
    new = [one for one in chosen if isinstance(one, IndexedPackage)]
    new.sort(key=lambda one: one.name)
    upgraded = {
        one.name: (of_base.version, one.version)
        for one in new
        if (of_base := world.of_base(one.name)) is not None
    }
    return Resolution(tuple(one.package for one in new), upgraded)
