"""The Debian packages above the base of an image, and how what they depend on is got."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from lamina.archive.entry import Entry
from lamina.deb.package import DebianPackage
from lamina.deb.unpack import Keep
from lamina.deb.wish import Wish
from lamina.make.debs import Fetch
from lamina.system.base_paths import BasePaths
from lamina.system.notes import PackageNotes
from lamina.system.plan import SystemLayer, SystemPlan
from lamina.system.small_files import SmallFiles
from lamina.system.telling import KnownBase
from lamina.system.unpacking import everything, without_documentation


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The packages above the base of an image, and where they come from."""

    plan: SystemPlan
    fetch: Fetch
    small_files: Callable[[], SmallFiles]
    """Gives those of the base, which is read for them if need be."""
    base_paths: Callable[[], BasePaths]
    """Gives all that lies in the base, likewise."""
    base_entries: Callable[[Collection[str]], list[Entry]]
    """Gives what the base has at these paths; it is read for that."""
    wishes: tuple[Wish, ...] = ()
    """What the packages are there for."""
    told_base: Callable[[], KnownBase | None] = lambda: None
    """Gives what an earlier image tells of the base."""
    notes: Callable[[Sequence[SystemLayer]], Mapping[DebianPackage, PackageNotes]] = lambda _: {}
    """Gives what an earlier image tells of packages in these layers."""

    def base(self) -> KnownBase:
        """Return what is known of the base, which is read if need be."""
        return KnownBase(self.small_files(), self.base_paths())

    @property
    def keep(self) -> Keep:
        """Says which paths of packages are in the image."""
        return everything if self.plan.keeps_docs else without_documentation
