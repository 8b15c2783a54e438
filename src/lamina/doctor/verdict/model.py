"""What is said of a build, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from lamina.dockerfile.text import Span
from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Install, Log, Step
from lamina.doctor.verdict.pairing import Place
from lamina.doctor.verdict.trail import Trail


class Kind(Enum):
    """What a cause is the cause of."""

    FAILED = "failed"
    DOWNLOADED = "downloaded"
    """Something was downloaded that was downloaded before."""
    RAN_AGAIN = "ran again"
    """The step was not cached."""
    NOTICED = "noticed"
    """The log says so, and it costs less."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Distributions installed in a step, or in several: where they came from, and their bytes."""

    installed: int | None = None
    from_cache: int | None = None
    fetched: int = 0
    built: int = 0
    bytes: int = 0
    is_least: bool = False
    """The bytes are a lower bound."""
    seconds: float | None = None
    """What downloading and building took."""

    @classmethod
    def of(cls, install: Install) -> Amount:
        """Return what one installer did."""
        return cls(
            install.installed,
            install.from_cache,
            install.fetched,
            install.built,
            install.bytes,
            is_least=not install.has_all_bytes,
            seconds=install.seconds,
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happened, what shows it, and what helps."""

    kind: Kind
    code: str
    """Of the rule that is about it; empty where there is none."""
    what: str
    fix: str
    span: Span | None = None
    """In the Dockerfile."""
    evidence: tuple[Line, ...] = ()
    saves: Amount | None = None
    """At each build like this one, once it is cured."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Installing:
    """A step that installs distributions, or would have if it had run."""

    step: Step
    place: Place | None
    amount: Amount
    trail: Trail | None
    """None where it was cached."""
    evidence: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is said of one build."""

    log: Log
    steps: tuple[Step, ...]
    """Of the build that was looked at, in the order of the log."""
    places: tuple[Place | None, ...]
    """Where each of them is in the Dockerfile."""
    is_shown: bool
    """Whether there was a Dockerfile; else places are in what the log shows of one."""
    installing: tuple[Installing, ...]
    causes: tuple[Cause, ...]

    @property
    def total(self) -> Amount:
        """All that was installed in the build."""
        amounts = [each.amount for each in self.installing if each.trail is not None]
        return sum_of(amounts)

    @property
    def exporting(self) -> float | None:
        """What writing the image out, and pushing it, took; None where it is not told."""
        found = [
            step.seconds
            for step in self.steps
            if step.seconds is not None and "exporting to " in step.instruction
        ]
        return sum(found) if found else None

    @property
    def has_failed(self) -> bool:
        """Whether the build ended with an error."""
        return any(cause.kind is Kind.FAILED for cause in self.causes)


def sum_of(amounts: Sequence[Amount]) -> Amount:
    """Return all together; what one does not tell, the sum does not tell either."""
    installed = [each.installed for each in amounts if each.installed is not None]
    from_cache = [each.from_cache for each in amounts if each.from_cache is not None]
    seconds = [each.seconds for each in amounts if each.seconds is not None]
    return Amount(
        installed=sum(installed) if installed and len(installed) == len(amounts) else None,
        from_cache=sum(from_cache) if from_cache and len(from_cache) == len(amounts) else None,
        fetched=sum(each.fetched for each in amounts),
        built=sum(each.built for each in amounts),
        bytes=sum(each.bytes for each in amounts),
        is_least=any(each.is_least for each in amounts),
        seconds=sum(seconds) if seconds else None,
    )
