"""What is wrong, as values: rules, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edits
from lamina.doctor.subject import Subject


class Severity(Enum):
    """How bad it is."""

    ERROR = "error"
    """The build fails, or what was meant to help never does."""
    WARNING = "warning"
    """It costs time, space or safety, at some builds at least."""
    NOTE = "note"
    """Worth knowing; often there is nothing to change."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault at one place."""

    code: str
    severity: Severity
    span: Span
    message: str
    """What is wrong, here."""
    fix: str
    """What to write instead, here."""
    notes: tuple[str, ...] = ()
    """What it depends on, and what else belongs to it."""
    edits: Edits = ()
    """What `--fix` does about it; nothing where that would be a guess."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule's check tells; the rule adds the rest."""

    span: Span
    message: str
    fix: str
    notes: tuple[str, ...] = ()
    severity: Severity | None = None
    """If it is another than the rule's."""
    edits: Edits = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A Dockerfile, and what else lies in the folder."""

    dockerfile: str
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of fault: the page about it, and how it is found."""

    code: str
    """Stable and never used again."""
    title: str
    severity: Severity
    why: str
    """What happens, in a paragraph."""
    fix: str
    """What helps, in general."""
    sources: tuple[str, ...]
    """Where that is known from."""
    bad: Example
    good: Example
    find: Callable[[Subject], Iterable[Found]]
    mends: str = ""
    """What `--fix` does, if it does something."""
    leaves: str = ""
    """Why it does nothing, if so."""

    def check(self, subject: Subject) -> Iterable[Finding]:
        """Return what is wrong by this rule."""
        for found in self.find(subject):
            severity = found.severity or self.severity
            yield Finding(
                self.code,
                severity,
                found.span,
                found.message,
                found.fix,
                found.notes,
                found.edits,
            )
