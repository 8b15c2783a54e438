"""A selection to wishes: of what comes from no index, what tells whether it is still the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
        note = self._note(distribution, editable)
        return Wish(distribution, told, note, editable, self._uv_note(distribution))

    def _note(self, distribution: Distribution, is_editable: bool) -> bytes | None:
        artifact = distribution.artifact
        if isinstance(artifact, Directory | Editable):
            tree = self.trees.local(self.folder, distribution)
            key = self._editable_key(tree) if is_editable else self.trees.key(tree)
            return note_of({"sources": key, **self._keyed(tree)})
        if isinstance(artifact, Wheel | Sdist) and isinstance(distribution.source, LocalArchive):
            return note_of({"hash": self.archives.hash(artifact)})
        return None

    def _uv_note(self, distribution: Distribution) -> bytes | None:
        artifact = distribution.artifact
        if isinstance(artifact, Directory | Editable):
            tree = self.folder / artifact.path
            return of_tree(tree, read_keys(tree), self._environ)
        if isinstance(artifact, Wheel | Sdist) and artifact.path is not None:
            return of_archive(self.folder / artifact.path)
        return None

    def _keyed(self, tree: SourceTree) -> dict[str, str]:
        """Return what stands for the `cache-keys` of a tree that has some."""
        keys = read_keys(tree.folder)
        if keys is None or keys == DEFAULT:
            return {}
        return {"keys": keys.digest(tree.folder, self._environ)}

    @property
    def _environ(self) -> Mapping[str, str]:
        return self.trees.workshop.backends.environ

    def _editable_key(self, tree: SourceTree) -> str:
        keys = read_keys(tree.folder)
        names = _CONFIGURATION if keys is None or keys == DEFAULT else ()
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
