"""Docker's classic builder: ``Step 3/8 : RUN ...``, then its output as it is."""

from __future__ import annotations

import re

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Outcome, Step
from lamina.doctor.logs.sequence import Sequence

_STEP = re.compile(r"Step (\d{1,6})(?:/(\d{1,6}))? ?: (.*)")
_FAILED = "returned a non-zero code: "


class ClassicReader:
    """Reads the classic form. See `BuilderReader`."""

    builder = Builder.CLASSIC

    def __init__(self) -> None:
        self._sequence = Sequence()

    def feed(self, line: Line) -> bool:
        """See `BuilderReader.feed`."""
        text, sequence = line.text, self._sequence
        current = sequence.current
        if text.startswith("Step ") and (found := _STEP.match(text)):
            if found[1] == "1":
                sequence.end(line, Outcome.RAN)
                sequence.first()
            sequence.begin(line, found[3], int(found[1]), int(found[2]) if found[2] else None)
        elif current is None:
            return False
        elif text == " ---> Using cache":
            current.cached(line)
        elif text.startswith("Successfully built "):
            sequence.end(line, Outcome.RAN)
        elif text.startswith("The command '") and _FAILED in text:
            sequence.end(line, Outcome.FAILED)
        elif not text.startswith((" ---> ", "Removing intermediate container ")):
            current.output(line)
        return True

    def steps(self) -> list[Step]:
        """See `BuilderReader.steps`."""
        return self._sequence.steps()
