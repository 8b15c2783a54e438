"""Modules of a layer to the entries of their bytecode."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamina.archive.entry import Entry, Kind, chunks, directory, file
from lamina.bytecode.compiler import Compilers
from lamina.plan.bytecode import LARGEST, Bytecode, is_module


@dataclass(frozen=True, slots=True)
class Compilation:
    """How the modules of wheels are compiled."""

    recipe: Bytecode
    compilers: Compilers
    site_packages: str
    """Below which modules lie, relative to the image's root."""

    def kept(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries of wheels without the bytecode that ours takes the place of.

        What a wheel brings is bound to the date of its source, so Python would not use it.
        """
        found = list(entries)
        paths = {entry.path for entry in found if f".{self.recipe.tag}.pyc" in entry.path}
        if not paths:
            return found
        rivals = [each for each in self._modules(found) if self.recipe.path(each.path) in paths]
        replaced = {
            self.recipe.path(path)
            for path, data in self.compilers.each(_sources(rivals))
            if data is not None
        }
        return [entry for entry in found if entry.path not in replaced]

    def bytecode(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        """Give the bytecode of what compiles among `kept` entries, each after its folder."""
        there = {entry.path: entry.kind for entry in entries}
        modules = [
            entry
            for entry in self._modules(entries)
            if self._has_room(self.recipe.path(entry.path), there)
        ]
        return with_folders(compiled(_sources(modules), self.recipe, self.compilers), there)

    def _modules(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if entry.kind is Kind.FILE and is_module(entry.path, self.site_packages):
                yield entry

    def _has_room(self, path: str | None, there: dict[str, Kind]) -> bool:
        """Say whether bytecode can lie there: a wheel may have anything in its place."""
        if path is None or path in there:
            return False
        return there.get(posixpath.dirname(path), Kind.DIRECTORY) is Kind.DIRECTORY


def compiled(
    sources: Iterable[tuple[str, bytes]], recipe: Bytecode, compilers: Compilers
) -> Iterator[Entry]:
    """Give the bytecode of each module that compiles, in their order."""
    for path, data in compilers.each(sources):
        own = recipe.path(path)
        if data is not None and own is not None:
            yield file(own, data)


def with_folders(entries: Iterable[Entry], there: Iterable[str]) -> Iterator[Entry]:
    """Give entries, each after its folder, if that is not there; above it, all folders are."""
    seen = set(there)
    for entry in entries:
        folder = posixpath.dirname(entry.path)
        if folder not in seen:
            seen.add(folder)
            yield directory(folder)
        yield entry


def _sources(entries: Iterable[Entry]) -> Iterator[tuple[str, bytes]]:
    """Read modules one after the other; what is larger than any module is left out."""
    for entry in entries:
        if entry.content.size <= LARGEST:
            yield entry.path, b"".join(chunks(entry))
