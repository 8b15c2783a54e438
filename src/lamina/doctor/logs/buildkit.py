"""BuildKit with ``--progress=plain``, old and new: steps are numbered, and their lines mixed."""

from __future__ import annotations

import re

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Outcome, Step
from lamina.doctor.logs.recording import Recording, Recordings

_NUMBERED = re.compile(r"#(\d{1,6})(?: (.*))?$")
_OUTPUT = re.compile(r"\d{1,9}\.\d{1,6}(?: (.*))?$")
_DONE = re.compile(r"DONE (\d{1,9}(?:\.\d{1,6})?)s")
_PULLED = re.compile(
    r"(?:sha256:)?([0-9a-f]{12,64}) \S{1,20} / (\d{1,9}(?:\.\d{1,6})?)([kMGT]?B)(?: |$)"
)
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}$")
_BEGINNINGS = (
    "[", "building with ", "resolve image config ", "importing cache ", "transferring ", "sha256:",
    "exporting ", "docker-image://",
)  # fmt: skip
"""By which a log is known: `#1` begins other lines, too."""


class PlainReader:
    """Reads the plain form. See `BuilderReader`."""

    builder = Builder.BUILDKIT

    def __init__(self) -> None:
        self._all = Recordings()
        self._build = 0

    def feed(self, line: Line) -> bool:
        """See `BuilderReader.feed`."""
        found = _NUMBERED.match(line.text) if line.text.startswith("#") else None
        if found is None:
            return False
        number, text = found[1], found[2] or ""
        if self._is_next_build(number, text):
            self._all.forget()
            self._build += 1
        recording = self._all.get(number)
        if recording is None:
            return self._first(number, text, line)
        if not recording.name and _is_name(text):
            recording.named(text)
        elif text != recording.name:
            self._told(recording, text, line)
        return True

    def _is_next_build(self, number: str, text: str) -> bool:
        """Whether the numbers begin anew.

        Names are repeated where the lines of steps are mixed; that of the first step is not, once
        instructions are carried out.
        """
        recording = self._all.get(number)
        if recording is None or not recording.name or not _is_name(text):
            return False
        if text != recording.name:
            return True
        return number in ("0", "1") and any(each.index for _, each in self._all.current())

    def _first(self, number: str, text: str, line: Line) -> bool:
        """Take the first line with a number: a name, unless the log begins in the midst of it."""
        if not len(self._all) and not text.startswith(_BEGINNINGS) and _OUTPUT.match(text) is None:
            return False
        is_told = _is_told(text)
        recording = self._all.add(number, line, "" if is_told else text, self._build)
        if is_told:
            self._told(recording, text, line)
        return True

    @staticmethod
    def _told(recording: Recording, text: str, line: Line) -> None:
        if output := _OUTPUT.match(text):
            recording.output(Line(line.number, output[1] or "", line.stamp))
        elif text == "CACHED":
            recording.cached(line)
        elif done := _DONE.match(text):
            recording.ended(line, Outcome.RAN, float(done[1]))
        elif text.startswith("ERROR"):
            recording.ended(line, Outcome.FAILED)
            recording.signal(line)
        elif text == "CANCELED":
            recording.ended(line, Outcome.UNKNOWN)
        elif layer := pulled_layer(text):
            recording.layer(*layer)

    def steps(self) -> list[Step]:
        """See `BuilderReader.steps`."""
        return self._all.steps()


def pulled_layer(text: str) -> tuple[str, int] | None:
    """Return digest and size of a layer that is being pulled, where a line tells of one.

    >>> pulled_layer("sha256:0123456789abcdef 3.15MB / 29.13MB 0.2s")
    ('0123456789abcdef', 29130000)
    """
    if found := _PULLED.match(text):
        return found[1], round(float(found[2]) * _UNITS[found[3]])
    return None


def _is_name(text: str) -> bool:
    return text.startswith(("[", "building with "))


def _is_told(text: str) -> bool:
    return (
        text in ("CACHED", "CANCELED", "...", "")
        or text.startswith(("DONE ", "ERROR"))
        or _OUTPUT.match(text) is not None
        or _DIGEST.match(text) is not None
    )
