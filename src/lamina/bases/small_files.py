"""The small files of a base that packages above it are resolved and configured by, read."""

from __future__ import annotations

from dataclasses import dataclass, field

from lamina.archive.tree import Leaf, Tree, split
from lamina.bases.base import Base, BaseError
from lamina.bases.walk import walk
from lamina.oci.changeset import Changeset, Member
from lamina.system.small_files import SmallFiles, is_wanted, program_of

_LIMIT = 64 << 20
"""Of all of them, in bytes; those of a whole Debian desktop have a tenth."""


def read_small_files(base: Base) -> SmallFiles:
    """Read all layers of a base once, and return the small files that matter.

    Raises `BaseError`, `DamagedBlob`.
    """
    reading = _Reading(base.name)
    tree = walk(base, reading.look_at)
    return reading.finish(tree)


@dataclass(slots=True)
class _Reading:
    """What was read so far, by the path where it lies."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    size: int = 0

    def look_at(self, member: Member, tree: Tree, changeset: Changeset) -> None:
        if member.is_directory or member.is_symlink:
            return
        path = tree.place(member.path)
        if not is_wanted(path):
            return
        if member.is_hardlink:
            if (source := self.files.get(tree.place(member.target))) is not None:
                self.files[path] = source
            return
        self.size += member.size
        if self.size > _LIMIT:
            raise BaseError(
                f"Unable to read the database of packages in the base image `{self.name}`: "
                f"it has more than {_LIMIT} bytes"
            )
        self.files[path] = b"".join(changeset.content())

    def finish(self, tree: Tree) -> SmallFiles:
        """Drop what a higher layer hid or replaced, and add the symlinks."""
        links = {
            path: node.target
            for path, node in tree.walk()
            if isinstance(node, Leaf) and node.target is not None and is_wanted(path)
        }
        there = {path: data for path, data in self.files.items() if _is_file(tree, path)}
        programs = frozenset(name for path, _ in tree.walk() if (name := program_of(path)))
        return SmallFiles(dict(sorted(there.items())), links, programs)


def _is_file(tree: Tree, path: str) -> bool:
    node = tree.find(split(path))
    return isinstance(node, Leaf) and node.target is None
