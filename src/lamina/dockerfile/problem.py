"""What a builder would refuse in a Dockerfile, as a value: reading goes on behind it."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.dockerfile.text import Span


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a builder refuses a Dockerfile, and where."""

    span: Span
    message: str
    is_mount: bool = False
    """Whether it is the fault of an option of `--mount`."""


class Refused(Exception):
    """Raised within the reader where an instruction makes no sense; becomes a `Problem`."""

    def __init__(self, span: Span, message: str, *, is_mount: bool = False) -> None:
        super().__init__(message)
        self.problem = Problem(span, message, is_mount)
