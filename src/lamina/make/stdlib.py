"""The layer with the bytecode of a base's standard library, where Lamina has made the base.

Debian's packages hold source only: a maintainer script compiles it, and none is run here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from lamina.archive.entry import Entry, Kind
from lamina.archive.parents import with_parents
from lamina.bytecode.entries import Compilation, compiled
from lamina.make.blobs import generated
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parts import Part
from lamina.oci.blob import unpacked, verified
from lamina.oci.changeset import Changeset, Member
from lamina.oci.layer import Layer
from lamina.plan.base import BaseFacts, BasePython
from lamina.plan.bytecode import LARGEST, Bytecode, is_module
from lamina.plan.epoch import EPOCH
from lamina.plan.key import FORMAT, LayerKey
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.store.layers import StoredLayer


def stdlib_part(
    library: Layer,
    base: BaseFacts,
    python: BasePython,
    recipe: Bytecode,
    compilation: Callable[[], Compilation],
    workshop: ImageWorkshop,
) -> Part:
    """Return the layer of the bytecode of a library, which is read only if that must be made.

    Its key comes of what the library's own layer holds: another time zone leaves it alone.
    """
    key = LayerKey.of(
        {
            "format": FORMAT,
            "kind": LayerKind.SYSTEM.value,
            "library": str(library.diff_id),
            "python": python.path,
            "bytecode": recipe.to_json(),
            "date": EPOCH,
        }
    )
    title = f"bytecode of Python {python.version}"
    plan = LayerPlan(LayerKind.SYSTEM, key, title)

    def make() -> StoredLayer:
        compilers = compilation().compilers
        found = compiled(_modules(library, python), recipe, compilers)
        return workshop.make(plan, generated, _placed(found, base))

    return Part(plan, make)


def _modules(library: Layer, python: BasePython) -> Iterator[tuple[str, bytes]]:
    """Give each module with its source, as they come; a link is none: what it leads to may change.

    The layer is read to its end: only then is it known to be right.
    """
    prefix = posixpath.dirname(posixpath.dirname(python.path)).lstrip("/")
    name = posixpath.basename(python.path)
    folders = (f"{prefix}/lib/{name}", f"{prefix}/lib/python3")
    with library.open() as blob:
        stored = verified(blob, library.descriptor)
        changeset = Changeset(unpacked(stored))
        for member in changeset:
            is_read = _is_plain(member) and member.size <= LARGEST
            if is_read and any(is_module(member.path, folder) for folder in folders):
                yield member.path, b"".join(changeset.content())
        for _ in stored:
            pass


def _is_plain(member: Member) -> bool:
    return not (member.is_directory or member.is_symlink or member.is_hardlink)


def _placed(entries: Iterator[Entry], base: BaseFacts) -> Iterator[Entry]:
    """Give entries with the folders above them, each as the base has it."""
    for entry in with_parents(entries):
        there = base.rootfs.directory(entry.path) if entry.kind is Kind.DIRECTORY else None
        yield there or entry
