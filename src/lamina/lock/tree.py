"""The source trees that a lock is of: the members of its workspace, and folders depended on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name

from lamina.lock.declared import Table, items, table, text
from lamina.lock.model import Lock, Package
from lamina.lock.source import Directory, Editable, Registry, Virtual


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder with a ``pyproject.toml``."""

    folder: str
    """Relative to the lockfile; ``.`` is the root of the workspace."""
    pyproject: Mapping[str, Any]
    is_member: bool = True
    """Whether it is of the workspace, and no folder that is depended on by its path alone."""

    @property
    def name(self) -> str:
        """The name of the project in it, normalized; nothing where there is none."""
        written = text(table(self.pyproject, "project"), "name")
        return canonicalize_name(written) if written else ""

    def package(self, lock: Lock) -> Package | None:
        """Return the entry of the lock that is of this tree."""
        for package in lock.packages:
            if package.name == self.name and not isinstance(package.source, Registry):
                return package
        return None


def changed_members(lock: Lock, members: Sequence[Tree]) -> Iterator[str]:
    """Say which members came, went, moved, or are packages now, or no longer.

    ``members`` are all of the workspace, the root first, which may be no project.
    """
    declared = {tree.name: tree for tree in members if tree.name}
    root = lock.project()
    locked = set(lock.manifest.members) or ({root.name} if root is not None else set())
    changes = [
        f"`{name}` {'removed' if name in locked else 'added'}"
        for name in sorted(declared.keys() ^ locked)
    ]
    if changes:
        yield f"workspace: {', '.join(changes)}"
    required = dict(_required(members))
    for name in sorted(declared.keys() & locked):
        tree = declared[name]
        if (package := tree.package(lock)) is not None:
            yield from _kind(tree, package, required)


def _required(members: Sequence[Tree]) -> Iterator[tuple[str, bool | None]]:
    """Give each member that another has as a source, and whether that is to be editable."""
    for tree in members:
        for name in map(canonicalize_name, table(tree.pyproject, "tool", "uv", "sources")):
            for entry in _sources_of(tree, name):
                if entry.get("workspace") is True and name != tree.name:
                    editable = entry.get("editable")
                    yield name, editable if isinstance(editable, bool) else None


def _kind(tree: Tree, package: Package, required: Mapping[str, bool | None]) -> Iterator[str]:
    """Compare where a member is, and whether it is built, and installed in place."""
    source = package.source
    if not isinstance(source, Editable | Directory | Virtual):
        return
    if source.path != tree.folder:
        yield f"{tree.name}: `{tree.folder}` is declared, `{source.path}` is locked"
    wanted = "virtual"
    if is_package(tree.pyproject, is_required=tree.name in required):
        wanted = "directory" if required.get(tree.name) is False else "editable"
    had = type(source).__name__.lower()
    if wanted != had:
        yield f"{tree.name}: {wanted} is declared, {had} is locked"


def changed_kind(tree: Tree, package: Package, all_trees: Iterable[Tree]) -> Iterator[str]:
    """Compare whether a folder that is depended on is built, as its sources say, or else it."""
    told = {
        entry.get("package", table(tree.pyproject, "tool", "uv").get("package"))
        for each in all_trees
        for entry in _sources_of(each, tree.name)
        if "path" in entry
    }
    if len(told) == 1:
        wanted, had = told == {False}, isinstance(package.source, Virtual)
        if wanted != had:
            kinds = ("package", "virtual")
            yield f"{kinds[wanted]} is declared, {kinds[had]} is locked"


def _sources_of(tree: Tree, name: str) -> Iterator[Table]:
    for key, written in table(tree.pyproject, "tool", "uv", "sources").items():
        entries = written if isinstance(written, list) else [written]
        if canonicalize_name(key) == name:
            yield from (entry for entry in entries if isinstance(entry, Mapping))


def is_package(pyproject: Table, *, is_required: bool) -> bool:
    """Say whether uv builds a project: as it was told, else where a build system is named.

    A member that another one has as a source is built in any case.
    """
    told = table(pyproject, "tool", "uv").get("package")
    return told if isinstance(told, bool) else "build-system" in pyproject or is_required


def is_dynamic(tree: Tree, key: str) -> bool:
    """Say whether a key of ``[project]`` is computed by the build backend."""
    return key in items(table(tree.pyproject, "project"), "dynamic")
