"""What a distribution is installed from, had: its tree in the store, made where it is missing."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Set
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from lamina.lock.model import Wheel
from lamina.lock.select import Distribution
from lamina.make.ready import ReadyWheel
from lamina.make.source_trees import SourceTrees
from lamina.make.wheels import Wheels
from lamina.make.workshop import Workshop
from lamina.observer import Download, Traffic
from lamina.plan.wheel import PlannedWheel
from lamina.store.scratch import StoreUnusable
from lamina.store.trees import Tree
from lamina.sync.bulk import Bulk, note_bulk
from lamina.sync.changes import Wish
from lamina.sync.installed import NOTE
from lamina.sync.uv_cache import UV_CACHE
from lamina.wheel.scheme import Scheme
from lamina.wheel.source import AnyMember, WheelSource
from lamina.wheel.unpack import Unpacked, unpack

if TYPE_CHECKING:
    from lamina.sync.making import Making

_KEPT = "it was in the store"


@dataclass(frozen=True, slots=True)
class Supplied:
    """A distribution ready to be installed."""

    unpacked: Unpacked
    how: str
    """How it was had, as in "downloaded"."""
    bulk: Bulk | None = None
    """What else is to be brought."""
    whole: Callable[[], Unpacked] | None = None
    """Unpacks all of it, where there is a bulk."""

    @property
    def weight(self) -> int:
        """About how much there is to do."""
        return len(self.unpacked.entries) + (0 if self.bulk is None else len(self.bulk.rows))

    def expanded(self) -> Supplied:
        """Return it without a bulk, which is brought file by file then."""
        return self if self.whole is None else Supplied(self.whole(), self.how)


@dataclass(frozen=True, slots=True)
class Supply:
    """Has distributions for one environment; several threads may ask."""

    workshop: Workshop
    wheels: Wheels
    trees: SourceTrees
    scheme: Scheme
    making: Callable[[], Making]
    """Gives what makes trees that the store lacks."""
    stack: ExitStack
    """Ends what must stay open until all is installed."""
    sound: Set[str] = frozenset()
    """The names of trees that were looked at, and are as they were made."""
    _unpacking: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))

    def plan(self, distribution: Distribution) -> PlannedWheel:
        """Return a distribution with its hash; of the network, at most what has none is read.

        Raises `DoesNotFit` for what was built and cannot be used.
        """
        artifact = distribution.artifact
        if isinstance(artifact, Wheel):
            hash_ = self.wheels.archives.hash(artifact)
            size = artifact.size or 0
            return PlannedWheel(distribution.name, str(distribution.version), artifact, hash_, size)
        return self.wheels.plan(distribution)

    def supply(self, wish: Wish, wheel: PlannedWheel | None) -> Supplied:
        """Have a distribution; ``wheel`` is its plan, None for a source tree."""
        if wheel is None:
            return self._built(wish)
        unpacked, how = self._unpacker(wish), _KEPT
        bulk = self._bulk(wheel)
        if bulk is None:
            tree, how = self.here(wheel) or self._made(wheel)
            whole = unpacked(tree)
            bulk = self._noted(wheel, tree, whole)
            if bulk is None:
                return Supplied(whole, how)
        rest = bulk.complete(unpacked(bulk.rest))
        return Supplied(rest, how, bulk, lambda: unpacked(self._tree(wheel)))

    def of_tree(self, wish: Wish, tree: Tree, how: str) -> Supplied:
        """Return a distribution whose tree is had."""
        return Supplied(self._unpacker(wish)(tree), how)

    def _unpacker(self, wish: Wish) -> Callable[[WheelSource[AnyMember]], Unpacked]:
        """Return what unpacks the wheel of a wish."""
        told = {NOTE: wish.note, UV_CACHE: wish.uv_note}
        notes = {name: data for name, data in told.items() if data is not None}
        return partial(unpack, scheme=self.scheme, direct_url=wish.origin, notes=notes)

    def _bulk(self, wheel: PlannedWheel) -> Bulk | None:
        """Return what is known of a tree that is as it was made."""
        trees, key = self.workshop.store.trees, tree_key(wheel)
        if key not in self.sound:
            return None
        trees.used(key)
        return Bulk.read(trees, key, _filename(wheel))

    def _noted(self, wheel: PlannedWheel, tree: Tree, whole: Unpacked) -> Bulk | None:
        """Note for the next time what of a tree is brought as it is."""
        trees, key = self.workshop.store.trees, tree_key(wheel)
        try:
            note_bulk(trees, key, tree, whole, self.workshop.scratch)
        except StoreUnusable:
            return None
        return Bulk.read(trees, key, _filename(wheel))

    def _built(self, wish: Wish) -> Supplied:
        self.workshop.observer.note(f"Building {wish.distribution.name}")
        tree = self.trees.local(self.wheels.archives.folder, wish.distribution)
        path = self.trees.build(tree, is_editable=wish.is_editable).path
        file = self.stack.enter_context(self.making().opened(path, path.name))
        return Supplied(self._unpacker(wish)(file), "built")

    def here(self, wheel: PlannedWheel) -> tuple[Tree, str] | None:
        """Return the tree of a wheel that this machine has, and how; None where it has none."""
        trees, key = self.workshop.store.trees, tree_key(wheel)
        tree = trees.get(key)
        if tree is not None:
            if isinstance(wheel.artifact, Wheel):
                tree = replace(tree, name=wheel.artifact.filename)
            return tree, _KEPT
        kept = self.wheels.kept(wheel)
        if kept is None and (tree := self._of_layer(wheel, key)) is not None:
            return tree, "its layer was in the store"
        return None if kept is None else (self._tree_of(wheel, kept), "its wheel was here")

    def _tree(self, wheel: PlannedWheel) -> Tree:
        tree, _ = self.here(wheel) or self._made(wheel)
        return tree

    def _made(self, wheel: PlannedWheel) -> tuple[Tree, str]:
        ready, how = self._ready(wheel)
        return self._tree_of(wheel, ready), how

    def _tree_of(self, wheel: PlannedWheel, ready: ReadyWheel) -> Tree:
        with self._unpacking:
            tree = self.making().of_wheel(ready, tree_key(wheel))
        self.workshop.scratch.drop(ready.path)
        return tree

    def _of_layer(self, wheel: PlannedWheel, key: str) -> Tree | None:
        """Return the tree of a wheel that a build has put into a layer."""
        if not isinstance(wheel.artifact, Wheel) or not self.is_in_layer(wheel):
            return None
        with self._unpacking:
            return self.making().of_layer(wheel.hash, wheel.artifact.filename, key)

    def is_in_layer(self, wheel: PlannedWheel) -> bool:
        """Say whether a build has put a wheel into a layer of the store."""
        return self.making().is_in_layer(wheel.hash)

    def _ready(self, wheel: PlannedWheel) -> tuple[ReadyWheel, str]:
        """Build or download a wheel."""
        if wheel.is_built:
            return self.wheels.build(wheel), "built"
        observer = self.workshop.observer
        size = wheel.size or None
        download = Download(str(wheel), Traffic.DEPENDENCY, size)
        observer.downloading(download)
        # A build makes a layer of it without a download; what is in one already has served.
        is_kept = not self.is_in_layer(wheel)
        received = partial(observer.received, download)
        fetched = self.wheels.fetch(wheel, received, is_kept=is_kept)
        observer.downloaded(download)
        return fetched, "downloaded"


def _filename(wheel: PlannedWheel) -> str | None:
    """Return the name of a wheel's file, if the lock tells it."""
    return wheel.artifact.filename if isinstance(wheel.artifact, Wheel) else None


def tree_key(wheel: PlannedWheel) -> str:
    """Return the name of a wheel's tree in the store: its SHA-256, where that is what is known.

    >>> tree_key(PlannedWheel("a", "1", Wheel("a-1-py3-none-any.whl"), "sha256:" + "0" * 64, 1))[:4]
    '0000'
    """
    algorithm, _, hex_ = wheel.hash.partition(":")
    return hex_ if algorithm == "sha256" else hashlib.sha256(wheel.hash.encode()).hexdigest()
