"""A selection to wishes: of what comes from no index, what tells whether it is still the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lamina.lock.model import Sdist, Wheel
from lamina.lock.select import Distribution, Selection
from lamina.lock.source import Directory, Editable
from lamina.lock.source import Path as LocalArchive
from lamina.make.archives import Archives
from lamina.make.source_trees import SourceTree, SourceTrees
from lamina.sync.cache_keys import DEFAULT, file_hash, read_keys
from lamina.sync.changes import Wish
from lamina.sync.origins import origin
from lamina.sync.uv_cache import of_archive, of_tree

_CONFIGURATION = ("pyproject.toml", "setup.cfg", "setup.py")
"""What an editable wheel depends on, as uv has it by default; its sources are read in place."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Makes wishes of the distributions of a selection."""

    trees: SourceTrees
    archives: Archives
    folder: Path
    """The lockfile's."""
    is_editable: bool
    """Whether what the lock has as editable is installed so."""

    def of(self, selection: Selection) -> list[Wish]:
        """Return a wish for each distribution, the project among them."""
        return [self._wish(each) for each in _all(selection)]

    def _wish(self, distribution: Distribution) -> Wish:
        editable = self.is_editable and isinstance(distribution.artifact, Editable)
        told = origin(distribution, self.folder, is_editable=editable)
        if isinstance(distribution.artifact, Directory | Editable):
            return self._wish_of_tree(distribution, told, is_editable=editable)
        note, uv_note = self._notes_of_archive(distribution)
        return Wish(distribution, told, note, editable, uv_note)

    def _wish_of_tree(
        self, distribution: Distribution, told: bytes | None, *, is_editable: bool
    ) -> Wish:
        """Return the wish for what is built of a folder, which may say what it depends on."""
        tree = self.trees.local(self.folder, distribution)
        environ = self.trees.workshop.backends.environ
        keys = read_keys(tree.folder)
        has_keys = keys is not None and keys != DEFAULT
        sources = (
            self._editable_key(tree, has_keys=has_keys) if is_editable else self.trees.key(tree)
        )
        note: dict[str, object] = {"sources": sources}
        if keys is not None and has_keys:
            note["keys"] = keys.digest(tree.folder, environ)
        uv_note = of_tree(tree.folder, keys, environ)
        # A release is not locked anew: the version is the folder's own, as uv takes it.
        now = replace(distribution, version=tree.subject.version)
        return Wish(now, told, note_of(note), is_editable, uv_note, has_keys)

    def _notes_of_archive(self, distribution: Distribution) -> tuple[bytes | None, bytes | None]:
        """Return what is noted of an archive in a folder, for us and for uv."""
        artifact = distribution.artifact
        if not isinstance(artifact, Wheel | Sdist):
            return None, None
        is_local = isinstance(distribution.source, LocalArchive)
        note = note_of({"hash": self.archives.hash(artifact)}) if is_local else None
        uv_note = None if artifact.path is None else of_archive(self.folder / artifact.path)
        return note, uv_note

    def _editable_key(self, tree: SourceTree, *, has_keys: bool) -> str:
        names = () if has_keys else _CONFIGURATION
        files = {name: file_hash(tree.folder / name) for name in names}
        return self.trees.key_of({"name": tree.subject.name, "editable": files}, tree)


def _all(selection: Selection) -> Iterator[Distribution]:
    yield from selection.distributions
    project = selection.project
    if project is not None and project.is_installed:
        source = project.source
        if isinstance(source, Directory | Editable):
            yield Distribution(project.name, project.version, source, source)


def note_of(document: dict[str, object]) -> bytes:
    """Return what is noted of a distribution, as it is written."""
    return json.dumps(document, separators=(",", ":")).encode()
