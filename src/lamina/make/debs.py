"""Debian packages on their way to layers: fetched side by side, and noted on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lamina.deb.package import DebianPackage
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parallel import side_by_side
from lamina.oci.document import MalformedDocument
from lamina.plan.key import LayerKey
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
    former: Callable[[], Mapping[DebianPackage, PackageNotes]] = dict
    """Gives the notes that an earlier image tells; asked only where some are missing."""
    _coming: dict[DebianPackage, Future[None]] = field(default_factory=dict)
    """Packages that another thread takes notes on right now."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fetch_all(self, packages: Iterable[DebianPackage]) -> dict[DebianPackage, Path]:
        """Return the files of packages, which are fetched at once as far as they are not kept."""
        wanted = list(packages)
        interrupt = self.workshop.interrupt
        found = side_by_side(self.fetch, wanted, threads=_PARALLEL, interrupt=interrupt)
        return dict(zip(wanted, found, strict=True))

    @contextmanager
    def noting(self, packages: Iterable[DebianPackage]) -> Iterator[None]:
        """Let `notes` wait for these packages: whoever unpacks them calls `take` meanwhile."""
        coming: dict[DebianPackage, Future[None]] = {each: Future() for each in packages}
        with self._lock:
            self._coming.update(coming)
        try:
            yield
        finally:
            for future in coming.values():
                future.set_result(None)

    def take(self, package: DebianPackage, notes: PackageNotes) -> None:
        """Keep the notes on a package."""
        self.workshop.store.facts.put(_key(package), notes.to_json())

    def notes(self, packages: Iterable[DebianPackage]) -> list[PackageNotes]:
        """Return the notes on packages, in their order; what nobody noted is fetched for that."""
        wanted = list(packages)
        self._wait_for(wanted)
        kept = {each: self._kept(each) for each in wanted}
        if None in kept.values():
            told = self.former()
            kept = {each: notes or told.get(each) for each, notes in kept.items()}
        paths = self.fetch_all([each for each, notes in kept.items() if notes is None])
        return [kept[each] or self._noted(each, paths[each]) for each in wanted]

    def _wait_for(self, packages: Iterable[DebianPackage]) -> None:
        with self._lock:
            coming = [self._coming[each] for each in packages if each in self._coming]
        for future in coming:
            future.result()

    def _noted(self, package: DebianPackage, path: Path) -> PackageNotes:
        notes = note(package, path)
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


def privileged(package: DebianPackage, notes: PackageNotes) -> Iterator[str]:
    """Name the programs of a package that have more rights than their users."""
    for path in notes.privileged:
        yield f"{package.name} has a setuid or setgid program: {path}"


def _key(package: DebianPackage) -> str:
    return LayerKey.of({"notes-on-package": package.sha256}).hex
