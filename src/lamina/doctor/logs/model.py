"""What a log says, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from lamina.doctor.logs.line import Line


class Builder(Enum):
    """Who wrote the log; the value is how people call it."""

    BUILDKIT = "BuildKit"
    CLASSIC = "Docker's classic builder"
    BUILDAH = "Buildah"
    KANIKO = "kaniko"
    NONE = "no builder"


class Outcome(Enum):
    """What became of a step."""

    CACHED = "cached"
    RAN = "ran"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The log ends, or was cut, before it is told."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A line that says by itself what is wrong; ``code`` is the one of the catalogue of rules."""

    code: str
    line: Line


@dataclass(frozen=True, slots=True)
class Install:
    """What one installer did in one step: distributions, and where they came from."""

    tool: str
    """``uv``, ``pip`` or ``poetry``."""
    version: str | None
    installed: int | None
    """How many were installed, or would be; None where the log does not tell."""
    missed: int
    """How many the installer's cache did not have: downloaded, or built."""
    built: int
    """Of the missed ones, built from sources."""
    local: int
    """How many were files at hand, and so neither downloaded nor cached."""
    bytes: int
    """Downloaded, as far as told."""
    measured: int
    """How many downloads are told with their size."""
    seconds: float | None
    """What downloading and building took, where it is told."""
    is_whole: bool
    """The log has the end of it; else there may be more than what is counted here."""
    knows_cache: bool
    """The log tells downloads from the cache; poetry's does not."""
    evidence: tuple[Line, ...]
    """A few lines that show it, in the order of the log."""

    @property
    def fetched(self) -> int:
        """How many were downloaded."""
        return max(0, self.missed - self.built)

    @property
    def from_cache(self) -> int | None:
        """How many the installer had already; None where that cannot be known."""
        if self.installed is None or not self.knows_cache:
            return None
        return max(0, self.installed - self.missed - self.local)

    @property
    def has_all_bytes(self) -> bool:
        """Whether ``bytes`` are those of all downloads, and no lower bound."""
        return self.is_whole and self.measured >= self.fetched


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a build: an instruction, or what the builder does beside them."""

    line: Line
    """Where the log names it."""
    build: int
    """Which build of the log it belongs to, from 0."""
    scope: str
    """The platform, or the service, where the log is of several; else empty."""
    stage: str | None
    index: int | None
    total: int | None
    """As in ``[builder 3/6]``; ``index`` counts from 1."""
    instruction: str
    """As the log writes it, perhaps cut: ``RUN uv sync --frozen``."""
    outcome: Outcome
    told: Line | None
    """The line that tells the outcome."""
    seconds: float | None
    pulled: int
    """Bytes of layers that were pulled for it."""
    installs: tuple[Install, ...]
    signals: tuple[Signal, ...]
    tail: tuple[Line, ...]
    """The last lines of its output."""

    @property
    def keyword(self) -> str:
        """The instruction's first word, such as ``RUN``; empty for what is no instruction."""
        first = self.instruction.partition(" ")[0]
        return first if first.isupper() and first.isalpha() else ""


@dataclass(frozen=True, slots=True)
class Log:
    """All that was read from one log."""

    builder: Builder
    steps: tuple[Step, ...]
    """In the order in which the log names them."""
    signals: tuple[Signal, ...]
    """What was said outside of the steps."""
    lines: int

    def installing(self) -> Iterator[Step]:
        """Give the steps in which an installer ran."""
        return (step for step in self.steps if step.installs)
