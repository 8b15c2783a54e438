"""How often something is tried again, and how long is waited before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

Sleep = Callable[[float], object]
"""Waits so many seconds; it may raise to end everything."""

_TRIES = 5
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0


class Patience:
    """Counts the tries of one thing."""

    def __init__(self, sleep: Sleep, tries: int = _TRIES) -> None:
        self._sleep = sleep
        self._tries = tries
        self._left = tries - 1
        self._wait = _FIRST_WAIT

    def wait(self, asked: float | None = None) -> bool:
        """Wait before another try, as long as the server asked; say no if there were enough."""
        if self._left == 0:
            return False
        self._left -= 1
        self._sleep(min(self._wait if asked is None else asked, _LONGEST_WAIT))
        self._wait *= 2
        return True

    def renew(self) -> None:
        """Begin anew, since the last try brought the thing further."""
        self._left, self._wait = self._tries - 1, _FIRST_WAIT


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how long a server asks to wait, in seconds (RFC 9110, 10.2.3).

    A date is compared with the server's own, so that our clock does not matter.
    """
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
