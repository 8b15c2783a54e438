"""Buildah, and Podman with it: ``[1/2] STEP 3/8: RUN ...``, then its output as it is."""

from __future__ import annotations

import re

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Outcome, Step
from lamina.doctor.logs.sequence import Sequence

_STEP = re.compile(r"(?:\[(\d{1,6})/\d{1,6}\] )?STEP (\d{1,6})(?:/(\d{1,6}))?: (.*)")
_ID = re.compile(r"--> (?:Pushing cache |Cache pulled from |Using cache )?[0-9a-f]{11,64}$")
_FAILED = re.compile(r"[Ee]rror: (?:error )?building at STEP ")


class BuildahReader:
    """Reads the log of Buildah and of Podman. See `BuilderReader`."""

    builder = Builder.BUILDAH

    def __init__(self) -> None:
        self._sequence = Sequence()

    def feed(self, line: Line) -> bool:
        """See `BuilderReader.feed`."""
        text, sequence = line.text, self._sequence
        current = sequence.current
        if text.startswith(("STEP ", "[")) and (found := _STEP.match(text)):
            self._step(line, found)
        elif current is None:
            return False
        elif text.startswith("--> Using cache "):
            current.cached(line)
        elif text.startswith("--> ") and _ID.match(text):
            sequence.end(line, Outcome.RAN)
        elif _FAILED.match(text):
            current.signal(line)
            sequence.end(line, Outcome.FAILED)
        else:
            current.output(line)
        return True

    def _step(self, line: Line, found: re.Match[str]) -> None:
        stage, index, total, instruction = found.groups()
        self._sequence.end(line, Outcome.RAN)
        # Of several stages each counts from 1; older releases count on.
        if index == "1" and stage in (None, "1"):
            self._sequence.first()
        if instruction.startswith("COMMIT"):
            return
        self._sequence.begin(line, instruction, int(index), int(total) if total else None)

    def steps(self) -> list[Step]:
        """See `BuilderReader.steps`."""
        return self._sequence.steps()
