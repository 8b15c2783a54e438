"""BuildKit with ``--progress=rawjson``: a document a line, of steps, their states and output."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Outcome, Step
from lamina.doctor.logs.recording import Recordings

_KEYS = ("vertexes", "statuses", "logs", "warnings")


class JsonReader:
    """Reads the form for programs. See `BuilderReader`."""

    builder = Builder.BUILDKIT

    def __init__(self) -> None:
        self._all = Recordings()

    def feed(self, line: Line) -> bool:
        """See `BuilderReader.feed`."""
        if not line.text.startswith("{"):
            return False
        try:
            document = json.loads(line.text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(document, dict) or not any(key in document for key in _KEYS):
            return False
        for vertex in _tables(document, "vertexes"):
            self._vertex(line, vertex)
        for status in _tables(document, "statuses"):
            self._status(status)
        for log in _tables(document, "logs"):
            self._log(line, log)
        return True

    def _vertex(self, line: Line, vertex: Mapping[str, object]) -> None:
        digest, name = _text(vertex, "digest"), _text(vertex, "name")
        recording = self._all.get(digest) or self._all.add(digest, line, name)
        seconds = _seconds(_text(vertex, "started"), _text(vertex, "completed"))
        if vertex.get("cached") is True:
            recording.cached(line)
        elif error := _text(vertex, "error"):
            recording.ended(line, Outcome.FAILED, seconds)
            recording.signal(Line(line.number, error))
        elif seconds is not None:
            recording.ended(line, Outcome.RAN, seconds)

    def _status(self, status: Mapping[str, object]) -> None:
        recording, name = self._all.get(_text(status, "vertex")), _text(status, "id")
        total = status.get("total")
        if recording is not None and name.startswith("sha256:") and isinstance(total, int):
            recording.layer(name, total)

    def _log(self, line: Line, log: Mapping[str, object]) -> None:
        recording = self._all.get(_text(log, "vertex"))
        if recording is None:
            return
        try:
            text = base64.b64decode(_text(log, "data")).decode(errors="replace")
        except (binascii.Error, ValueError):
            return
        for each in text.splitlines():
            recording.output(Line(line.number, each))

    def steps(self) -> list[Step]:
        """See `BuilderReader.steps`."""
        return self._all.steps()


def _tables(document: Mapping[str, object], key: str) -> Iterator[Mapping[str, object]]:
    found = document.get(key)
    return (
        (each for each in found if isinstance(each, dict)) if isinstance(found, list) else iter(())
    )


def _text(table: Mapping[str, object], key: str) -> str:
    found = table.get(key)
    return found if isinstance(found, str) else ""


def _seconds(started: str, completed: str) -> float | None:
    try:
        taken = datetime.fromisoformat(completed) - datetime.fromisoformat(started)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, taken.total_seconds())
