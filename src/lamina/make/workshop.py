"""What all making needs: a store, a scratch folder, the network, somebody who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.observer import Observer
from lamina.project.program import Programs
from lamina.project.requirements import PackageIndexes
from lamina.pythons.finder import Pythons
from lamina.store.documents import Document
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.transport.protocol import Transport
from lamina.wheel.source import DEFAULT_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """How build backends are run."""

    pythons: Pythons
    indexes: PackageIndexes
    path: str
    """Where they find programs such as git or cc."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """The environment of git, by which it finds the user's keys and helpers."""
    programs: Programs = field(default_factory=Programs)
    """Runs all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where wheels are had: fetched, built, or kept from before.

    More is wanted for an image; see `lamina.make.image_workshop.ImageWorkshop`.
    """

    store: Store
    scratch: Scratch
    transport: Transport
    index_transport: Transport
    """Gives package indexes the user's credentials; nobody else is asked by it."""
    observer: Observer
    backends: Backends
    makers: int
    """How many layers, wheels or files are made at a time."""
    wheel_limit: int = DEFAULT_LIMIT
    """Of what one wheel may unpack to, in bytes."""
    is_fresh: bool = False
    """Whether all that the store knows is ignored; what is made anew takes its place."""

    def facts(self, name: str) -> Document | None:
        """Return what the store keeps of bases and requirements, by a digest in hex."""
        return None if self.is_fresh else self.store.facts.get(name)

    def interrupt(self) -> None:
        """End what other threads wait for: answers, and programs."""
        self.transport.interrupt()
        self.backends.programs.interrupt()
