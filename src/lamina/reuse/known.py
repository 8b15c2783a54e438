"""What earlier images know, asked by the key of a layer, once its blob is seen to be there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from lamina.archive.blob import Extent
from lamina.observer import Download, Observer, Traffic
from lamina.oci.blob import DamagedBlob
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.index import runs
from lamina.plan.annotations import layer_annotations
from lamina.plan.base import BaseFacts
from lamina.plan.collisions import Collision
from lamina.plan.contents import Contents
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerPlan
from lamina.plan.reasons import Earlier
from lamina.registry.client import Repository
from lamina.registry.download import stream
from lamina.registry.errors import RegistryError
from lamina.reuse.former import FormerBase, FormerImage, FormerLayer
from lamina.reuse.told import Told

_QUESTIONS = 48
"""At a time, each of a few bytes: all layers of an image are looked for in two rounds."""


@dataclass(frozen=True, slots=True)
class Former:
    """An earlier image, and the repository where it lies."""

    image: FormerImage
    repository: Repository
    is_believed: bool = True
    """Whether its layers are taken as they are; else they are made again and compared, and what it
    tells besides is not taken at all."""


FindFurther = Callable[[Sequence[LayerKey]], Sequence[Former]]
"""Gives images that were not looked at first; dependencies are in layers with these keys."""


@dataclass(frozen=True, slots=True)
class ReusedLayer:
    """A layer that lies in a registry and is taken as it is: see `OurLayer`."""

    key: LayerKey
    descriptor: Descriptor
    diff_id: DiffID
    contents: Contents
    repository: Repository = field(repr=False)
    observer: Observer = field(repr=False)
    is_believed: bool = True
    """See `Former.is_believed`."""

    def open(self) -> BinaryIO:
        """See `Layer.open`; checked on the way. Reading raises `DamagedBlob` if it cannot be had.

        For whoever made it once can make it again.
        """
        return stream(self._pieces())

    def read(self, extent: Extent) -> bytes:
        """See `OurLayer.read`."""
        with self._explained():
            part = self._told().read_part(self.descriptor, extent.offset, extent.size)
            return b"".join(part)

    def _pieces(self) -> Generator[bytes]:
        with self._explained():
            yield from self._told().read_blob(self.descriptor)

    def _told(self) -> Repository:
        download = Download(str(self.descriptor.digest), Traffic.DEPENDENCY, self.descriptor.size)
        return self.repository.counting(Told(self.observer, download))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except RegistryError as error:
            size = f"{self.descriptor.size} bytes in `{self.repository.shown}`"
            raise DamagedBlob(self.descriptor.digest, size, f"an error ({error})") from error


class BlobChecks:
    """Which blobs a repository has, asked once for each, many at a time."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, Digest], Future[int | None]] = {}

    def ask(self, repository: Repository, descriptor: Descriptor) -> Future[int | None]:
        """Begin to ask for a blob's size, unless that was asked before."""
        name = (repository.shown, descriptor.digest)
        with self._lock:
            if name not in self._asked:
                self._asked[name] = self._pool.submit(repository.has_blob, descriptor.digest)
            return self._asked[name]

    def problem(self, repository: Repository, descriptor: Descriptor) -> str | None:
        """Wait, and say what is wrong with a blob; None, where it is there as described."""
        try:
            size = self.ask(repository, descriptor).result()
        except RegistryError as error:
            return str(error)
        if size is None:
            return f"blob {descriptor.digest} is gone from `{repository.shown}`"
        if size != descriptor.size:
            return (
                f"blob {descriptor.digest} in `{repository.shown}` has {size} bytes, "
                f"not {descriptor.size}"
            )
        return None


class Known:
    """What some earlier images tell; those that were found first count first."""

    def __init__(
        self,
        find: Callable[[], Sequence[Former]],
        checks: BlobChecks,
        observer: Observer,
        further: FindFurther = lambda keys: (),
        failures: Sequence[str] = (),
        *,
        is_strict: bool = False,
    ) -> None:
        """``find`` is asked when something is to be known, ``further`` if that is not enough.

        What fails meanwhile is added to ``failures``. If ``is_strict``, every blob is asked for.
        """
        self._is_strict = is_strict
        self._failures = failures
        self._find = find
        self._further = further
        self._checks = checks
        self._observer = observer
        self._lock = threading.Lock()
        self._is_found = self._is_exhausted = False
        self._formers: list[Former] = []
        self._layers: dict[LayerKey, list[tuple[FormerLayer, Former]]] = {}

    @classmethod
    def nothing(cls, observer: Observer) -> Known:
        """Return what knows nothing."""
        return cls(tuple, BlobChecks(ThreadPoolExecutor(1)), observer)

    @property
    def formers(self) -> tuple[Former, ...]:
        """The images, in their order."""
        with self._lock:
            if not self._is_found:
                self._is_found = True
                self._enter(self._find())
            return tuple(self._formers)

    def look_for(self, missing: Iterable[LayerPlan], plans: Iterable[LayerPlan]) -> None:
        """Look further, once, if there are layers of wheels that nothing found so far tells of.

        ``plans`` are all of the image, by which an image of just these is found.
        """
        unknown = [plan for plan in missing if plan.wheels and not self._of(plan.key)]
        if unknown and not self._is_exhausted:
            self._is_exhausted = True
            self._enter(self._further([plan.key for plan in plans if plan.wheels]))

    def earlier(self) -> list[Earlier]:
        """Return what was in the layers of the images, in their order."""
        return [
            Earlier(layer.contents.distributions, former.image.record.recipe)
            for former in self.formers
            for layer in former.image.layers
            if layer.contents.distributions
        ]

    def was_unreadable(self, plan: LayerPlan) -> bool:
        """Say whether a layer might have been had, if what tells of it could be read."""
        return bool(self._of(plan.key)) or (not self.formers and bool(self._failures))

    def ask(self, plans: Iterable[LayerPlan]) -> None:
        """Begin to look for the blobs of layers, so that `layer` need not wait for each."""
        for plan in plans:
            for layer, former in self._of(plan.key)[:1]:
                if self._is_strict or not layer.is_sized:
                    self._checks.ask(former.repository, layer.descriptor)

    def layer(self, plan: LayerPlan) -> ReusedLayer | None:
        """Return a layer that is there, as its manifest describes it; else None, with a warning."""
        for layer, former in self._of(plan.key):
            problem = _mismatch(plan, layer) or self._problem(layer, former.repository)
            if problem is None:
                said = layer_annotations(plan.key)
                descriptor = replace(layer.descriptor, annotations=said)
                return ReusedLayer(
                    plan.key,
                    descriptor,
                    layer.diff_id,
                    layer.contents,
                    former.repository,
                    self._observer,
                    former.is_believed,
                )
            self._observer.warn(f"{problem}; it is not reused: {plan.title}")
        return None

    def forget(self, layer: ReusedLayer) -> None:
        """Do not give a layer again that turned out not to be there."""
        self._layers[layer.key] = [
            (each, former)
            for each, former in self._layers.get(layer.key, [])
            if each.descriptor.digest != layer.descriptor.digest
        ]

    def wheel_size(self, hash_: str) -> int | None:
        """Return the size of a wheel of that hash, in bytes, if an image holds it."""
        for former in self.formers:
            for layer in former.image.layers:
                for each in layer.contents.distributions:
                    if each.hash == hash_:
                        return each.size
        return None

    def base(self, resolved: Digest, platform: Platform) -> tuple[FormerBase, Repository] | None:
        """Return the base that a name resolves to, if an image stands on it and has its blobs."""
        for former in self._believed:
            base = former.image.base
            if base is None or base.record.resolved != resolved:
                continue
            if not runs(former.image.platform, platform):
                continue
            problems = [
                problem
                for layer in base.layers
                if (problem := self._problem(layer, former.repository))
            ]
            if not problems:
                return base, former.repository
            self._observer.warn(f"{problems[0]}; the base is read anew")
        return None

    def facts(self, identity: Digest) -> BaseFacts | None:
        """Return what was learned of a base."""
        for former in self._believed:
            record = former.image.record.base
            if record is not None and record.identity == identity:
                return record.facts
        return None

    def agreement(self, key: LayerKey) -> tuple[Collision, ...] | None:
        """Return what distributions of a circle do not agree on, if they were compared before."""
        for former in self._believed:
            if key in former.image.record.agreements:
                return former.image.record.agreements[key]
        return None

    def _problem(self, layer: FormerLayer, repository: Repository) -> str | None:
        """Say what is wrong with a blob; one of the size that it always had is not asked for.

        A manifest is believed that far: registries refuse one that names what they do not have,
        and then the layer is made after all.
        """
        if layer.is_sized and not self._is_strict:
            return None
        return self._checks.problem(repository, layer.descriptor)

    @property
    def _believed(self) -> list[Former]:
        return [former for former in self.formers if former.is_believed]

    def _of(self, key: LayerKey) -> list[tuple[FormerLayer, Former]]:
        return self._layers.get(key, []) if self.formers else []

    def _enter(self, formers: Iterable[Former]) -> None:
        for former in formers:
            self._formers.append(former)
            for layer in former.image.layers:
                if layer.key is not None:
                    self._layers.setdefault(layer.key, []).append((layer, former))


@contextmanager
def asking() -> Iterator[BlobChecks]:
    """Give checks; at the end, nobody waits for an answer any more."""
    pool = ThreadPoolExecutor(_QUESTIONS, "ask")
    try:
        yield BlobChecks(pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _mismatch(plan: LayerPlan, layer: FormerLayer) -> str | None:
    """Say what a layer's record says otherwise than the plan whose key it has."""
    if not plan.wheels:
        return None
    told = [(each.name, each.hash) for each in layer.contents.distributions]
    if told == [(wheel.name, wheel.hash) for wheel in plan.wheels]:
        return None
    return f"an earlier image does not say what is in its layer {layer.descriptor.digest}"
