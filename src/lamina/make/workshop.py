"""What all making needs: a store, a scratch folder, the network, somebody who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lamina.archive.entry import Entry
from lamina.make.compiling import Compiling
from lamina.make.kept import BackendStore, KeptFiles
from lamina.observer import Observer, Traffic
from lamina.oci.blob import DamagedBlob
from lamina.oci.digest import Digest
from lamina.oci.reference import Reference
from lamina.plan.contents import OurLayer
from lamina.plan.key import Recipe
from lamina.plan.plan import LayerPlan
from lamina.plan.reasons import Earlier, reasons, unreadable
from lamina.project.checkout import GitProgram
from lamina.project.program import Programs
from lamina.project.requirements import PackageIndexes
from lamina.project.workbench import Workbench
from lamina.pythons.finder import Pythons
from lamina.pythons.interpreter import Interpreter
from lamina.registry.client import Repository
from lamina.reuse.known import Known
from lamina.reuse.reused import ReusedLayer
from lamina.store.documents import Document
from lamina.store.layers import StoredLayer
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.transport.protocol import Transport
from lamina.wheel.file import DEFAULT_LIMIT

Pull = Callable[[str, str, Traffic], Repository]
Make = Callable[[LayerPlan, Iterable[Entry], Store, Scratch], StoredLayer]


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

    @property
    def git(self) -> GitProgram:
        """The git of this machine."""
        return GitProgram(self.programs, self.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where a build is done."""

    store: Store
    scratch: Scratch
    transport: Transport
    index_transport: Transport
    """Gives package indexes the user's credentials; nobody else is asked by it."""
    observer: Observer
    backends: Backends
    makers: int
    """How many layers are made at a time."""
    pull: Pull
    """Gives a repository to read from, and counts what comes of it as traffic of that kind."""
    known: Known
    """What earlier images in registries tell."""
    compiling: Compiling
    """What compiles, where bytecode is wanted."""
    wheel_limit: int = DEFAULT_LIMIT
    """Of what one wheel may unpack to, in bytes."""
    resolved: dict[Reference, Digest] = field(default_factory=dict)
    """What the names of bases led to: asked once, so that all platforms stand on one release."""
    is_fresh: bool = False
    """Whether all that the store knows is ignored; what is made anew takes its place."""

    def had(self, plan: LayerPlan) -> OurLayer | None:
        """Return the layer if the store has it, or a registry; a damaged one is missing."""
        return self.had_all([plan])[plan]

    def had_all(self, plans: Sequence[LayerPlan]) -> dict[LayerPlan, OurLayer | None]:
        """Return for each layer what `had` would; a registry is asked for many at a time."""
        found: dict[LayerPlan, OurLayer | None] = {plan: self._stored(plan) for plan in plans}
        missing = [plan for plan in plans if found[plan] is None]
        self.known.look_for(missing, plans)
        self.known.ask(missing)
        for plan in missing:
            layer = found[plan] = self.known.layer(plan)
            if layer is not None:
                self.observer.reused(plan, f"`{layer.repository.shown}`")
        return found

    def lacks_any(self, plans: Sequence[LayerPlan]) -> bool:
        """Say whether a layer is missing, as far as that shows without looking at its bytes."""
        missing = [plan for plan in plans if self.is_fresh or not self.store.layers.has(plan.key)]
        self.known.look_for(missing, plans)
        return not all(self.known.tells_of(plan) for plan in missing)

    def believed(self, plans: Sequence[LayerPlan]) -> dict[LayerPlan, OurLayer | None]:
        """Return the layers that `had_all` gives, without those that would have to be verified."""
        found = self.had_all(plans)
        return {
            plan: None if isinstance(layer, ReusedLayer) and not layer.is_believed else layer
            for plan, layer in found.items()
        }

    def why(
        self, missing: Iterable[LayerPlan], recipe: Recipe
    ) -> dict[LayerPlan, Mapping[str, str]]:
        """Return for each distribution of missing layers, by its name, why its layer is missing."""
        images = self.known.earlier()
        store = [
            Earlier(contents.distributions, recipe)
            for contents, recipe in self.store.layers.contents()
        ]
        return {
            plan: unreadable(plan)
            if self.known.was_unreadable(plan)
            else reasons(plan, recipe, images, store)
            for plan in missing
        }

    def forget(self, layer: OurLayer) -> None:
        """Do not have a layer again that turned out damaged."""
        if isinstance(layer, StoredLayer):
            self.store.layers.forget(layer)
        elif isinstance(layer, ReusedLayer):
            self.known.forget(layer)

    def facts(self, name: str) -> Document | None:
        """Return what the store keeps of bases and requirements, by a digest in hex."""
        return None if self.is_fresh else self.store.facts.get(name)

    def _stored(self, plan: LayerPlan) -> StoredLayer | None:
        if self.is_fresh:
            return None
        try:
            layer = self.store.layers.get(plan.key)
        except DamagedBlob as error:
            self.observer.warn(f"{error}; it is made again: {plan.title}")
            return None
        if layer is not None:
            self.observer.reused(plan, "the store")
        return layer

    def make(self, plan: LayerPlan, make: Make, entries: Iterable[Entry]) -> StoredLayer:
        """Make a layer of generated content."""
        self.observer.making(plan)
        layer = make(plan, entries, self.store, self.scratch)
        self.observer.made(plan, layer.written.size)
        return layer

    def workbench(self, interpreter: Interpreter) -> Workbench:
        """Return what running a build backend with an interpreter needs."""
        files = replace(self.files(Traffic.OTHER), transport=self.index_transport)
        return Workbench(
            store=BackendStore(self.store, files),
            pip=self.backends.pythons.running,
            interpreter=interpreter,
            indexes=self.backends.indexes,
            programs=self.backends.programs,
            scratch=self.scratch.folder(),
            path=self.backends.path,
        )

    def interrupt(self) -> None:
        """End what other threads wait for: answers, and programs."""
        self.transport.interrupt()
        self.backends.programs.interrupt()

    def files(self, traffic: Traffic) -> KeptFiles:
        """Return what fetches files that are kept."""
        return KeptFiles(self.store, self.scratch, self.transport, self.observer, traffic)
