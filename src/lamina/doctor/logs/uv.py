"""What uv says: at its normal level by its sums, with ``-v`` for each distribution."""

from __future__ import annotations

import re

from lamina.doctor.logs.evidence import Evidence, Names
from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Install

_SUM = re.compile(r"(\d{1,9}) packages? in (.{1,40})")
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ns|us|\u00b5s|ms|s|m|h)(?: |$)")
_LASTS = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZED = re.compile(r"(\S{1,200}) \((\d{1,9}(?:\.\d{1,3})?)([KMGT]?i?B)\)")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_VERSION = re.compile(r"uv (\d{1,6}\.\d{1,6}\.\w{1,20})")
_MISS = ("Identified uncached distribution: ", "Identified uncached requirement: ")
_HIT = re.compile(
    r"(?:Registry requirement|URL wheel requirement|URL source requirement|Git source requirement"
    r"|Path wheel requirement|Path source requirement|Directory source requirement"
    r"|Source distribution requirement|Requirement) already cached: (.+)"
)
_PYTHONS = ("cpython-", "pypy-", "graalpy-", "pyodide-")


class UvOutput:
    """Counts what uv says. See `Recording.output`."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._hits, self._misses = Names(), Names()
        self._sizes: dict[str, int] = {}
        self._installed = self._prepared = self._built = 0
        self._seconds: float | None = None
        self._pending = 0
        """Prepared, and not installed so far as the log tells."""
        self._ends = 0
        self._evidence = Evidence()

    def take(self, line: Line) -> None:
        """See `Recording.output`."""
        word, _, rest = line.text.strip().partition(" ")
        if word == "DEBUG":
            self._debug(line, rest)
        elif word in ("Prepared", "Installed", "Downloaded", "Checked", "Audited"):
            self._sum(line, word, rest)
        elif word == "Downloading":
            self._download(line, rest)
        elif word == "Built":
            self._built += 1
        elif " DEBUG " in line.text:  # with -vv, times and modules come first
            self._debug(line, line.text.partition(" DEBUG ")[2])

    def _debug(self, line: Line, text: str) -> None:
        for start in _MISS:
            found = text.find(start)
            if found >= 0:
                self._misses.add(text[found + len(start) :])
                self._evidence.note("miss", line)
                return
        if "already cached: " in text and (hit := _HIT.search(text)):
            self._hits.add(hit[1])
            self._evidence.note("hit", line)
        elif text.startswith("No cache entry for: "):
            self._evidence.note("no entry", line)
        elif self._version is None and (version := _VERSION.match(text)):
            self._version = version[1]

    def _sum(self, line: Line, word: str, rest: str) -> None:
        found = _SUM.match(rest)
        if found is None:
            return
        count = int(found[1])
        if word in ("Prepared", "Downloaded"):  # the latter until uv 0.2
            self._prepared += count
            self._seconds = (self._seconds or 0) + _duration(found[2])
            self._pending += count
            self._evidence.note("prepared", line)
        elif word == "Installed":
            self._installed += count
            self._pending = 0
            self._ends += 1
            self._evidence.note("installed", line)
        else:
            self._ends += 1
            self._evidence.note("checked", line)

    def _download(self, line: Line, rest: str) -> None:
        found = _SIZED.match(rest)
        if found is None or found[3] not in _UNITS or found[1].startswith(_PYTHONS):
            return
        size = round(float(found[2]) * _UNITS[found[3]])
        if found[1] in self._sizes or len(self._sizes) < Names.MOST:
            self._sizes[found[1]] = size
        self._evidence.largest("download", line, size)

    def install(self) -> Install | None:
        """Return what uv did; None where it did nothing.

        Its sums are believed before the lines of ``-v``, which tell of what it needs to build, too.
        """
        told = len(self._hits) + len(self._misses)
        if not (self._ends or self._prepared or told or self._sizes or self._built):
            return None
        is_whole = bool(self._ends) and not self._pending
        installed = self._installed if is_whole else None
        if installed is None and told:
            installed = max(told, self._prepared)
        missed = self._prepared
        if not is_whole:
            missed = max(self._prepared, len(self._misses), len(self._sizes), self._built)
        return Install(
            tool="uv",
            version=self._version,
            installed=installed,
            missed=missed,
            built=min(self._built, missed),
            local=0,
            bytes=sum(self._sizes.values()),
            measured=len(self._sizes),
            seconds=self._seconds,
            is_whole=is_whole,
            knows_cache=True,
            evidence=self._evidence.lines(),
        )


def _duration(text: str) -> float:
    """Return a time as uv writes it.

    >>> _duration("334ms"), _duration("1m 02s")
    (0.334, 62.0)
    """
    return sum(float(amount) * _LASTS[unit] for amount, unit in _PART.findall(text))
