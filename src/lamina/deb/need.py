"""What has to be there, and why: the questions that a search answers."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.deb.binary import BinaryPackage
from lamina.deb.control import Relation
from lamina.deb.installed import InstalledPackage
from lamina.deb.wish import Wish


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody asks for a package."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class Depends:
    """A package needs another."""

    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Forbids:
    """A package cannot be there beside one of the base, which must go on to another version."""

    holder: BinaryPackage
    """The one of the two that says so."""
    relation: Relation
    installed: InstalledPackage


@dataclass(frozen=True, slots=True)
class Outgrows:
    """A package of the base needs the version that another is to replace."""

    installed: InstalledPackage
    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Sibling:
    """The base has the same package of another architecture."""

    installed: InstalledPackage


@dataclass(frozen=True, slots=True)
class Together:
    """The base has another package of the same source, which apt upgrades beside it if it can."""


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """One of some packages has to be there."""

    package: BinaryPackage | None
    """The one that needs it; none: it is wanted for itself."""
    options: tuple[BinaryPackage, ...]
    """Those that would do, the best first."""
    why: Wanted | Depends | Forbids | Outgrows | Sibling | Together

    @property
    def is_optional(self) -> bool:
        """Where no option can be had, it is passed over."""
        return isinstance(self.why, Together)
