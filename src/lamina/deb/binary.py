"""A binary package as its control data describes it: what it needs, provides, forbids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lamina.deb.control import ControlError, Paragraph, Relation, parse_relations

_PRIORITIES = ("", "required", "important", "standard", "optional", "extra")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BinaryPackage:
    """One version of a package; equal only to itself."""

    name: str
    version: str
    architecture: str
    source: tuple[str, str]
    """The source package that it was built from, and the version of that."""
    multi_arch: str
    """``same``, ``foreign``, ``allowed`` or ``no`` (deb-control(5))."""
    is_essential: bool
    importance: int
    """Of its field Priority: the lower, the more important; without one, as for apt, most."""
    depends: tuple[tuple[Relation, ...], ...]
    """Pre-Depends, then Depends: groups of alternatives."""
    conflicts: tuple[Relation, ...]
    breaks: tuple[Relation, ...]
    provides: tuple[Relation, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name, and those that it provides."""
        return (self.name, *(provided.name for provided in self.provides))

    @property
    def forbids(self) -> tuple[Relation, ...]:
        """What must not be there beside it."""
        return self.conflicts + self.breaks

    def satisfies(self, relation: Relation, *, asker: str, native: str) -> bool:
        """Say whether this meets a dependency of a package whose architecture is ``asker``.

        ``native`` is the system's architecture, which ``all`` counts as. A real package counts if
        it is of the asker's architecture or ``Multi-Arch: foreign``; ``:any`` wants ``allowed``
        (deb-control(5)). Something provided without a version meets no versioned relation
        (Policy 7.5).
        """
        mine, theirs = _effective(self.architecture, native), _effective(asker, native)
        if self.name == relation.name and relation.admits(self.version):
            match relation.qualifier:
                case "":
                    fits = mine == theirs or self.multi_arch == "foreign"
                case "any":
                    fits = self.multi_arch == "allowed"
                case qualifier:
                    fits = mine == (native if qualifier == "native" else qualifier)
            if fits:
                return True
        return any(
            self._provision_fits(provided, relation.qualifier, mine, theirs, native)
            for provided in self._provisions(relation)
        )

    def is_hit_by(self, relation: Relation, *, native: str) -> bool:
        """Say whether a relation of Conflicts or Breaks forbids this.

        Without a qualifier it is about all architectures.
        """
        if relation.qualifier:
            return self.satisfies(relation, asker=native, native=native)
        if self.name == relation.name and relation.admits(self.version):
            return True
        return any(provided.qualifier != "any" for provided in self._provisions(relation))

    def _provisions(self, relation: Relation) -> Iterator[Relation]:
        for provided in self.provides:
            if provided.name == relation.name and relation.admits(provided.version or None):
                yield provided

    def _provision_fits(
        self, provided: Relation, qualifier: str, mine: str, theirs: str, native: str
    ) -> bool:
        if qualifier == "any":
            return provided.qualifier == "any" or (
                not provided.qualifier and self.multi_arch == "allowed"
            )
        wanted = {"": theirs, "native": native}.get(qualifier, qualifier)
        if provided.qualifier:
            return provided.qualifier == wanted
        return mine == wanted or (not qualifier and self.multi_arch == "foreign")


def relations_of(paragraph: Paragraph, where: str) -> dict[str, Any]:
    """Read the fields of a `BinaryPackage` that tell how it stands to other packages."""
    source, _, version = paragraph.get("Source", "").partition(" ")
    depends = (paragraph.get(field, "") for field in ("Pre-Depends", "Depends"))
    priority = paragraph.get("Priority", "")
    return {
        "source": (
            source or paragraph["Package"],
            version.strip("() ") or paragraph["Version"],
        ),
        "multi_arch": paragraph.get("Multi-Arch", "no"),
        "is_essential": paragraph.get("Essential") == "yes",
        "importance": _PRIORITIES.index(priority) if priority in _PRIORITIES else 0,
        "depends": parse_relations(",".join(depends), where=where),
        "conflicts": _plain(paragraph, "Conflicts", where),
        "breaks": _plain(paragraph, "Breaks", where),
        "provides": _plain(paragraph, "Provides", where),
    }


def _plain(paragraph: Paragraph, field: str, where: str) -> tuple[Relation, ...]:
    """Read a field without alternatives."""
    groups = parse_relations(paragraph.get(field, ""), where=where)
    if any(len(group) != 1 for group in groups):
        raise ControlError(f"Malformed `{field}` in {where}: {paragraph[field]}")
    return tuple(relation for (relation,) in groups)


def _effective(architecture: str, native: str) -> str:
    return native if architecture == "all" else architecture
