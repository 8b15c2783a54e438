"""Which of two packages has a file that both bring (Debian Policy 7.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lamina.deb.control import Paragraph, Relation, parse_relations

_OLD = re.compile(r"\(\s*([<>])(?![<>=])")
"""A relation as it was written long ago, which dpkg still reads with its equal (Policy 7.1)."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """A package, as far as it decides what becomes of a file that others bring as well."""

    name: str
    version: str
    architecture: str
    replaced: tuple[Relation, ...] = ()
    needed: frozenset[str] = frozenset()
    """The names that it depends on."""

    @classmethod
    def of(cls, paragraph: Paragraph) -> Claimant:
        """Read the fields of its control file, or of dpkg's status. Raises `ControlError`."""
        name = paragraph["Package"]
        where = f"the control fields of `{name}`"
        replaces = _OLD.sub(r"(\1=", paragraph.get("Replaces", ""))
        needs = ",".join(paragraph.get(field, "") for field in ("Pre-Depends", "Depends"))
        return cls(
            name,
            paragraph["Version"],
            paragraph["Architecture"],
            tuple(
                relation for group in parse_relations(replaces, where=where) for relation in group
            ),
            frozenset(
                relation.name for group in parse_relations(needs, where=where) for relation in group
            ),
        )

    def replaces(self, other: Claimant) -> bool:
        """Say whether it may take files of ``other``; as for dpkg, what that provides is nothing.

        A qualifier that names an architecture is about packages of that alone.
        """
        return any(
            relation.name == other.name
            and relation.qualifier in ("", "any", other.architecture)
            and relation.admits(other.version)
            for relation in self.replaced
        )

    def wins_over(self, other: Claimant) -> bool:
        """Say whether it has the files of both in the end, if both are unpacked.

        Where each replaces the other, dpkg leaves them to the one that is unpacked last: to the
        one that needs the other, and of two that do not care to the one that is last by name.
        """
        if not self.replaces(other):
            return False
        if not other.replaces(self) or other.name in self.needed:
            return True
        return self.name not in other.needed and self.name > other.name


def replacers_first(claimants: Iterable[Claimant]) -> list[Claimant]:
    """Return packages in their order, but each before those whose files it takes.

    >>> a, b = Claimant("a", "1", "all"), Claimant("b", "1", "all", (Relation("a"),))
    >>> [each.name for each in replacers_first([a, b])]
    ['b', 'a']
    """
    found: list[Claimant] = []
    for each in claimants:
        at = (number for number, other in enumerate(found) if each.wins_over(other))
        found.insert(next(at, len(found)), each)
    return found
