"""What the readers of builders' logs have in common."""

from __future__ import annotations

from typing import Protocol

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Builder, Step


class BuilderReader(Protocol):
    """Reads the log of one builder, a line at a time."""

    builder: Builder

    def feed(self, line: Line) -> bool:
        """Take a line; False if it is none of this builder's, and nothing has changed then.

        The first reader that takes a line has the log from then on.
        """
        ...

    def steps(self) -> list[Step]:
        """Return the steps that were read, in the order in which they are named."""
        ...
