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

_LIMIT = 1_000
"""Of walks. Debian's own packages need a handful."""


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
    is not excluded. A need without options teaches which packages never go together. The last of
    them is taken back and another option sought for what it was chosen for; if there is none, that
    is the next lesson, else a new walk begins that knows all lessons. Each excludes something that
    was tried, so that the search ends; and since it follows from the needs alone, no solution is
    lost.
    """

    def __init__(self, world: World, wishes: Iterable[Need]) -> None:
        self._world = world
        self._wishes = tuple(wishes)
        self._needs: dict[BinaryPackage, tuple[Need, ...]] = {}
        self._lessons: dict[BinaryPackage, list[tuple[frozenset[BinaryPackage], DeadEnd]]]
        self._lessons = defaultdict(list)
        self._chosen: dict[str, BinaryPackage] = {}
        self._chosen_for: list[Need] = []
        """Of each choice, in order, what it was made for."""
        self._by_name: dict[str, list[BinaryPackage]] = defaultdict(list)
        self._forbidden: dict[str, list[tuple[BinaryPackage, Relation]]] = defaultdict(list)

    def run(self) -> tuple[BinaryPackage, ...] | DeadEnd:
        """Return what was chosen, in order; or why nothing can be."""
        for _ in range(_LIMIT):
            end = self._walk()
            if end is None:
                return tuple(self._chosen.values())
            end = self._learn(end)
            if end is not None:
                return end
            while self._chosen:
                self._take_back()
        raise SearchTooLong

    def _learn(self, end: DeadEnd) -> DeadEnd | None:
        """Take choices back until there is another; return the end where there is none at all."""
        found: DeadEnd | None = end
        while found is not None:
            together = found.together
            if not together:
                return found
            for package in together:
                self._lessons[package].append((together - {package}, found))
            need = found.need
            # Until the last of them is gone.
            while all(self._chosen.get(one.name) is one for one in together):
                need = self._take_back()
            found = None if need.is_optional else self._meet(need)
        return None

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
            obstacle = self._obstacle(option)
            if obstacle is None:
                self._choose(option, need)
                return None
            obstacles.append(obstacle)
        return DeadEnd.of(need, obstacles)

    def _choose(self, option: BinaryPackage, need: Need) -> None:
        self._chosen[option.name] = option
        self._chosen_for.append(need)
        for name in dict.fromkeys(option.names):
            self._by_name[name].append(option)
        for relation in option.forbids:
            self._forbidden[relation.name].append((option, relation))

    def _take_back(self) -> Need:
        """Undo the last choice, and return what it was made for."""
        _, option = self._chosen.popitem()
        for name in dict.fromkeys(option.names):
            self._by_name[name].pop()
        for relation in option.forbids:
            self._forbidden[relation.name].pop()
        return self._chosen_for.pop()

    def _obstacle(self, option: BinaryPackage) -> Obstacle | None:
        """Return what excludes ``option`` now, if anything does."""
        other = self._chosen.get(option.name)
        if other is not None:
            return Obstacle(option, frozenset({other}), other)
        for one in self._clashing(option):
            # What the base has together stays together.
            if not (isinstance(one, InstalledPackage) and isinstance(option, InstalledPackage)):
                return Obstacle(option, frozenset({one}), one)
        for others, lesson in self._lessons.get(option, ()):
            if all(self._chosen.get(one.name) is one for one in others):
                return Obstacle(option, others, lesson)
        return None

    def _clashing(self, option: BinaryPackage) -> Iterator[BinaryPackage]:
        """Return those chosen that exclude ``option``, or that it excludes; none has its name."""
        native = self._world.architecture
        for relation in option.forbids:
            for one in self._by_name.get(relation.name, ()):
                if one.is_hit_by(relation, native=native):
                    yield one
        for name in option.names:
            for one, relation in self._forbidden.get(name, ()):
                if option.is_hit_by(relation, native=native):
                    yield one
