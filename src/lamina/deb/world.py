"""What there is to choose from: the versions that archives offer above what a base has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

from lamina.deb.binary import BinaryPackage
from lamina.deb.control import Relation, compare_versions
from lamina.deb.installed import Installed, InstalledPackage
from lamina.deb.need import Depends, Forbids, Need, Outgrows, Sibling, Together
from lamina.deb.packages import IndexedPackage, PackagesIndex
from lamina.deb.preferences import FORCED
from lamina.deb.wish import Wish

_Package = TypeVar("_Package", bound=BinaryPackage)


class Reach(Enum):
    """How far a search goes for versions of a package."""

    PINNED = auto()
    """Those chosen before, and the candidates of what is asked for."""
    CANDIDATES = auto()
    """Those chosen before, and of each package its candidate, as apt."""
    ALL = auto()
    """All those of the candidate's priority."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """The packages of an index above a base, and how each of them could be had."""

    index: PackagesIndex
    installed: Installed
    architecture: str
    preferred: Mapping[str, str]
    asked: Mapping[str, tuple[BinaryPackage, ...]]
    """Of packages asked for in some version or suite: those that will do, the best first."""
    opened: frozenset[str]
    """Suites from which something was asked for."""
    reach: Reach
    wished: frozenset[str]
    """The names of what is asked for."""
    _versions: dict[str, tuple[IndexedPackage, ...]] = field(init=False, default_factory=dict)

    def of_base(self, name: str) -> InstalledPackage | None:
        """Return the package that the base has, of the image's architecture."""
        found = self.installed.named(name)
        return next((one for one in found if one.architecture in (self.architecture, "all")), None)

    def offers(self, name: str) -> tuple[IndexedPackage, ...]:
        """Return the versions that could be unpacked, the best first; not that of the base."""
        found = self._versions.get(name)
        if found is None:
            found = self._versions[name] = tuple(self._find_offers(name))
        return found

    def needs(self, package: BinaryPackage) -> Iterator[Need]:
        """Tell what has to be there so that ``package`` can be, in the order of apt.

        What the base has needs nothing: it was there before.
        """
        yield from self._of_same_source(package)
        if isinstance(package, InstalledPackage):
            return
        yield from self._siblings(package)
        others = [*self._clashes(package), *self._outgrown(package)]
        at_once = [need for need in others if _is_seen_at_once(need, package)]
        yield from at_once
        for relations in package.depends:
            yield Need(package, self._options(package, relations), Depends(relations))
        yield from (need for need in others if need not in at_once)

    def wish_options(self, wish: Wish, name: str) -> tuple[BinaryPackage, ...]:
        """Return the versions of ``name`` that fulfil a wish, the best first."""
        of_base = self.of_base(name)
        if of_base is not None and of_base.is_held:
            return self._held_options(of_base, wish)
        if wish.version or wish.suite:
            found = self.asked[name]
            return found if self.reach is Reach.ALL else found[:1]
        offers = self.offers(name)
        if of_base is None:
            return offers
        # Kept where nothing newer can be had, if need be; apt would give up.
        return (*offers, of_base) if self.reach is Reach.ALL or not offers else offers

    def _held_options(self, of_base: InstalledPackage, wish: Wish) -> tuple[BinaryPackage, ...]:
        """Return the held package where it is what is asked for; apt changes none (apt-get(8))."""
        above = [one for one in self.fitting(of_base.name) if one.priority > 0]
        newer = [one for one in above if compare_versions(one.version, of_base.version) > 0]
        best = self.asked[of_base.name][:1] if wish.version or wish.suite else newer
        is_kept = all(one.version == of_base.version for one in best)
        return (of_base,) if is_kept else ()

    def _find_offers(self, name: str) -> Iterator[IndexedPackage]:
        if name in self.asked:
            asked = (one for one in self.asked[name] if isinstance(one, IndexedPackage))
            yield from list(asked)[: None if self.reach is Reach.ALL else 1]
            return
        of_base = self.of_base(name)
        fitting = self._above(of_base, self.fitting(name))
        candidates = self._candidates(of_base, fitting)
        pinned = [one for one in fitting if one.version == self.preferred.get(name)]
        yield from pinned[:1]
        if self.reach is Reach.PINNED and name not in self.wished:
            return
        others = candidates[:1]
        if self.reach is Reach.ALL:
            others = [
                one
                for one in fitting
                if one in candidates[:1]
                or one.file.suite in self.opened
                or (candidates and one.priority >= candidates[0].priority)
            ]
        yield from (one for one in others if one not in pinned[:1])

    def fitting(self, name: str) -> list[IndexedPackage]:
        """Return all versions of the image's architecture, the candidate first."""
        of = (self.architecture, "all")
        return [one for one in self.index.versions(name) if one.architecture in of]

    def _above(
        self, of_base: InstalledPackage | None, offers: list[IndexedPackage]
    ) -> list[IndexedPackage]:
        """Leave out what would be a downgrade, or all where the base's version is to be kept.

        Preferences may force a downgrade.
        """
        if of_base is None:
            return offers
        if of_base.is_held:
            return []
        kept = self.index.priority_of_installed(of_base)
        found = []
        for one in offers:
            order = compare_versions(one.version, of_base.version)
            if order > 0 or (order < 0 and one.priority >= FORCED and one.priority > kept):
                found.append(one)
        return found

    def _candidates(
        self, of_base: InstalledPackage | None, fitting: list[IndexedPackage]
    ) -> list[IndexedPackage]:
        """Return what apt would take of itself, before the version that the base has."""
        least = 1 if of_base is None else max(1, self.index.priority_of_installed(of_base))
        return [one for one in fitting if one.priority >= least]

    def _options(
        self, asker: BinaryPackage, relations: tuple[Relation, ...]
    ) -> tuple[BinaryPackage, ...]:
        """Return all packages that meet one of the alternatives, in the order that apt tries them.

        What the base has goes first, then what would upgrade it, then the alternatives as written.
        """
        kept: dict[BinaryPackage, None] = {}
        offers: dict[BinaryPackage, None] = {}
        for relation in relations:
            kept.update(dict.fromkeys(self._meeting(asker, relation, self._present(relation))))
            found = self._meeting(asker, relation, self._offered(relation))
            offers.update(dict.fromkeys(self._ranked(relation, list(found))))
        if not kept and not offers:
            offers = dict.fromkeys(self._of_asked_suite(asker, relations))
        # Sorting is stable: each alternative keeps its place among its like.
        ordered = sorted(offers, key=lambda one: (self._rank(one), self.of_base(one.name) is None))
        return (*kept, *ordered)

    def _of_asked_suite(
        self, asker: BinaryPackage, relations: tuple[Relation, ...]
    ) -> Iterator[IndexedPackage]:
        """Where no candidate will do, look into the suite that somebody asked for (apt-get(8))."""
        if not isinstance(asker, IndexedPackage) or asker.file.suite not in self.opened:
            return
        for relation in relations:
            if relation.name in self.asked:
                continue
            above = self._above(self.of_base(relation.name), self.fitting(relation.name))
            of_suite = (one for one in above if one.file.suite == asker.file.suite)
            yield from self._meeting(asker, relation, of_suite)

    def _meeting(
        self, asker: BinaryPackage, relation: Relation, found: Iterable[_Package]
    ) -> Iterator[_Package]:
        for one in found:
            if one.satisfies(relation, asker=asker.architecture, native=self.architecture):
                yield one

    def _present(self, relation: Relation) -> Iterator[InstalledPackage]:
        yield from self.installed.named(relation.name)
        yield from self.installed.providing(relation.name)

    def _offered(self, relation: Relation) -> Iterator[IndexedPackage]:
        yield from self.offers(relation.name)
        for name in self.index.providers(relation.name):
            if name != relation.name:
                yield from self.offers(name)

    def _rank(self, one: BinaryPackage) -> int:
        """Candidates go before all other versions."""
        offers = [*self.offers(one.name)]
        if one not in offers:
            return 0
        pins = 1 if offers[0].version == self.preferred.get(one.name) else 0
        return max(0, offers.index(one) - pins)

    def _ranked(self, relation: Relation, found: list[BinaryPackage]) -> list[BinaryPackage]:
        """Return what meets one alternative in the order of apt.

        Of equals goes first the one that the index names last.
        """
        keys = {one: self._likeness(relation, one) for one in found}
        equals: dict[tuple[object, ...], dict[str, None]] = defaultdict(dict)
        for one, key in keys.items():
            equals[key][one.name] = None
        late: dict[str, int] = {}
        for names in equals.values():
            if len(names) > 1:
                places = self.index.first_mentions(names)
                by_place = sorted(places, key=lambda name: places[name], reverse=True)
                late.update({name: number for number, name in enumerate(by_place)})
        return sorted(found, key=lambda one: (*keys[one], late.get(one.name, 0)))

    def _likeness(self, relation: Relation, one: BinaryPackage) -> tuple[object, ...]:
        """Tell by what apt prefers one package before another."""
        return (
            not (one.multi_arch == "same" and self.installed.named(one.name)),
            self.of_base(one.name) is None,
            one.name != relation.name,
            not one.is_essential,
            one.importance,
        )

    def _of_same_source(self, package: BinaryPackage) -> Iterator[Need]:
        """Tell what goes on to the version of the same source, as apt 2.5.2 and later do."""
        for one in self.installed.of_source(package.source[0]):
            if one is self.of_base(one.name) and one.name != package.name:
                candidate = self.offers(one.name)[:1]
                if any(each.source == package.source for each in candidate):
                    yield Need(package, candidate, Together())

    def _siblings(self, package: BinaryPackage) -> Iterator[Need]:
        """Two architectures of a package go together only as ``same``, and in one version."""
        for one in self.installed.named(package.name):
            is_same = package.multi_arch == one.multi_arch == "same"
            if one.architecture in (self.architecture, "all"):
                continue
            if not is_same or one.version != package.version:
                yield Need(package, (), Sibling(one))

    def _clashes(self, package: BinaryPackage) -> Iterator[Need]:
        found: dict[InstalledPackage, tuple[BinaryPackage, Relation]] = {}
        for relation in package.forbids:
            for one in self._present(relation):
                if one.name != package.name and one.is_hit_by(relation, native=self.architecture):
                    found.setdefault(one, (package, relation))
        for name in package.names:
            for one in self.installed.forbidding(name):
                for relation in one.forbids:
                    if one.name != package.name and package.is_hit_by(
                        relation, native=self.architecture
                    ):
                        found.setdefault(one, (one, relation))
        for one, (holder, relation) in found.items():
            others = self.offers(one.name) if one is self.of_base(one.name) else ()
            options = tuple(other for other in others if not self.clash(package, other))
            yield Need(package, options, Forbids(holder, relation, one))

    def clash(self, one: BinaryPackage, other: BinaryPackage) -> bool:
        """Say whether two packages of different names exclude each other."""
        return any(other.is_hit_by(each, native=self.architecture) for each in one.forbids) or any(
            one.is_hit_by(each, native=self.architecture) for each in other.forbids
        )

    def _outgrown(self, package: BinaryPackage) -> Iterator[Need]:
        """Tell what else of the base must follow, where ``package`` replaces a version of it."""
        old = self.of_base(package.name)
        if old is None:
            return
        for one in dict.fromkeys(
            one for name in old.names for one in self.installed.needing(name) if one is not old
        ):
            for relations in one.depends:
                met = [
                    any(
                        each.satisfies(relation, asker=one.architecture, native=self.architecture)
                        for relation in relations
                    )
                    for each in (old, package)
                ]
                if met != [True, False]:
                    continue
                others = self.offers(one.name) if one is self.of_base(one.name) else ()
                stand_ins = (each for each in self._options(one, relations) if each is not old)
                yield Need(package, (*others, *stand_ins), Outgrows(one, relations))


def _is_seen_at_once(need: Need, package: BinaryPackage) -> bool:
    """Say whether apt meets a need before what ``package`` depends on, or finds it out later.

    Late it sees what the base forbids, and who needed what an old version provided.
    """
    if isinstance(need.why, Outgrows):
        return any(each.name == package.name for each in need.why.relations)
    return isinstance(need.why, Forbids) and need.why.holder is package
