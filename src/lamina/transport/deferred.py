"""A transport that is made when something is asked for the first time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from lamina.transport.protocol import Request, Response, Transport


class Closed(Transport, Protocol):
    """A transport that has something to close."""

    def close(self) -> None:
        """Let go of the connections."""
        ...


class Deferred:
    """Does what is done without the network without the import of HTTP; see `Transport`."""

    def __init__(self, make: Callable[[], Closed]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Closed | None = None
        self._is_interrupted = False

    def send(self, request: Request) -> AbstractContextManager[Response]:
        """See `Transport.send`."""
        return self._real().send(request)

    def pause(self, seconds: float) -> None:
        """See `Transport.pause`."""
        self._real().pause(seconds)

    def interrupt(self) -> None:
        """See `Transport.interrupt`."""
        with self._lock:
            self._is_interrupted = True
            if self._made is not None:
                self._made.interrupt()

    def close(self) -> None:
        """Let go of the connections, if there are any."""
        if self._made is not None:
            self._made.close()

    def _real(self) -> Closed:
        with self._lock:
            if self._made is None:
                self._made = self._make()
                if self._is_interrupted:
                    self._made.interrupt()
            return self._made
