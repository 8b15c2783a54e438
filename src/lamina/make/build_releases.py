"""What is pinned for build backends: what their trees name, and what they ask for then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lamina.errors import LaminaError
from lamina.make.source_trees import SourceTree
from lamina.make.tools import workbench_of
from lamina.make.workshop import Workshop
from lamina.pins.releases import PinnedRelease
from lamina.project.index_page import ACCEPT
from lamina.project.pinned import NotPinned
from lamina.project.releases import find_releases
from lamina.project.requirements import Pip, UnmetBuildRequirements, pin
from lamina.project.source import source_hash
from lamina.project.workbench import wheel_key
from lamina.pythons.interpreter import Interpreter
from lamina.transport.protocol import Request

_CHUNK = 1 << 18
_LARGEST = 1 << 26


@dataclass(frozen=True, slots=True)
class BackendReleases:
    """Finds the releases for the backends of some trees, of each project one for all."""

    trees: tuple[SourceTree, ...]
    """One at least."""
    interpreter: Interpreter
    """One that may build them; for what others need, see `find_releases`."""
    workshop: Workshop

    def find(self, preferred: Sequence[PinnedRelease]) -> tuple[PinnedRelease, ...]:
        """Return the releases as they are now: those that are preferred, where they still do."""
        named = self._find(self._named, preferred)
        more = self._more(named)
        return self._find([*self._named, *more], named) if more else named

    def keep(self, pinned: tuple[PinnedRelease, ...]) -> tuple[PinnedRelease, ...]:
        """Return what is pinned if it still is all that is needed; else what is, by `find`."""
        try:
            more = self._more(pinned)
            if more:
                self._pin([*self._named, *more], pinned)
        except (NotPinned, UnmetBuildRequirements):
            return self.find(pinned)
        return pinned

    @property
    def _named(self) -> list[str]:
        return [
            each
            for tree in self.trees
            for each in (*tree.subject.system.requires, *tree.settings.requires)
        ]

    @property
    def _constraints(self) -> Sequence[str]:
        return self.trees[0].settings.constraints  # They hold for all builds.

    def _find(
        self, requires: Sequence[str], preferred: Sequence[PinnedRelease]
    ) -> tuple[PinnedRelease, ...]:
        backends = self.workshop.backends
        pip = Pip(
            pip=backends.pythons.running,
            interpreter=self.interpreter,
            indexes=backends.indexes,
            programs=backends.programs,
            scratch=self.workshop.scratch.folder(),
        )
        return find_releases(
            requires, self._constraints, preferred, pip, page_reader(self.workshop)
        )

    def _more(self, pins: tuple[PinnedRelease, ...]) -> list[str]:
        return sorted({each for tree in self.trees for each in self._asked_for(tree, pins)})

    def _asked_for(self, tree: SourceTree, pins: tuple[PinnedRelease, ...]) -> list[str]:
        """Return what a backend asks for beside; it is asked once for each state of its tree."""
        settings = replace(tree.settings, pins=pins)
        hash_ = source_hash(tree.folder, tree.outputs, reads_history=tree.subject.reads_history)
        source = {"asks-for": tree.subject.name, "tree": hash_}
        key = wheel_key(source, settings, self.interpreter.version, self.interpreter.platform)
        match self.workshop.facts(key):
            case {"requires": [*requires]} if all(isinstance(each, str) for each in requires):
                return [str(each) for each in requires]
            case _:
                pass
        from lamina.project.backend import more_requirements  # Here, since it loads slowly.

        bench = workbench_of(self.workshop, self.interpreter)
        more = more_requirements(tree.folder, tree.subject, bench, settings, outputs=tree.outputs)
        self.workshop.store.facts.put(key, {"requires": more})
        return more

    def _pin(self, requires: Sequence[str], pins: tuple[PinnedRelease, ...]) -> None:
        bench = workbench_of(self.workshop, self.interpreter)
        pin(
            requires,
            self._constraints,
            pip=bench.pip,
            interpreter=bench.interpreter,
            indexes=bench.indexes,
            programs=bench.programs,
            store=bench.store,
            scratch=bench.scratch,
            pins=pins,
        )


def page_reader(workshop: Workshop) -> Callable[[str], bytes | None]:
    """Return what reads pages of indexes, each once; one that cannot be had is passed over.

    What pip found is pinned all the same, but not for other machines: there is a warning.
    """

    @cache
    def read(url: str) -> bytes | None:
        try:
            if urlsplit(url).scheme == "file":
                return Path(unquote(urlsplit(url).path)).read_bytes()
            return _fetch(url, workshop)
        except (LaminaError, OSError) as error:
            workshop.observer.warn(
                f"{error}; only the wheels that fit here are pinned of what is listed there"
            )
            return None

    return read


def _fetch(url: str, workshop: Workshop) -> bytes | None:
    request = Request("GET", url, {"Accept": ACCEPT})
    with workshop.index_transport.send(request) as response:
        if response.status != 200:
            return None
        data = bytearray()
        for piece in response.chunks(_CHUNK):
            data += piece
            if len(data) > _LARGEST:
                return None
        return bytes(data)
