"""What poetry says: how much it installs, and nothing of its cache."""

from __future__ import annotations

import re

from lamina.doctor.logs.evidence import Evidence, Names
from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Install

_OPERATIONS = re.compile(r"Package operations: (\d{1,6}) installs?, (\d{1,6}) updates?")
_INSTALLING = re.compile(r"[-\u2022*] (?:Installing|Updating) (\S{1,200}) \(")


class PoetryOutput:
    """Counts what poetry says. See `Recording.output`."""

    def __init__(self) -> None:
        self._announced: int | None = None
        self._installed = Names()
        self._evidence = Evidence()

    def take(self, line: Line) -> None:
        """See `Recording.output`."""
        text = line.text.strip()
        if text.startswith("Package operations: ") and (found := _OPERATIONS.match(text)):
            self._announced = (self._announced or 0) + int(found[1]) + int(found[2])
            self._evidence.note("operations", line)
        elif self._announced is not None and (found := _INSTALLING.match(text)):
            self._installed.add(found[1])
            self._evidence.note("installing", line)

    def install(self) -> Install | None:
        """Return what poetry did; None where it did nothing. See `UvOutput.install`."""
        if self._announced is None:
            return None
        return Install(
            tool="poetry",
            version=None,
            installed=self._announced,
            missed=0,
            built=0,
            local=0,
            bytes=0,
            measured=0,
            seconds=None,
            is_whole=len(self._installed) >= self._announced,
            knows_cache=False,
            evidence=self._evidence.lines(),
        )
