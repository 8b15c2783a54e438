"""The tools of a workshop: what fetches files, what runs build backends, and git."""

from __future__ import annotations

from lamina.make.kept import BackendStore, KeptFiles
from lamina.make.workshop import Workshop
from lamina.observer import Traffic
from lamina.project.checkout import GitProgram
from lamina.project.workbench import Workbench
from lamina.pythons.interpreter import Interpreter
from lamina.transport.protocol import Transport


def files_of(workshop: Workshop, traffic: Traffic, transport: Transport | None = None) -> KeptFiles:
    """Return what fetches files that are kept, by another transport if one is given."""
    store, scratch = workshop.store, workshop.scratch
    return KeptFiles(store, scratch, transport or workshop.transport, workshop.observer, traffic)


def workbench_of(workshop: Workshop, interpreter: Interpreter) -> Workbench:
    """Return what running a build backend with an interpreter needs."""
    backends = workshop.backends
    files = files_of(workshop, Traffic.OTHER, workshop.index_transport)
    return Workbench(
        store=BackendStore(workshop.store, files),
        pip=backends.pythons.running,
        interpreter=interpreter,
        indexes=backends.indexes,
        programs=backends.programs,
        scratch=workshop.scratch.folder(),
        path=backends.path,
    )


def git_of(workshop: Workshop) -> GitProgram:
    """Return the git of this machine."""
    return GitProgram(workshop.backends.programs, workshop.backends.environ)
