"""The small layer above the packages: what dpkg and maintainer scripts would leave behind."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.archive.entry import Entry
from lamina.archive.rootfs import Rootfs, place
from lamina.system.database import database
from lamina.system.loader import loader_cache
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles


def configuration(
    notes: Sequence[PackageNotes], base: SmallFiles, rootfs: Rootfs, architecture: str
) -> list[Entry]:
    """Return the entries of the layer, placed above the base.

    ``notes`` are on all packages above it, by name.
    """
    loader = loader_cache(notes, base, rootfs.links, architecture)
    return place([*database(notes, base, architecture), *loader], rootfs)
