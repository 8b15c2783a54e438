"""What is tried again, how often, and after how long."""

from __future__ import annotations

import threading
from typing import Any, Self

import urllib3

_RETRIED = (429, 500, 502, 503, 504)
_TRIES = 4
_MOST_REDIRECTS = 5
_LONGEST_WAIT = 30.0
"""Before another try, in seconds, however long the server asks for."""


class Retries(urllib3.Retry):
    """Tries again what may pass, unless all has been ended meanwhile."""

    _ended: threading.Event

    @classmethod
    def until(cls, ended: threading.Event, backoff: float) -> Self:
        """Return the count of a new request; ``backoff`` in seconds, before the second try."""
        # What fails otherwise than by connecting or reading, a certificate say, fails each time.
        retries = cls(
            total=None,
            connect=_TRIES,
            read=_TRIES,
            status=_TRIES,
            other=0,
            redirect=_MOST_REDIRECTS,
            backoff_factor=backoff,
            status_forcelist=_RETRIED,
            raise_on_status=False,
        )
        retries._ended = ended
        return retries

    def new(self, **kw: Any) -> Self:  # noqa: ANN401
        """See `urllib3.Retry`."""
        again = super().new(**kw)
        again._ended = self._ended
        return again

    def parse_retry_after(self, retry_after: str) -> float:
        """Read what the server asks for; what cannot be read asks for nothing."""
        try:
            return min(super().parse_retry_after(retry_after), _LONGEST_WAIT)
        except urllib3.exceptions.InvalidHeader:
            return 0

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        """Wait, but no longer than until an interruption."""
        asked = self.get_retry_after(response) if response is not None else None
        self._ended.wait(asked if asked is not None else self.get_backoff_time())

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        *args: Any,  # noqa: ANN401
        **kw: Any,  # noqa: ANN401
    ) -> Self:
        """Count a try; after an interruption there is no other."""
        if self._ended.is_set():
            reason = urllib3.exceptions.ResponseError("interrupted")
            raise urllib3.exceptions.MaxRetryError(kw["_pool"], url or "", reason)
        return super().increment(method, url, *args, **kw)
