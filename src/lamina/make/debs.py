"""Debian packages on their way to layers: fetched side by side, and noted on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lamina.deb.package import DebianPackage
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parallel import side_by_side
from lamina.oci.document import MalformedDocument
from lamina.plan.key import LayerKey
from lamina.system.captured import is_captured
from lamina.system.notes import PackageNotes
from lamina.system.unpacking import note

_PARALLEL = 8

Fetch = Callable[[DebianPackage], Path]
"""Gives the file of a package, checked; it stays where it is during the build."""


@dataclass(frozen=True, slots=True)
class Debs:
    """The packages of one image."""

    workshop: ImageWorkshop
    fetch: Fetch

    def fetch_all(self, packages: Iterable[DebianPackage]) -> dict[DebianPackage, Path]:
        """Return the files of packages, which are fetched at once as far as they are not kept."""
        wanted = list(packages)
        interrupt = self.workshop.interrupt
        found = side_by_side(self.fetch, wanted, threads=_PARALLEL, interrupt=interrupt)
        return dict(zip(wanted, found, strict=True))

    def take(self, package: DebianPackage, notes: PackageNotes) -> None:
        """Keep the notes on a package."""
        self.workshop.store.facts.put(_key(package), notes.to_json())

    def notes(self, packages: Iterable[DebianPackage]) -> list[PackageNotes]:
        """Return the notes on packages, in their order; those that are not kept are fetched."""
        wanted = list(packages)
        kept = {each: self._kept(each) for each in wanted}
        paths = self.fetch_all([each for each, notes in kept.items() if notes is None])
        return [kept[each] or self._noted(each, paths[each]) for each in wanted]

    def _noted(self, package: DebianPackage, path: Path) -> PackageNotes:
        notes = note(package, path, is_captured)
        self.take(package, notes)
        return notes

    def _kept(self, package: DebianPackage) -> PackageNotes | None:
        document = self.workshop.store.facts.get(_key(package))
        if document is None:
            return None
        try:
            return PackageNotes.parse(document)
        except MalformedDocument:  # Of another release, or damaged.
            return None


def _key(package: DebianPackage) -> str:
    return LayerKey.of({"notes-on-package": package.sha256}).hex
