"""A selection to wishes: of what comes from no index, what tells whether it is still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lamina.lock.model import Sdist, Wheel
from lamina.lock.select import Distribution, Selection
from lamina.lock.source import Directory, Editable
from lamina.lock.source import Path as LocalArchive
from lamina.make.archives import Archives
from lamina.make.source_trees import SourceTree, SourceTrees
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
        note = self._note(distribution, editable)
        return Wish(distribution, told, note, editable, self._uv_note(distribution))

    def _note(self, distribution: Distribution, is_editable: bool) -> bytes | None:
        artifact = distribution.artifact
        if isinstance(artifact, Directory | Editable):
            tree = self.trees.local(self.folder, distribution)
            key = self._editable_key(tree) if is_editable else self.trees.key(tree)
            return note_of({"sources": key})
        if isinstance(artifact, Wheel | Sdist) and isinstance(distribution.source, LocalArchive):
            return note_of({"hash": self.archives.hash(artifact)})
        return None

    def _uv_note(self, distribution: Distribution) -> bytes | None:
        artifact = distribution.artifact
        if isinstance(artifact, Directory | Editable):
            return of_tree(self.folder / artifact.path)
        if isinstance(artifact, Wheel | Sdist) and artifact.path is not None:
            return of_archive(self.folder / artifact.path)
        return None

    def _editable_key(self, tree: SourceTree) -> str:
        files = {name: _hash(tree.folder / name) for name in _CONFIGURATION}
        return self.trees.key_of({"name": tree.subject.name, "editable": files}, tree)


def _all(selection: Selection) -> Iterator[Distribution]:
    yield from selection.distributions
    project = selection.project
    if project is not None and project.is_installed:
        source = project.source
        if isinstance(source, Directory | Editable):
            yield Distribution(project.name, project.version, source, source)


def _hash(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def note_of(document: dict[str, object]) -> bytes:
    """Return what is noted of a distribution, as it is written."""
    return json.dumps(document, separators=(",", ":")).encode()
