"""What earlier images know, asked by the key of a layer, once its blob is seen to be there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from lamina.observer import Observer
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.index import runs
from lamina.plan.annotations import layer_annotations
from lamina.plan.base import BaseFacts
from lamina.plan.collisions import Collision
from lamina.plan.contents import InLayer
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.reasons import Earlier
from lamina.plan.wheel import BUILT, PlannedWheel
from lamina.registry.client import Repository
from lamina.reuse.checks import BlobChecks
from lamina.reuse.former import FormerBase, FormerImage, FormerLayer
from lamina.reuse.reused import ReusedLayer
from lamina.store.keeper import Keeper


@dataclass(frozen=True, slots=True)
class Former:
    """An earlier image, and the repository where it lies."""

    image: FormerImage
    repository: Repository
    is_believed: bool = True
    """Whether its layers are taken as they are; else they are made again and compared, and what it
    tells besides is not taken at all."""


@dataclass(frozen=True, slots=True)
class Highest:
    """The highest layer of some kind in an earlier image."""

    layer: ReusedLayer
    keys: frozenset[LayerKey]
    """Of all layers of the image."""
    base: Digest | None
    """What identifies the base of the image."""


FindFurther = Callable[[Sequence[LayerKey]], Sequence[Former]]
"""Gives images that were not looked at first; dependencies are in layers with these keys."""


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
        keeper: Keeper | None = None,
    ) -> None:
        """``find`` is asked when something is to be known, ``further`` if that is not enough.

        What fails meanwhile is added to ``failures``. If ``is_strict``, every blob is asked for;
        ``keeper`` keeps those that are read here.
        """
        self._is_strict = is_strict
        self._keeper = keeper
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

    def tells_of(self, plan: LayerPlan) -> bool:
        """Say whether an image names a layer, be it there or not."""
        return bool(self._of(plan.key))

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
                return self._reused(plan.key, descriptor, layer, former)
            self._observer.warn(f"{problem}; it is not reused: {plan.title}")
        return None

    def highest(self, kind: LayerKind) -> Iterator[Highest]:
        """Give the highest layer of a kind in each image that has one."""
        for former in self._believed:
            layers, base = former.image.layers, former.image.record.base
            keys = frozenset(each.key for each in layers if each.key is not None)
            found = [each for each in layers if each.kind is kind]
            if found and (key := found[-1].key) is not None:
                layer = self._reused(key, found[-1].descriptor, found[-1], former)
                yield Highest(layer, keys, None if base is None else base.identity)

    def forget(self, layer: ReusedLayer) -> None:
        """Do not give a layer again that turned out not to be there."""
        self._layers[layer.key] = [
            (each, former)
            for each, former in self._layers.get(layer.key, [])
            if each.descriptor.digest != layer.descriptor.digest
        ]

    def distribution(self, hash_: str) -> InLayer | None:
        """Return what is told of a wheel of that hash, if an image holds it."""
        for former in self.formers:
            for layer in former.image.layers:
                for each in layer.contents.distributions:
                    if each.hash == hash_:
                        return each
        return None

    def base(self, resolved: Digest, platform: Platform) -> tuple[FormerBase, Repository] | None:
        """Return the base that a name resolves to, if an image stands on it and has its blobs."""
        for former in self._believed:
            base = former.image.base
            if base is None or base.record.resolved != resolved:
                continue
            if not all(
                runs(each, platform) for each in (former.image.platform, base.config.platform)
            ):
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

    def _reused(
        self, key: LayerKey, descriptor: Descriptor, layer: FormerLayer, former: Former
    ) -> ReusedLayer:
        return ReusedLayer(
            key,
            descriptor,
            layer.diff_id,
            layer.contents,
            former.repository,
            self._observer,
            self._keeper,
            former.is_believed,
        )

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


def _mismatch(plan: LayerPlan, layer: FormerLayer) -> str | None:
    """Say what a layer's record says otherwise than the plan whose key it has."""
    if not plan.wheels:
        return None
    if list(map(_identity, layer.contents.distributions)) == list(map(_identity, plan.wheels)):
        return None
    return f"an earlier image does not say what is in its layer {layer.descriptor.digest}"


def _identity(each: InLayer | PlannedWheel) -> tuple[str, str, str, int]:
    """Return what must agree; the size of what is built is not the same on every machine."""
    size = 0 if each.hash.startswith(f"{BUILT}:") else each.size
    return each.name, each.version, each.hash, size
