"""The bytes and the requests of a build, counted for its report."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lamina.observer import Download, Traffic
from lamina.transport.protocol import Request, Response, Transport


class Tally:
    """What went over the network."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bytes_in = dict.fromkeys(Traffic, 0)
        self.bytes_out = 0
        self.wheels_downloaded = 0
        self.packages_downloaded = 0
        self.has_warned = False
        self.requests = 0
        self.round_trips = 0
        """The longest chain of requests of which each began after the one before had ended."""

    def received(self, download: Download, count: int) -> None:
        """Count bytes that came; fewer than none are not taken back: they did come."""
        with self._lock:
            self.bytes_in[download.traffic] += max(count, 0)

    def downloaded(self, download: Download) -> None:
        """Count a file that came whole."""
        with self._lock:
            self.wheels_downloaded += download.traffic is Traffic.DEPENDENCY
            self.packages_downloaded += download.traffic is Traffic.PACKAGE

    def sent(self, count: int) -> None:
        """Count bytes that were pushed."""
        with self._lock:
            self.bytes_out += count

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request, from its start to the end of its answer."""
        with self._lock:
            self.requests += 1
            depth = self.round_trips + 1
        try:
            yield
        finally:
            with self._lock:
                self.round_trips = max(self.round_trips, depth)


class CountingTransport:
    """Counts the requests of another transport; see `Transport`."""

    def __init__(self, transport: Transport, tally: Tally) -> None:
        self._transport = transport
        self._tally = tally

    @contextmanager
    def send(self, request: Request) -> Iterator[Response]:
        """See `Transport.send`."""
        with self._tally.request(), self._transport.send(request) as response:
            yield response

    def pause(self, seconds: float) -> None:
        """See `Transport.pause`."""
        self._transport.pause(seconds)

    def interrupt(self) -> None:
        """See `Transport.interrupt`."""
        self._transport.interrupt()
