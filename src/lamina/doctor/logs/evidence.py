"""The few lines that are quoted, and names that are only counted."""

from __future__ import annotations

from lamina.doctor.logs.line import Line


class Names:
    """Different names; so many as no lock has are enough."""

    MOST = 100_000

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, name: str) -> None:
        """Count a name, once."""
        if len(self._names) < self.MOST:
            self._names.add(name)

    def __len__(self) -> int:
        return len(self._names)


class Evidence:
    """For each kind of line the first one, or the one with the largest number in it."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._sizes: dict[str, int] = {}

    def note(self, kind: str, line: Line) -> None:
        """Keep a line unless there is one of its kind."""
        self._lines.setdefault(kind, line)

    def largest(self, kind: str, line: Line, size: int) -> None:
        """Keep a line in place of one whose size is smaller."""
        if size > self._sizes.get(kind, -1):
            self._lines[kind], self._sizes[kind] = line, size

    def lines(self) -> tuple[Line, ...]:
        """Return what was kept, in the order of the log."""
        return tuple(sorted(self._lines.values(), key=lambda line: line.number))
