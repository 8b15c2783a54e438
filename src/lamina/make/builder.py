"""Wheels that are built of sources; each is kept, and found again by what it was built of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

from lamina.lock.model import Sdist
from lamina.lock.select import Distribution
from lamina.lock.source import DirectUrl, Git
from lamina.lock.target import Target
from lamina.make.archives import Archives
from lamina.make.fitting import check_fits
from lamina.make.ready import ReadyWheel
from lamina.make.workshop import Workshop
from lamina.oci.digest import Digest
from lamina.plan.wheel import BUILT
from lamina.project.building import Building
from lamina.project.workbench import BackendSettings, wheel_key
from lamina.pythons.finder import Pythons
from lamina.pythons.interpreter import Interpreter
from lamina.store.blobs import digest_of

if TYPE_CHECKING:
    from lamina.plan.contents import InLayer

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Built:
    """A wheel that was built, as the store remembers it."""

    version: str
    filename: str
    sha256: str
    size: int
    """In bytes."""
    glibc: int | None
    """See `needed_glibc`."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What is built, and how."""

    distribution: Distribution
    settings: BackendSettings

    @property
    def name(self) -> str:
        return self.distribution.name

    @property
    def title(self) -> str:
        version = self.distribution.version
        return self.name if version is None else f"{self.name} {version}"


class Builder:
    """Builds wheels for one target.

    The state is what is to be built and what was, by the hash that stands for it in the plan.
    """

    def __init__(
        self,
        workshop: Workshop,
        archives: Archives,
        building: Building,
        target: Target,
        versions: Mapping[str, str],
        told: Callable[[str], InLayer | None] = lambda hash_: None,
    ) -> None:
        """``versions`` are those that are installed; ``told`` gives what earlier images tell."""
        self._workshop = workshop
        self._archives = archives
        self._building = building
        self._target = target
        self._versions = versions
        self._told = told
        self._orders: dict[str, _Order] = {}
        self._built: dict[str, Built] = {}
        self._turns = threading.Semaphore(workshop.makers)

    def measure(self, distribution: Distribution) -> tuple[str, str, int]:
        """Return hash, version and size of a wheel; one of which nobody knows is built now.

        Raises `DoesNotFit` for one that was built and cannot be used.
        """
        identity = self.identity(distribution)
        if (told := self._told(identity)) is not None:
            return identity, told.version, told.size
        built = self._find(identity) or self._build(identity)
        return identity, built.version, built.size

    def identity(self, distribution: Distribution) -> str:
        """Return the hash of `measure`; an sdist whose own is not locked is read for it."""
        settings = self._building.settings(distribution.name, self._versions)
        identity = self._identity(distribution, settings)
        self._orders[identity] = _Order(distribution, settings)
        return identity

    def kept(self, identity: str) -> ReadyWheel | None:
        """Return a wheel that was built before and is still here."""
        built = self._find(identity)
        return None if built is None else self._ready(built)

    def build(self, identity: str) -> ReadyWheel:
        """Return a wheel that `measure` has seen, which is built now."""
        ready = self._ready(self._build(identity))
        assert ready is not None, "what was just built is here"
        return ready

    def interrupt(self) -> None:
        """End all builds."""
        self._workshop.backends.programs.interrupt()

    def _identity(self, distribution: Distribution, settings: BackendSettings) -> str:
        """Return what stands for a wheel: all that it is built of, and by what kind of machine."""
        artifact = distribution.artifact
        parts: dict[str, object] = {"name": distribution.name}
        if isinstance(artifact, Sdist):
            parts["sdist"] = self._archives.hash(artifact)
            parts["subdirectory"] = _inner(distribution) or None
        else:
            assert isinstance(artifact, Git), "a source tree has a layer of its own"
            parts["commit"] = artifact.commit
            parts["subdirectory"], parts["path"] = artifact.subdirectory, artifact.path
        platform = self._workshop.backends.pythons.running.platform
        return f"{BUILT}:{wheel_key(parts, settings, self._target.python_tag, platform)}"

    def _find(self, identity: str) -> Built | None:
        """Return what is known of a wheel that was built before, by this run or another."""
        built = self._built.get(identity)
        if built is None and (document := self._workshop.facts(_fact(identity))) is not None:
            built = _parse(document)
        if built is not None:
            self._check(identity, built)
        return built

    def _build(self, identity: str) -> Built:
        """Build a wheel and keep it; not more at a time than there are processors."""
        # Here, since most builds call none.
        from lamina.make.sources import Sources
        from lamina.make.symbols import needed_glibc

        order = self._orders[identity]
        with self._turns:
            self._workshop.observer.note(f"Building {order.title}")
            sources = Sources(
                order.distribution,
                _inner(order.distribution),
                order.title,
                self._workshop,
                self._archives,
            )
            made = sources.wheel(order.settings, lambda: self._interpreter)
        digest, size = digest_of(made), made.stat().st_size
        version = str(parse_wheel_filename(made.name)[1])
        built = Built(version, made.name, digest.hex, size, needed_glibc(made))
        self._workshop.store.blobs.adopt(made, digest)
        self._workshop.store.facts.put(_fact(identity), {"format": _FORMAT, **asdict(built)})
        self._built[identity] = built
        self._check(identity, built)
        return built

    def _check(self, identity: str, built: Built) -> None:
        title = self._orders[identity].title
        check_fits(title, built.filename, built.glibc, lambda: self._interpreter, self._target)

    def _ready(self, built: Built) -> ReadyWheel | None:
        path = self._workshop.store.blobs.kept(Digest("sha256", built.sha256))
        return None if path is None else ReadyWheel(path, built.filename)

    @cached_property
    def _interpreter(self) -> Interpreter:
        return builder_for(self._target, self._workshop.backends.pythons)


def builder_for(target: Target, pythons: Pythons) -> Interpreter:
    """Return the interpreter that builds for a target: one of its version, else Lamina's own.

    What another builds is taken only if it is pure Python.
    """
    return pythons.of_minor(target.python_tag) or pythons.running


def _inner(distribution: Distribution) -> str:
    """Return the path of what is meant within an sdist; empty for all of it."""
    source = distribution.source
    return (source.subdirectory or "") if isinstance(source, DirectUrl) else ""


def _fact(identity: str) -> str:
    return identity.partition(":")[2]


def _parse(document: Mapping[str, object]) -> Built | None:
    """Read what was kept; None for what another release wrote, or what is damaged."""
    match document:
        case {
            "format": int(format_),
            "version": str(version),
            "filename": str(filename),
            "sha256": str(sha256),
            "size": int(size),
            "glibc": int() | None as glibc,
        } if format_ == _FORMAT:
            return Built(version, filename, sha256, size, glibc)
        case _:
            return None
