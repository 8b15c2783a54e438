"""Notes on packages that an earlier image has alike, read from its small layer above them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.deb.package import DebianPackage
from lamina.errors import LaminaError
from lamina.make.image_workshop import ImageWorkshop
from lamina.oci.blob import unpacked, verified
from lamina.oci.changeset import Changeset, MalformedLayer
from lamina.plan.plan import LayerKind
from lamina.reuse.known import Beside
from lamina.reuse.reused import ReusedLayer
from lamina.system.notes import PackageNotes
from lamina.system.plan import SystemLayer
from lamina.system.reading_back import is_read_back, read_back

_LIMIT = 64 << 20
"""Of what is read, in bytes; the database of a whole Debian desktop has a fifth."""


def former_notes(
    layers: Sequence[SystemLayer], workshop: ImageWorkshop
) -> dict[DebianPackage, PackageNotes]:
    """Return the notes on packages in layers that an earlier image has, as far as it tells them.

    So a package that is updated does not make the others be fetched again. What cannot be read is
    told, and missing.
    """
    found: dict[DebianPackage, PackageNotes] = {}
    for beside in workshop.known.highest(LayerKind.SYSTEM, [each.key for each in layers]):
        try:
            files = _files(beside.layer)
            found = dict(_told(beside, layers, {each.name: each for each in read_back(files)}))
        except LaminaError as error:
            workshop.observer.warn(f"{error}; packages are fetched instead")
            continue
        if found:
            break
    return found


def _told(
    beside: Beside, layers: Sequence[SystemLayer], notes: dict[str, PackageNotes]
) -> Iterator[tuple[DebianPackage, PackageNotes]]:
    """Give what is told of the packages whose own layers are in that image."""
    for layer in layers:
        for package in layer.packages if layer.key in beside.keys else ():
            told = notes.get(package.name)
            if told is not None and told.paragraph.get("Version") == package.version:
                yield package, told


def _files(layer: ReusedLayer) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    size = 0
    with layer.open() as blob:
        stored = verified(blob, layer.descriptor)
        changeset = Changeset(unpacked(stored))
        for member in changeset:
            if member.type != "0" or not is_read_back(member.path):
                continue
            size += member.size
            if size > _LIMIT:
                raise MalformedLayer(f"A database of packages has more than {_LIMIT} bytes")
            files[member.path] = b"".join(changeset.content())
        for _ in stored:
            pass
    return files
