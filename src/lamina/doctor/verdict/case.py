"""What a verdict is made from: a build, and in it one step that installs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lamina.doctor.finding import Finding
from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Log, Outcome, Step
from lamina.doctor.subject import Subject
from lamina.doctor.verdict.model import Installing
from lamina.doctor.verdict.pairing import Place

_NOT_BEFORE = frozenset({"RUN", "COPY", "ADD"})
"""A fault in one of these is about nothing else."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A Dockerfile with what rules found in it."""

    subject: Subject
    findings: Sequence[Finding]
    is_shown: bool = False
    """Whether it is only what a log shows of one."""
    is_guess: bool = False
    """Whether that lacks instructions which decide where caches are."""


@dataclass(frozen=True, slots=True)
class Build:
    """One build of a log, its steps beside their places."""

    log: Log
    steps: tuple[Step, ...]
    places: tuple[Place | None, ...]

    def place(self, step: Step) -> Place | None:
        """Return where one of its steps is in the Dockerfile."""
        return self.places[self.steps.index(step)]


@dataclass(frozen=True, slots=True)
class Case:
    """A step that installs, in its build."""

    installing: Installing
    build: Build
    earlier: tuple[Installing, ...]
    """The same step in builds before, the latest last."""
    examined: Examined

    @property
    def ran(self) -> bool:
        """Whether it was carried out, to its end or as far as the log goes."""
        step = self.installing.step
        return step.outcome is Outcome.RAN or bool(step.installs and self.installing.trail)

    def findings(self, place: Place | None, codes: Collection[str]) -> Iterator[Finding]:
        """Give the faults of some kinds that are in an instruction, or in what it builds upon."""
        if place is None:
            return
        before = [
            step.instruction.span
            for step in place.stage.all_steps
            if step.instruction.span < place.instruction.span and step.name not in _NOT_BEFORE
        ]
        spans = [place.instruction.span, *before]
        for finding in self.examined.findings:
            if finding.code in codes and any(finding.span in span for span in spans):
                yield finding

    def evidence(self, *more: Line | None) -> tuple[Line, ...]:
        """Return the lines of the step that show what it did, and others, in their order."""
        lines = {line.number: line for line in (*self.installing.evidence, *more) if line}
        return tuple(lines[number] for number in sorted(lines))
