"""What all making needs: a store, a scratch folder, the network, somebody who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lamina.archive.entry import Entry
from lamina.make.kept import BackendStore, KeptFiles
from lamina.observer import Observer, Traffic
from lamina.oci.blob import DamagedBlob
from lamina.plan.plan import LayerPlan
from lamina.project.backend import Workbench
from lamina.project.requirements import Interpreter, PackageIndexes
from lamina.store.layers import StoredLayer
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.transport import Transport
from lamina.wheel.file import DEFAULT_LIMIT

Make = Callable[[LayerPlan, Iterable[Entry], Store, Scratch], StoredLayer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """How build backends are run."""

    interpreter: Interpreter
    indexes: PackageIndexes
    path: str
    """Where they find programs such as git or cc."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where a build is done."""

    store: Store
    scratch: Scratch
    transport: Transport
    observer: Observer
    backends: Backends
    makers: int
    """How many layers are made at a time."""
    wheel_limit: int = DEFAULT_LIMIT
    """Of what one wheel may unpack to, in bytes."""

    def had(self, plan: LayerPlan) -> StoredLayer | None:
        """Return the layer if the store has it; one that is found damaged counts as missing."""
        try:
            layer = self.store.layers.get(plan.key)
        except DamagedBlob as error:
            self.observer.warn(f"{error}; it is made again: {plan.title}")
            return None
        if layer is not None:
            self.observer.reused(plan)
        return layer

    def make(self, plan: LayerPlan, make: Make, entries: Iterable[Entry]) -> StoredLayer:
        """Make a layer of generated content."""
        self.observer.making(plan)
        layer = make(plan, entries, self.store, self.scratch)
        self.observer.made(plan, layer.written.size)
        return layer

    def workbench(self) -> Workbench:
        """Return what running a build backend needs."""
        files = self.files(Traffic.OTHER)
        return Workbench(
            store=BackendStore(self.store, files),
            interpreter=self.backends.interpreter,
            indexes=self.backends.indexes,
            scratch=self.scratch.folder(),
            path=self.backends.path,
        )

    def files(self, traffic: Traffic) -> KeptFiles:
        """Return what fetches files that are kept."""
        return KeptFiles(self.store, self.scratch, self.transport, self.observer, traffic)
