"""Trees that the store lacks, made: of wheels, or of layers in which wheels are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from lamina.make.ready import ReadyWheel
from lamina.make.unlayer import Found, find_layers, tree_of
from lamina.make.workshop import Workshop
from lamina.store.trees import Tree
from lamina.wheel.file import WheelFile


@dataclass(frozen=True, slots=True)
class Making:
    """Makes trees in the store; several threads may ask."""

    workshop: Workshop
    layers: Callable[[], Mapping[str, Found]]
    """Gives the layers of the store in which wheels are, by the wheels' hashes."""

    @classmethod
    def within(cls, workshop: Workshop) -> Making:
        """Return what makes trees in a workshop's store."""
        return cls(workshop, cache(partial(find_layers, workshop.store)))

    def opened(self, path: Path, filename: str) -> WheelFile:
        """Return a wheel to be read, which the caller closes."""
        return WheelFile(path, filename, limit=self.workshop.wheel_limit)

    def of_wheel(self, ready: ReadyWheel, key: str) -> Tree:
        """Return the tree of a wheel, whose file may be dropped then."""
        store, scratch = self.workshop.store, self.workshop.scratch
        with self.opened(ready.path, ready.filename) as file:
            return store.trees.make(key, file, scratch)

    def is_in_layer(self, hash_: str) -> bool:
        """Say whether a build has put the wheel of a hash into a layer."""
        return hash_ in self.layers()

    def of_layer(self, hash_: str, filename: str, key: str) -> Tree | None:
        """Return the tree of a wheel that is in a layer; None where none tells it."""
        found = self.layers().get(hash_)
        if found is None:
            return None
        return tree_of(found, hash_, filename, key, self.workshop.store, self.workshop.scratch)
