"""Whether packages can be there together, as ``apt-get check`` asks; nothing is chosen here.

What a resolver chose holds together. Packages that were written down may have been changed since,
by hand or by a merge of two branches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from lamina.deb.binary import BinaryPackage, relations_of
from lamina.deb.control import Paragraph, Relation, required
from lamina.deb.installed import Installed
from lamina.deb.wish import Wish
from lamina.errors import LaminaError


class UnsoundPackages(LaminaError):
    """Debian packages that cannot be there together."""

    def __init__(self, faults: Iterable[str]) -> None:
        lines = "".join(f"\n  {fault}" for fault in faults)
        super().__init__(
            f"The Debian packages do not hold together:{lines}",
            hint="Was `lamina.lock` changed by hand, or merged? Run `lamina lock --upgrade`",
        )


def package_of(paragraph: Paragraph) -> BinaryPackage:
    """Return a package by its control file. Raises `ControlError`."""
    where = f"the control file of `{paragraph.get('Package', '')}`"
    name, version, architecture = required(
        paragraph, "Package", "Version", "Architecture", where=where
    )
    relations = relations_of(paragraph, where)
    return BinaryPackage(name=name, version=version, architecture=architecture, **relations)


def check(
    new: Sequence[BinaryPackage],
    installed: Installed,
    native: str,
    wishes: Iterable[Wish] = (),
) -> None:
    """Refuse ``new`` packages that cannot be there above what a base has installed.

    ``native`` is the image's architecture. All that a new package depends on must be there, and
    nothing that one forbids; each of the ``wishes`` must be met. What was wrong with the base
    before is left as it is. Raises `UnsoundPackages`, with all that is wrong.
    """
    whole = _Whole(new, installed, native)
    found = [*whole.unmet(wishes), *whole.lacking(), *whole.clashes(), *whole.outgrown()]
    if found:
        raise UnsoundPackages(dict.fromkeys(found))


class _Whole:
    """What a root has with new packages in it; of the base's only those are read that matter."""

    def __init__(self, new: Sequence[BinaryPackage], installed: Installed, native: str) -> None:
        self._new, self._installed, self._native = new, installed, native
        self._new_by_name = _by_name(new)
        places = {self._place(package) for package in new}
        named = (old for package in new for old in installed.named(package.name))
        self._replaced = {old: None for old in named if self._place(old) in places}

    def unmet(self, wishes: Iterable[Wish]) -> Iterator[str]:
        """Tell what is asked for, and neither there nor provided."""
        for wish in wishes:
            there = self._there(wish.name)
            if not any(each.name != wish.name or wish.admits(each.version) for each in there):
                yield f"`{wish}` is asked for, and not there"

    def lacking(self) -> Iterator[str]:
        """Tell what new packages need, and is not there."""
        for package in self._new:
            for relations in package.depends:
                if not self._meets(self._there, relations, package):
                    yield f"`{package.name}` depends on {_text(relations)}, which is not there"

    def clashes(self) -> Iterator[str]:
        """Tell of packages that forbid others, one of the two being new."""
        for holder in self._new:
            for relation in holder.forbids:
                yield from self._clash(holder, relation, self._there(relation.name))
        names = {name: None for package in self._new for name in package.names}
        holders = {old: None for name in names for old in self._installed.forbidding(name)}
        for holder in holders:
            for relation in () if holder in self._replaced else holder.forbids:
                yield from self._clash(holder, relation, self._new_by_name.get(relation.name, ()))

    def outgrown(self) -> Iterator[str]:
        """Tell of packages of the base that need what was replaced."""
        names = {name: None for package in self._replaced for name in package.names}
        askers = {asker: None for name in names for asker in self._installed.needing(name)}
        for asker in askers:
            for relations in () if asker in self._replaced else asker.depends:
                had = self._meets(self._was_there, relations, asker)
                if had and not self._meets(self._there, relations, asker):
                    text = _text(relations)
                    yield f"`{asker.name}` of the base depends on {text}, which is replaced"

    def _was_there(self, name: str) -> list[BinaryPackage]:
        return [*self._installed.named(name), *self._installed.providing(name)]

    def _there(self, name: str) -> list[BinaryPackage]:
        kept = (each for each in self._was_there(name) if each not in self._replaced)
        return [*self._new_by_name.get(name, ()), *kept]

    def _meets(
        self,
        there: Callable[[str], list[BinaryPackage]],
        relations: Iterable[Relation],
        asker: BinaryPackage,
    ) -> bool:
        return any(
            package.satisfies(relation, asker=asker.architecture, native=self._native)
            for relation in relations
            for package in there(relation.name)
        )

    def _clash(
        self, holder: BinaryPackage, relation: Relation, there: Iterable[BinaryPackage]
    ) -> Iterator[str]:
        for victim in there:
            if victim.name != holder.name and victim.is_hit_by(relation, native=self._native):
                verb = "breaks" if relation in holder.breaks else "conflicts with"
                which = "" if victim.name == relation.name else f", which `{victim.name}` provides"
                yield f"`{holder.name}` {verb} `{relation}`{which}"

    def _place(self, package: BinaryPackage) -> tuple[str, str]:
        """Return what no two packages share: the name, for each architecture."""
        architecture = package.architecture
        return package.name, self._native if architecture == "all" else architecture


def _by_name(packages: Iterable[BinaryPackage]) -> dict[str, list[BinaryPackage]]:
    """Return packages by their names, and by those that they provide."""
    found: dict[str, list[BinaryPackage]] = defaultdict(list)
    for package in packages:
        for name in dict.fromkeys(package.names):
            found[name].append(package)
    return found


def _text(relations: Iterable[Relation]) -> str:
    return f"`{' | '.join(map(str, relations))}`"
