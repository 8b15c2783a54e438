"""The search for packages that can be there together, in apt's order and to the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamina.deb.binary import BinaryPackage
from lamina.deb.control import Relation
from lamina.deb.installed import InstalledPackage
from lamina.deb.need import Need
from lamina.deb.world import World
from lamina.errors import LaminaError

_LIMIT = 10_000
"""Of dead ends. Debian's own packages have a handful."""


class SearchTooLong(LaminaError):
    """Packages whose relations are too tangled to be sorted out."""

    def __init__(self) -> None:
        super().__init__(
            f"Unable to choose Debian packages: no choice was found in {_LIMIT} attempts",
            hint="Ask for some of the packages in one version: `NAME=VERSION`",
        )


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an option cannot be had: beside packages that were chosen before."""

    option: BinaryPackage
    beside: frozenset[BinaryPackage]
    cause: BinaryPackage | DeadEnd
    """The one that it clashes with, or what was learned when these were tried together."""


@dataclass(frozen=True, slots=True, eq=False)
class DeadEnd:
    """A need of which no option can be had."""

    need: Need
    obstacles: tuple[Obstacle, ...]
    """One for each option."""
    together: frozenset[BinaryPackage]
    """Those that can never be there together, since one of them is in need."""

    @classmethod
    def of(cls, need: Need, obstacles: Iterable[Obstacle]) -> DeadEnd:
        """Return what is learned of a need and what is in the way of its options."""
        found = tuple(obstacles)
        in_need = () if need.package is None else (need.package,)
        return cls(need, found, frozenset(in_need).union(*(one.beside for one in found)))


class Search:
    """One search in a world.

    Each walk goes down from the wishes as apt does, depth first, and takes the first option that
    is not excluded. A walk that ends in a need without options teaches which packages never go
    together; the next one starts anew and knows it. Every lesson excludes something that was tried,
    so that the search ends; and since a lesson follows from the needs alone, no solution is lost.
    """

    def __init__(self, world: World, wishes: Iterable[Need]) -> None:
        self._world = world
        self._wishes = tuple(wishes)
        self._needs: dict[BinaryPackage, tuple[Need, ...]] = {}
        self._lessons: dict[BinaryPackage, list[DeadEnd]] = defaultdict(list)
        self._forget()

    def run(self) -> tuple[BinaryPackage, ...] | DeadEnd:
        """Return what was chosen, in order; or why nothing can be."""
        for _ in range(_LIMIT):
            self._forget()
            end = self._walk()
            if end is None:
                return tuple(self._chosen.values())
            together = end.together
            if not together:
                return end
            for package in together:
                self._lessons[package].append(end)
        raise SearchTooLong

    def _forget(self) -> None:
        self._chosen: dict[str, BinaryPackage] = {}
        self._by_name: dict[str, list[BinaryPackage]] = defaultdict(list)
        self._forbidden: dict[str, list[tuple[BinaryPackage, Relation]]] = defaultdict(list)

    def _walk(self) -> DeadEnd | None:
        for need in self._wishes:
            if (end := self._meet(need)) is not None:
                return end
        for need in self._wishes:
            # All its options are of one name.
            if (end := self._descend(self._chosen[need.options[0].name])) is not None:
                return end
        # What was there when a need was looked at may have given way to another version since.
        settled = 0
        while settled < len(self._chosen):
            settled = len(self._chosen)
            for package in [*self._chosen.values()]:
                if (end := self._descend(package)) is not None:
                    return end
        return None

    def _descend(self, package: BinaryPackage) -> DeadEnd | None:
        """Meet the needs of a package, and of those that are chosen for it."""
        stack = [iter(self._needs_of(package))]
        while stack:
            need = next(stack[-1], None)
            if need is None:
                stack.pop()
            elif not any(self._is_there(option) for option in need.options):
                if (end := self._meet(need)) is not None:
                    if need.is_optional:
                        continue
                    return end
                chosen = next(option for option in need.options if self._is_there(option))
                stack.append(iter(self._needs_of(chosen)))
        return None

    def _needs_of(self, package: BinaryPackage) -> tuple[Need, ...]:
        found = self._needs.get(package)
        if found is None:
            found = self._needs[package] = tuple(self._world.needs(package))
        return found

    def _is_there(self, option: BinaryPackage) -> bool:
        """Say whether it is chosen, or of the base and not replaced."""
        chosen = self._chosen.get(option.name)
        if chosen is option:
            return True
        if not isinstance(option, InstalledPackage):
            return False
        return chosen is None or option is not self._world.of_base(option.name)

    def _meet(self, need: Need) -> DeadEnd | None:
        """Choose the first option that can be had."""
        obstacles = []
        for option in need.options:
            if self._chosen.get(option.name) is option:
                return None
            obstacle = next(self._obstacles(option), None)
            if obstacle is None:
                self._choose(option)
                return None
            obstacles.append(obstacle)
        return DeadEnd.of(need, obstacles)

    def _choose(self, option: BinaryPackage) -> None:
        self._chosen[option.name] = option
        for name in dict.fromkeys(option.names):
            self._by_name[name].append(option)
        for relation in option.forbids:
            self._forbidden[relation.name].append((option, relation))

    def _obstacles(self, option: BinaryPackage) -> Iterator[Obstacle]:
        other = self._chosen.get(option.name)
        if other is not None:
            yield Obstacle(option, frozenset({other}), other)
        for one in self._clashing(option):
            # What the base has together stays together.
            if not (isinstance(one, InstalledPackage) and isinstance(option, InstalledPackage)):
                yield Obstacle(option, frozenset({one}), one)
        for lesson in self._lessons.get(option, ()):
            others = lesson.together - {option}
            if all(self._chosen.get(one.name) is one for one in others):
                yield Obstacle(option, others, lesson)

    def _clashing(self, option: BinaryPackage) -> Iterator[BinaryPackage]:
        """Return those chosen that exclude ``option``, or that it excludes."""
        native = self._world.architecture
        for relation in option.forbids:
            for one in self._by_name.get(relation.name, ()):
                if one.name != option.name and one.is_hit_by(relation, native=native):
                    yield one
        for name in option.names:
            for one, relation in self._forbidden.get(name, ()):
                if one.name != option.name and option.is_hit_by(relation, native=native):
                    yield one
