"""Where earlier images are looked for, and which tag finds this one the next time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lamina.build import Built
from lamina.cli.connections import Connections
from lamina.destinations.base import DestinationError, closing
from lamina.destinations.registry import Pushed
from lamina.errors import LaminaError
from lamina.observer import Observer
from lamina.oci.descriptor import Platform
from lamina.oci.image import Image
from lamina.oci.images import Images
from lamina.oci.reference import DEFAULT_TAG, Reference
from lamina.plan.key import LayerKey
from lamina.registry.client import Repository
from lamina.registry.layer import RemoteLayer
from lamina.reuse.cache_tag import move, plan_tag
from lamina.reuse.checks import asking
from lamina.reuse.known import Former, Known
from lamina.reuse.search import CACHE_TAG, Place, Search
from lamina.reuse.verify import VERIFIED_TAG, Verify
from lamina.store.keeper import Keeper

Pushes = Mapping[tuple[str, str], Sequence[str]]
"""The tags to be pushed, by registry and repository."""


class NothingPushed(LaminaError):
    """A place for the cache of a build that pushes nothing."""

    def __init__(self) -> None:
        super().__init__(
            "Unable to do what `--cache-to` says: nothing is pushed", hint="Pass `--push`, too"
        )


@dataclass(frozen=True, slots=True)
class Caches:
    """The earlier images of a build: where they are, and where this one will be."""

    pushes: Pushes
    sources: tuple[Reference, ...] = ()
    """Besides the repositories that are pushed to."""
    target: Reference | None = None
    """Of the cache's own tag, where it is not in each repository that is pushed to."""
    is_moved: bool = True
    """Whether a tag of our own is moved at all."""

    @classmethod
    def parse(cls, pushes: Pushes, sources: Sequence[str], target: str | None) -> Caches:
        """Read what the command line says; ``none`` as a target moves no tag."""
        moved = target != "none"
        if target is not None and moved and not pushes:
            raise NothingPushed
        where = Reference.parse(target) if target is not None and moved else None
        if where is not None and where.digest is not None:
            raise DestinationError(f"Unable to push to `{where}`: a digest cannot be chosen")
        return cls(pushes, tuple(map(Reference.parse, sources)), where, moved)

    @contextmanager
    def known(
        self,
        connections: Connections,
        platforms: Sequence[Platform],
        observer: Observer,
        *,
        is_fresh: bool,
        is_strict: bool = False,
        verify: Verify = Verify.NOTHING,
        keeper: Keeper | None = None,
    ) -> Iterator[Known]:
        """Give what earlier images tell; they are read while the caller goes on.

        If all is to be ``fresh``, none is read; if ``strict``, every blob of theirs is asked for.
        What must be verified is not believed. ``keeper`` keeps the blobs that are read here.
        """
        if is_fresh or not (self.pushes or self.sources):
            yield Known.nothing(observer)
            return
        with asking() as checks, ThreadPoolExecutor(1, "search") as pool:
            search = Search(platforms, observer)
            homes = [connections.push(*name) for name in self.pushes]

            def first() -> list[Former]:
                verified = (
                    [former for home in homes for former in search.read(home, VERIFIED_TAG)]
                    if verify is Verify.CHANGED
                    else []
                )
                return [*verified, *doubted(search.formers(self._places(connections)))]

            def further(keys: Sequence[LayerKey]) -> list[Former]:
                tag = plan_tag(CACHE_TAG, keys)
                return doubted(former for home in homes for former in search.further(home, tag))

            def doubted(formers: Iterable[Former]) -> list[Former]:
                if verify is Verify.NOTHING:
                    return list(formers)
                return [replace(former, is_believed=False) for former in formers]

            formers = pool.submit(first)

            known = Known(
                formers.result,
                checks,
                observer,
                further,
                search.failures,
                is_strict=is_strict,
                keeper=keeper,
            )
            try:
                yield known
            except BaseException:
                connections.transport.interrupt()  # Nobody waits for these answers any more.
                raise

    def remember(
        self, built: Built, verify: Verify, connections: Connections, observer: Observer
    ) -> None:
        """Move the tags of our own to what was pushed; that fails with a warning at most."""
        keys, images = dependency_keys(built), built.images
        for name in self.pushes:
            home = connections.push(*name)
            if self.is_moved and self.target is None:
                move(home, CACHE_TAG, images, plan_tag(CACHE_TAG, keys), observer)
            if verify is not Verify.NOTHING:
                move(home, VERIFIED_TAG, images, None, observer)
        if self.target is not None and self.pushes:
            self._copy(built, self.target, connections, observer)

    def _places(self, connections: Connections) -> Iterator[Place]:
        if self.target is not None:
            yield Place(self._home(self.target, connections), (self.target.tag or CACHE_TAG,))
        for name, tags in self.pushes.items():
            own = [CACHE_TAG] if self.target is None and self.is_moved else []
            references = dict.fromkeys([*own, *tags, DEFAULT_TAG])
            yield Place(connections.push(*name), tuple(references))
        for source in self.sources:
            exact = source.digest or source.tag
            there = (exact,) if exact else (CACHE_TAG, DEFAULT_TAG)
            yield Place(self._home(source, connections), there, is_asked_for=True)

    def _home(self, reference: Reference, connections: Connections) -> Repository:
        """Return a repository to read from; one that is pushed to is asked with the same token."""
        name = (reference.registry, reference.repository)
        return connections.push(*name) if name in self.pushes else connections.pull(*name)

    def _copy(
        self, built: Built, target: Reference, connections: Connections, observer: Observer
    ) -> None:
        """Push to a place of the cache's own: within one registry, blobs are mounted."""
        name, tag = (target.registry, target.repository), target.tag or CACHE_TAG
        if name in self.pushes:
            other = plan_tag(tag, dependency_keys(built))
            move(connections.push(*name), tag, built.images, other, observer)
            return
        home = connections.push(*next(iter(self.pushes)))
        images = Images(
            tuple(_lying_in(home, each) for each in built.images.each), built.images.raw_index
        )
        try:
            pushed = Pushed(connections.push(*name), [tag], observer)
            with closing(pushed) as destination:
                destination.write(images)
        except LaminaError as error:
            observer.warn(f"{error}; the next build may not find what this one pushed")


def dependency_keys(built: Built) -> list[LayerKey]:
    """Return the keys of the layers of the lock's wheels, for the first platform."""
    return [each.plan.key for each in built.each[0].layers if each.plan.wheels]


def _lying_in(home: Repository, image: Image) -> Image:
    """Return an image whose layers are to be had where it was pushed."""
    layers = [RemoteLayer(each.descriptor, each.diff_id, home) for each in image.layers]
    return replace(image, layers=tuple(layers))
