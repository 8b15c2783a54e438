"""What the small layers of earlier images tell: of packages that they have alike, and of a base."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lamina.deb.package import DebianPackage
from lamina.errors import LaminaError
from lamina.make.image_workshop import ImageWorkshop
from lamina.oci.blob import unpacked, verified
from lamina.oci.changeset import Changeset, MalformedLayer
from lamina.oci.digest import Digest
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind
from lamina.reuse.known import Highest
from lamina.reuse.reused import ReusedLayer
from lamina.system.notes import PackageNotes
from lamina.system.plan import SystemLayer
from lamina.system.telling import KnownBase, Telling, is_told_by, told

_LIMIT = 64 << 20
"""Of what is read, in bytes; the database of a whole Debian desktop has a fifth."""


@dataclass(frozen=True, slots=True)
class FormerNotes:
    """What earlier images tell; the small layer of each is read once, if it is wanted.

    What cannot be read is told to the user, and missing.
    """

    workshop: ImageWorkshop
    _read: dict[tuple[str, Digest], Telling | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def notes(self, layers: Sequence[SystemLayer]) -> dict[DebianPackage, PackageNotes]:
        """Return the notes on packages in those layers that an earlier image has, too.

        So a package that is updated does not make the others be fetched again.
        """
        wanted = {each.key for each in layers}
        for image in self.workshop.known.highest(LayerKind.SYSTEM):
            there = image.keys & wanted
            if there and image.layer.key not in wanted and (telling := self._of(image)) is not None:
                found = dict(_told(telling, there, layers))
                if found:
                    return found
        return {}

    def base(self, identity: Digest) -> KnownBase | None:
        """Return what an earlier image tells of a base.

        Where layers are pinned, a registry is not believed about the base.
        """
        for image in () if self.workshop.pinned else self.workshop.known.highest(LayerKind.SYSTEM):
            if image.base == identity and (telling := self._of(image)) is not None:
                return telling.base
        return None

    def _of(self, image: Highest) -> Telling | None:
        place = image.layer.repository.shown, image.layer.descriptor.digest
        with self._lock:
            if place not in self._read:
                try:
                    self._read[place] = told(_files(image.layer))
                except LaminaError as error:
                    self.workshop.observer.warn(f"{error}; what it would tell is fetched instead")
                    self._read[place] = None
            return self._read[place]


def _told(
    telling: Telling, there: frozenset[LayerKey], layers: Sequence[SystemLayer]
) -> Iterator[tuple[DebianPackage, PackageNotes]]:
    """Give what is told of the packages whose own layers are in that image."""
    for layer in layers:
        for package in layer.packages if layer.key in there else ():
            for name in (package.name, f"{package.name}:{package.architecture}"):
                notes = telling.packages.get(name)
                if notes is not None and notes.paragraph.get("Version") == package.version:
                    yield package, notes


def _files(layer: ReusedLayer) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    size = 0
    with layer.open() as blob:
        stored = verified(blob, layer.descriptor)
        changeset = Changeset(unpacked(stored))
        for member in changeset:
            if member.type != "0" or not is_told_by(member.path):
                continue
            size += member.size
            if size > _LIMIT:
                raise MalformedLayer(f"A database of packages has more than {_LIMIT} bytes")
            files[member.path] = b"".join(changeset.content())
        for _ in stored:
            pass
    return files
