"""Buildah, and Podman with it: ``[1/2] STEP 3/8: RUN ...``, then its output as it is."""

from __future__ import annotations

import re

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Outcome, Step
from lamina.doctor.logs.recording import Recording
from lamina.doctor.logs.sequence import Sequence

_STEP = re.compile(r"(?:\[(\d{1,6})/\d{1,6}\] )?STEP (\d{1,6})(?:/(\d{1,6}))?: (.*)")
_ID = re.compile(r"--> (?:Pushing cache |Cache pulled from |Using cache )?[0-9a-f]{11,64}$")
_FAILED = re.compile(r"[Ee]rror: (?:error )?building at STEP ")


class BuildahReader:
    """Reads the log of Buildah and of Podman. See `BuilderReader`.

    Stages take turns: a step that waits for another stage is told first, and what became of it
    after the steps of that stage.
    """

    builder = Builder.BUILDAH

    def __init__(self) -> None:
        self._sequence = Sequence()
        self._stage: str | None = None
        self._seen: set[str | None] = set()
        self._waiting: dict[str | None, Recording] = {}
        self._told = False

    def feed(self, line: Line) -> bool:
        """See `BuilderReader.feed`."""
        text, sequence = line.text, self._sequence
        if text.startswith(("STEP ", "[")) and (found := _STEP.match(text)):
            self._step(line, found)
        elif sequence.current is None:
            return False
        elif text.startswith("--> ") and _ID.match(text):
            self._result(line)
        elif _FAILED.match(text):
            sequence.current.signal(line)
            sequence.end(line, Outcome.FAILED)
        else:
            sequence.current.output(line)
        return True

    def _step(self, line: Line, found: re.Match[str]) -> None:
        stage, index, total, instruction = found.groups()
        if index == "1" and stage in self._seen:
            self._another_build(line)
        self._turn_to(stage)
        if instruction.startswith("COMMIT"):
            self._sequence.end(line, Outcome.RAN)
            return
        self._told = False
        # Of several stages each counts from 1; older releases count on.
        number = None if stage is None else int(stage) - 1
        self._sequence.begin(
            line, instruction, int(index), int(total) if total else None, stage=number
        )

    def _another_build(self, line: Line) -> None:
        self._sequence.end(line, Outcome.RAN)
        self._sequence.first()
        self._seen.clear()
        self._waiting.clear()

    def _turn_to(self, stage: str | None) -> None:
        """Let the step at hand wait, if it is another stage's and nothing was told of its end."""
        current = self._sequence.current
        if current is not None and stage != self._stage and not self._told:
            self._waiting[self._stage] = current
        self._waiting.pop(stage, None)
        self._seen.add(stage)
        self._stage = stage

    def _result(self, line: Line) -> None:
        """Take what became of the step at hand or, where that is told, of one that waited."""
        if self._told and self._waiting:
            self._sequence.current = self._waiting.pop(self._next())
        current = self._sequence.current
        if line.text.startswith("--> Using cache ") and current is not None:
            current.cached(line)
            self._told = False
        else:
            self._sequence.end(line, Outcome.RAN)
            self._told = True

    def _next(self) -> str | None:
        """Return the stage that waited for the one at hand, or else the last that began to."""
        current = self._sequence.current
        source = f"--from={current.stage} " if current is not None else ""
        waiting = reversed(self._waiting.items())
        stages = [stage for stage, each in waiting if source in each.instruction]
        return stages[0] if stages else next(reversed(self._waiting))

    def steps(self) -> list[Step]:
        """See `BuilderReader.steps`."""
        return self._sequence.steps()
