"""Remarks as they are collected, each on a line of the Dockerfile."""

from __future__ import annotations

from lamina.dockerfile.text import Source, Span
from lamina.init.draft import Remark

_WIDTH = 60


class Remarks:
    """Collects what is said of lines."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: list[tuple[Span, Remark]] = []

    def covered(self, span: Span, why: str) -> None:
        """Say that a line is not needed, or that a build does by itself what it did."""
        self.on(span, why)

    def left(self, span: Span, why: str, todo: str, packages: tuple[str, ...] = ()) -> None:
        """Say that a line has no equivalent."""
        self.on(span, why, todo, packages)

    def line(self, span: Span) -> int:
        """Return the line that a place is in."""
        return self._source.place(span).line

    def in_order(self) -> tuple[Remark, ...]:
        """Return all remarks in the order of the file."""
        return tuple(remark for _, remark in sorted(self._found, key=lambda each: each[0]))

    def on(self, span: Span, why: str, todo: str = "", packages: tuple[str, ...] = ()) -> None:
        """Say either, by whether there is something to be done."""
        line = self.line(span)
        text = _shortened(self._source.text[span.start : span.end])
        self._found.append((span, Remark(line, text, why, todo, packages)))


def _shortened(text: str) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.replace("\\\n", " ").replace("\\\r\n", " ").split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3].rstrip()}..."
