"""What lies in a store, what of it may go, and whether it is sound."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lamina.oci.digest import Digest
from lamina.store.blobs import digest_of
from lamina.store.scratch import LOCKS, translated
from lamina.store.store import Store

_READERS = 4


@dataclass(frozen=True, slots=True)
class Amount:
    """Some files."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.count + other.count, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What lies in a store, or was removed from it."""

    layers: Amount
    """The blobs that are layers."""
    trees: Amount
    """The files of wheels that are unpacked, for environments on the disk."""
    downloads: Amount
    """The blobs that are not: wheels for layers to come, Debian packages, what backends need."""
    documents: Amount
    """What is known of layers, bases and sizes."""
    scratch: Amount
    """What builds have not finished, those that run now and those that were killed."""

    @property
    def total(self) -> Amount:
        """All of it."""
        return self.layers + self.trees + self.downloads + self.documents + self.scratch


@dataclass(frozen=True, slots=True, order=True)
class Damaged:
    """A blob that was not what its name says; it is removed."""

    digest: Digest
    got: str
    """The digest that it had, or why it could not be read."""
    is_layer: bool


@dataclass(frozen=True, slots=True, order=True)
class DamagedTree:
    """An unpacked wheel of which a file was not as it was made; it is removed."""

    wheel: str
    file: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found when all blobs, and all trees, were read."""

    sound: Amount
    damaged: tuple[Damaged, ...]
    """Sorted by digest."""
    trees: Amount = Amount()
    damaged_trees: tuple[DamagedTree, ...] = ()


def size(store: Store) -> Holdings:
    """Count what lies in a store; a build may go on meanwhile."""
    layers = _layers(store)
    blobs = list(store.blobs)
    return Holdings(
        _sum(_amount(path) for digest, path in blobs if digest in layers),
        _sum(_tree_amount(store, key) for key in store.trees),
        _sum(_amount(path) for digest, path in blobs if digest not in layers),
        _sum(_amount(path) for path in _documents(store)),
        _sum(map(_amount, _leftovers(store))),
    )


def prune(store: Store, *, now: float, unused_for: float | None = None) -> Holdings:
    """Remove what was not used for so many seconds before ``now``, and say what it was.

    What killed builds left goes too, always. Without ``unused_for`` all layers and trees stay, and
    what is only kept in case that it is needed to make others goes: the downloads. With 0
    everything goes. Raises `StoreInUse` while a build runs.
    """
    before = math.inf if not unused_for else now - unused_for
    with store.exclusive(), translated(store.root):
        layers = _layers(store)
        documents = Amount()
        if unused_for is not None:
            documents = _remove(path for path in _documents(store) if _used(path) < before)
        needed = _layers(store)
        old = [
            (digest in layers, path)
            for digest, path in store.blobs
            if digest not in needed and _used(path) < before
        ]
        removed = Holdings(
            _remove(path for is_layer, path in old if is_layer),
            Amount() if unused_for is None else _remove_trees(store, before),
            _remove(path for is_layer, path in old if not is_layer),
            documents + _remove(_blobless(store)),
            _remove(_leftovers(store)),
        )
        shutil.rmtree(store.scratch_root, ignore_errors=True)  # Empty folders, and their locks.
        return removed


def verify(store: Store) -> Verified:
    """Read every blob and every tree, and remove those that are damaged.

    Raises `StoreInUse` while a build runs.
    """
    with store.exclusive():
        layers = _layers(store)
        blobs = list(store.blobs)
        with ThreadPoolExecutor(_READERS, "verify") as pool:
            read = list(pool.map(_read, blobs))
        damaged = [
            Damaged(digest, got, digest in layers)
            for (digest, _), got in zip(blobs, read, strict=True)
            if got != str(digest)
        ]
        for each in damaged:
            store.blobs.remove(each.digest)
        with translated(store.root):
            _remove(_blobless(store))
        sound = _sum(_amount(path) for _, path in store.blobs)
        damaged_trees = tuple(sorted(_damaged_trees(store)))
        trees = _sum(_tree_amount(store, key) for key in store.trees)
    return Verified(sound, tuple(sorted(damaged)), trees, damaged_trees)


def _read(blob: tuple[Digest, Path]) -> str:
    """Return the digest that a blob has, or why it has none."""
    digest, path = blob
    try:
        return str(digest_of(path, digest.algorithm))
    except OSError as error:
        return error.strerror or "what cannot be read"


def _damaged_trees(store: Store) -> Iterator[DamagedTree]:
    """Remove the trees that are damaged, and say what was wrong with them."""
    for key in list(store.trees):
        tree = store.trees.peek(key)
        damage = "index.json" if tree is None else tree.damage()
        if damage is not None:
            store.trees.remove(key)
            yield DamagedTree(key if tree is None else tree.name, damage)


def _remove_trees(store: Store, before: float) -> Amount:
    removed = Amount()
    for key in list(store.trees):
        if _used(store.trees.index(key)) < before:
            removed += _tree_amount(store, key)
            store.trees.remove(key)
    return removed


def _tree_amount(store: Store, key: str) -> Amount:
    """Count the files of a tree, as its index has them."""
    tree = store.trees.peek(key)
    members = () if tree is None else tree.members
    files = [member.size for member in members if not member.is_directory]
    return Amount(len(files), sum(files)) + _amount(store.trees.index(key))


def _layers(store: Store) -> set[Digest]:
    """Return the digests of all blobs that some key stands for."""
    return {digest for _, digest in store.layers}


def _documents(store: Store) -> list[Path]:
    return [each.path(name) for each in (store.layers.documents, store.facts) for name in each]


def _blobless(store: Store) -> list[Path]:
    """Return the documents of layers that are not there, or that cannot be read."""
    documents = store.layers.documents
    whole = {key.hex for key, digest in store.layers if store.blobs.path(digest) is not None}
    return [documents.path(name) for name in documents if name not in whole]


def _leftovers(store: Store) -> list[Path]:
    """Return the files that are not finished."""
    inside = store.scratch_root.rglob("*")
    found = [path for path in inside if not path.is_dir() and path.name not in LOCKS]
    for documents in (store.layers.documents, store.facts):
        found += documents.root.glob(".*")
    return sorted(found)


def _remove(paths: Iterable[Path]) -> Amount:
    removed = Amount()
    for path in paths:
        removed += _amount(path)
        path.unlink(missing_ok=True)
    return removed


def _amount(path: Path) -> Amount:
    try:
        return Amount(1, path.lstat().st_size)
    except OSError:
        return Amount()  # A build has just finished with it.


def _used(path: Path) -> float:
    """Return when a file was last used, as its date says; a file that is gone, never."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return -math.inf


def _sum(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, Amount())
