"""BuildKit as it draws on a terminal, copied from there or captured with each redrawing.

A step's row comes again at each redrawing, and the last one counts. Names are cut where the
terminal ended.
"""

from __future__ import annotations

import re

from lamina.doctor.logs.buildkit import pulled_layer
from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Outcome, Step
from lamina.doctor.logs.recording import Recording, Recordings

_HEAD = "[+] Building "
_SECONDS = re.compile(r"\d{1,9}\.\d{1,3}s$")
_EXCERPT = re.compile(r"(?:#\d{1,6} )?\d{1,9}\.\d{1,6} (.*)")
_MOST_LINES = 100_000


class TtyReader:
    """Reads the form of a terminal. See `BuilderReader`."""

    builder = Builder.BUILDKIT

    def __init__(self) -> None:
        self._all = Recordings()
        self._current: Recording | None = None
        self._build = 0
        self._seen: set[tuple[int, str]] = set()
        self._is_finished = self._is_excerpt = False

    def feed(self, line: Line) -> bool:
        """See `BuilderReader.feed`."""
        text = line.text.rstrip()
        if text.startswith(_HEAD):
            self._head(text)
        elif text.startswith((" => => ", "=> => ")):
            self._below(line, text.lstrip().removeprefix("=> => "))
        elif text.startswith((" => ", "=> ")):
            return self._row(line, text.lstrip().removeprefix("=> "))
        elif not len(self._all):
            return False
        elif text.startswith(" > [") and text.endswith(":"):
            self._current = self._row_of(text[3:-1])
            self._is_excerpt = True
        elif text.startswith("------"):
            self._is_excerpt = False
        elif self._is_excerpt and (found := _EXCERPT.match(text)):
            self._output(line, found[1])
        else:
            return False
        return True

    def _row_of(self, name: str) -> Recording | None:
        """Return the step that an excerpt of its output names, not cut there."""
        return next((row for cut, row in self._all.current() if name.startswith(cut)), None)

    def _head(self, text: str) -> None:
        if self._is_finished and "FINISHED" not in text:
            self._all.forget()
            self._build += 1
            self._is_finished = False
        self._is_finished = self._is_finished or "FINISHED" in text

    def _row(self, line: Line, text: str) -> bool:
        name, _, last = text.rpartition(" ")
        if not _SECONDS.match(last):
            return False
        name = name.strip()
        mark, _, rest = name.partition(" ")
        if mark in ("CACHED", "ERROR", "CANCELED"):
            name = rest.strip()
        recording = self._all.get(name) or self._all.add(name, line, name, self._build)
        self._current = recording
        if mark == "CACHED":
            recording.cached(line)
        else:
            outcome = Outcome.FAILED if mark == "ERROR" else Outcome.RAN
            outcome = Outcome.UNKNOWN if mark == "CANCELED" else outcome
            recording.ended(line, outcome, float(last[:-1]))
        return True

    def _below(self, line: Line, text: str) -> None:
        if self._current is None:
            return
        if text.startswith("# "):
            self._output(line, text[2:])
        elif layer := pulled_layer(text):
            self._current.layer(*layer)

    def _output(self, line: Line, text: str) -> None:
        seen = (id(self._current), text)
        if self._current is None or seen in self._seen or len(self._seen) >= _MOST_LINES:
            return
        self._seen.add(seen)
        self._current.output(Line(line.number, text, line.stamp))

    def steps(self) -> list[Step]:
        """See `BuilderReader.steps`."""
        return self._all.steps()
