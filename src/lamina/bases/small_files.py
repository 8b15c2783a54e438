"""The small files of a base that packages above it are resolved and configured by, read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from lamina.archive.entry import Entry, Kind, Literal
from lamina.archive.tree import Leaf, Tree, split
from lamina.bases.base import Base, BaseError
from lamina.bases.walk import walk
from lamina.deb.status import STATUS
from lamina.oci.changeset import Changeset, Member
from lamina.system.base_paths import BasePaths, is_configuration, is_list
from lamina.system.small_files import SmallFiles, is_wanted, program_of

_LIMIT = 64 << 20
"""Of all of them, in bytes; those of a whole Debian desktop have a tenth."""


def read_small_files(base: Base) -> tuple[SmallFiles, BasePaths]:
    """Read all layers of a base once; return the small files that matter, and what else lies there.

    Raises `BaseError`, `DamagedBlob`.
    """
    reading = _Reading(base.name)
    tree = walk(base, reading.look_at)
    return reading.finish(tree), reading.paths(tree)


def read_entries(base: Base, wanted: Collection[str]) -> list[Entry]:
    """Read all layers of a base again, and return what lies at these paths, but for directories.

    They are relative to the root, and lead through no symlink; of hard links, each is a file of
    its own. Raises `BaseError`, `DamagedBlob`.
    """
    found: dict[str, Entry] = {}
    copies: dict[str, str] = {}

    def look_at(member: Member, tree: Tree, changeset: Changeset) -> None:
        path = tree.place(member.path)
        if path not in wanted or member.is_directory:
            return
        if member.is_hardlink:
            copies[path] = tree.place(member.target)
            return
        copies.pop(path, None)
        kind = Kind.SYMLINK if member.is_symlink else Kind.FILE
        content = Literal(b"".join(changeset.content()))
        target = member.target if member.is_symlink else ""
        mode, uid, gid = member.mode & 0o7777, member.uid, member.gid
        found[path] = Entry(path, kind, mode, content, target, uid, gid)

    walk(base, look_at)
    missing = set(copies.values()) - found.keys()
    if missing:
        found |= {each.path: each for each in read_entries(base, missing)}
    found |= {path: replace(found[source], path=path) for path, source in copies.items()}
    return [found[path] for path in sorted(wanted) if path in found]


@dataclass(slots=True)
class _Reading:
    """What was read so far, by the path where it lies."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    """The MD5 of configuration."""
    size: int = 0

    def look_at(self, member: Member, tree: Tree, changeset: Changeset) -> None:
        if member.is_directory or member.is_symlink:
            return
        path = tree.place(member.path)
        kept = [self.files] * is_wanted(path) + [self.lists] * is_list(path)
        if member.is_hardlink:
            self._link(path, tree.place(member.target), kept)
            return
        data = [self._content(member, changeset)] if kept else changeset.content()
        for each in kept:
            each[path] = b"".join(data)
        if is_configuration(path):
            self.sums[path] = _md5(data)

    def _link(self, path: str, source: str, kept: Iterable[dict[str, bytes]]) -> None:
        data = self.files.get(source, self.lists.get(source))
        if data is not None:
            for each in kept:
                each[path] = data
        if is_configuration(path) and source in self.sums:
            self.sums[path] = self.sums[source]

    def _content(self, member: Member, changeset: Changeset) -> bytes:
        self.size += member.size
        if self.size > _LIMIT:
            raise BaseError(
                f"Unable to read the database of packages in the base image `{self.name}`: "
                f"it has more than {_LIMIT} bytes"
            )
        return b"".join(changeset.content())

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

    def paths(self, tree: Tree) -> BasePaths:
        """Return what lies there, and the lists of packages that no higher layer hid."""
        lists = {path: data for path, data in self.lists.items() if _is_file(tree, path)}
        has_status = _is_file(tree, STATUS)  # Else nobody knows what was edited.
        sums = {path: md5 for path, md5 in self.sums.items() if has_status and _is_file(tree, path)}
        return BasePaths.of(tree, dict(sorted(lists.items())), sums, self.files.get(STATUS, b""))


def _is_file(tree: Tree, path: str) -> bool:
    node = tree.find(split(path))
    return isinstance(node, Leaf) and node.target is None


def _md5(chunks: Iterable[bytes]) -> str:
    """Return the sum by which dpkg knows configuration files."""
    md5 = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        md5.update(chunk)
    return md5.hexdigest()
