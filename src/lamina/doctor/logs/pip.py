"""What pip says."""

from __future__ import annotations

import re

from lamina.doctor.logs.evidence import Evidence, Names
from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Install

_FILE = re.compile(
    r"(\S{1,1000}?\.(?:whl|tar\.gz|zip|tar\.bz2|tgz))(?: \(([\d.]{1,12}) ?(\w{1,5})\))?$"
)
_UNITS = {"bytes": 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 10**6, "GB": 10**9}


class PipOutput:
    """Counts what pip says. See `Recording.output`."""

    def __init__(self) -> None:
        self._fetched, self._kept, self._local = Names(), Names(), Names()
        self._bytes = self._measured = 0
        self._announced = self._installed = self._ends = 0
        self._evidence = Evidence()

    def take(self, line: Line) -> None:
        """See `Recording.output`."""
        word, _, rest = line.text.strip().partition(" ")
        if word == "Downloading":
            self._download(line, rest)
        elif word == "Using" and rest.startswith("cached "):
            if found := _FILE.match(rest.removeprefix("cached ").strip()):
                self._kept.add(_name(found[1]))
                self._evidence.note("cached", line)
        elif word == "Processing":
            self._local.add(rest)
        elif word == "Installing" and rest.startswith("collected packages: "):
            self._announced += rest.count(",") + 1
            self._evidence.note("installing", line)
        elif word == "Successfully" and rest.startswith("installed "):
            self._installed += len(rest.split()) - 1
            self._ends += 1
            self._evidence.note("installed", line)

    def _download(self, line: Line, rest: str) -> None:
        found = _FILE.match(rest.strip())
        if found is None:
            return
        size = _size(found[2], found[3])
        before = len(self._fetched)
        self._fetched.add(_name(found[1]))
        if size is not None and len(self._fetched) > before:
            self._bytes += size
            self._measured += 1
        self._evidence.largest("download", line, size or 0)

    def install(self) -> Install | None:
        """Return what pip did; None where it did nothing. See `UvOutput.install`."""
        known = len(self._fetched) + len(self._kept) + len(self._local)
        if not (known or self._announced or self._installed):
            return None
        is_whole = bool(self._ends)
        missed = len(self._fetched)
        return Install(
            tool="pip",
            version=None,
            installed=self._installed if is_whole else self._announced or None,
            missed=missed,
            built=0,
            local=len(self._local),
            bytes=self._bytes,
            measured=self._measured,
            seconds=None,
            is_whole=is_whole,
            knows_cache=bool(known),
            evidence=self._evidence.lines(),
        )


def _name(file: str) -> str:
    """Return the file's name; older releases of pip write its URL, which may hold a secret."""
    return file.rpartition("/")[2]


def _size(amount: str | None, unit: str | None) -> int | None:
    try:
        return round(float(amount or "") * _UNITS[unit or ""])
    except (ValueError, KeyError):
        return None
