"""Builders that take one step after another, and let its program write as it likes."""

from __future__ import annotations

import re

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Outcome, Step
from lamina.doctor.logs.recording import Recording, Recordings

_FROM = re.compile(r"FROM (?:--\S{1,200} ){0,3}\S{1,1000} as (\S{1,200})", re.IGNORECASE)


class Sequence:
    """The steps so far, and the one whose output comes now.

    What a step takes is the time to the next one, where the lines have times.
    """

    def __init__(self) -> None:
        self.current: Recording | None = None
        self._all = Recordings()
        self._build = 0
        self._stages = 0
        self._stage: str | None = None
        self._names: dict[int, str] = {}
        self._began: float | None = None

    def first(self) -> None:
        """Begin a build; what was read so far was another one."""
        self.current = None
        self._build += 1 if len(self._all) else 0
        self._stages, self._stage = 0, None
        self._names.clear()

    def stage(self, name: str | None = None, number: int | None = None) -> None:
        """Begin a stage: the next one, or where the builder tells it, that of a number from 0."""
        number = self._stages if number is None else number
        self._stage = self._names[number] = name or f"stage-{number}"
        self._stages += 1

    def begin(
        self,
        line: Line,
        instruction: str,
        index: int | None = None,
        total: int | None = None,
        at: float | None = None,
        stage: int | None = None,
    ) -> None:
        """End the step before, and begin one, at a time that the line may tell by itself.

        Where stages take turns, the builder tells the number of the step's stage, from 0.
        """
        self.end(line, Outcome.RAN, at)
        if instruction.upper().startswith("FROM "):
            found = _FROM.match(instruction)
            self.stage(found[1] if found else None, stage)
        elif stage is not None:
            self._stage = self._names.get(stage)
        self.current = self._all.add("", line, instruction, self._build)
        self.current.stage, self.current.index, self.current.total = self._stage, index, total
        self._began = at if at is not None else line.at

    def end(self, line: Line, outcome: Outcome, at: float | None = None) -> None:
        """End the step at hand, unless it has ended."""
        if self.current is None or self.current.outcome in (Outcome.RAN, Outcome.FAILED):
            return
        now = at if at is not None else line.at
        seconds = None if now is None or self._began is None else max(0.0, now - self._began)
        self.current.ended(line, outcome, seconds)

    def steps(self) -> list[Step]:
        """Return the steps that were read."""
        return self._all.steps()
