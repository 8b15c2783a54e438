"""kaniko: its own lines begin with a level and a time, those of what it runs do not."""

from __future__ import annotations

import re
from datetime import datetime

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Outcome, Step
from lamina.doctor.logs.sequence import Sequence

_OWN = re.compile(r"(?:INFO|WARN|ERRO|FATA|DEBU|TRAC)\[([0-9T:Z+.-]{1,40})\] (.*)")
_LOGFMT = re.compile(r'time="?([0-9T:Z+.-]{1,40})"? level=\w{1,10} msg="?(.*?)"?$')
_KEYWORDS = (
    "RUN ", "COPY ", "ADD ", "WORKDIR ", "ENV ", "ARG ", "USER ", "LABEL ", "EXPOSE ", "CMD ",
    "ENTRYPOINT ", "VOLUME ", "SHELL ", "STOPSIGNAL ", "HEALTHCHECK ", "ONBUILD ",
)  # fmt: skip
_BEGINS = ("Resolved base name ", "Retrieving image manifest ", "Building stage ")


class KanikoReader:
    """Reads the log of kaniko, and of its forks. See `BuilderReader`."""

    builder = Builder.KANIKO

    def __init__(self) -> None:
        self._sequence = Sequence()
        self._is_begun = self._is_running = False

    def feed(self, line: Line) -> bool:
        """See `BuilderReader.feed`."""
        found = _OWN.match(line.text) or (
            _LOGFMT.match(line.text) if line.text.startswith("time=") else None
        )
        if found is not None:
            return self._own(line, _seconds(found[1]), found[2].strip())
        current = self._sequence.current
        if line.text.startswith("error building image: "):
            if current is not None:
                current.signal(line)
            self._sequence.end(line, Outcome.FAILED)
        elif current is not None and current.outcome is Outcome.UNKNOWN:
            current.output(line)
        return self._is_begun

    def _own(self, line: Line, at: float | None, text: str) -> bool:
        sequence = self._sequence
        if not self._is_begun:
            if not text.startswith((*_BEGINS, *_KEYWORDS)):
                return False
            self._is_begun = True
        if text.startswith("Executing ") and text.endswith(" build triggers"):
            sequence.end(line, Outcome.RAN, at)
            sequence.current = None
            sequence.stage()
        elif text.startswith(_KEYWORDS):
            sequence.begin(line, text, at=at)
            self._is_running = not text.startswith("RUN ")
        elif sequence.current is not None:
            if text.startswith("Found cached layer"):
                sequence.current.cached(line)
            elif text.startswith(("Cmd: ", "cmd: ")):
                self._is_running = True
            elif text.startswith("Taking snapshot of") and self._is_running:
                # Before the first command, there is one of the base.
                sequence.end(line, Outcome.RAN, at)
            else:
                sequence.current.signal(line)
        return True

    def steps(self) -> list[Step]:
        """See `BuilderReader.steps`."""
        return self._sequence.steps()


def _seconds(text: str) -> float | None:
    """Return a time: kaniko counts seconds from its start, or writes the date.

    >>> _seconds("0046"), _seconds("2021-11-09T13:14:31Z") - _seconds("2021-11-09T13:14:30Z")
    (46.0, 1.0)
    """
    if text.isdigit():
        return float(text)
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
