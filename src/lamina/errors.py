"""The root of every error that a user can act on."""

from __future__ import annotations


class LaminaError(Exception):
    """Something the user can act on; anything else is a bug in us.

    The message says what could not be done, to what, and why; the hint says the way out.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
