"""What is proposed: settings, and a remark on each line that has no setting of its own."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.init.settings import Setting


@dataclass(frozen=True, slots=True)
class Remark:
    """What came of a line of a Dockerfile that no setting says."""

    line: int
    text: str
    why: str
    todo: str = ""
    """What is to be done about it; nothing, where a build does by itself what the line did."""
    packages: tuple[str, ...] = ()
    """Of the system, which it installs."""

    @property
    def is_left(self) -> bool:
        """Whether it has no equivalent."""
        return bool(self.todo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal for `[tool.lamina]`."""

    settings: tuple[Setting, ...]
    heading: str = ""
    """A comment at the head of the table."""
    remarks: tuple[Remark, ...] = ()
    """In the order of the file."""
    notes: tuple[str, ...] = ()
    """What is to be said of how it came about."""
