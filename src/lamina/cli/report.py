"""The report of a build: what machines read, and the bytes that were counted for it."""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lamina.build import Built, BuiltLayer
from lamina.observer import Download, Traffic
from lamina.oci.descriptor import Platform
from lamina.oci.reference import Reference
from lamina.transport import Request, Response, Transport


class Tally:
    """What went over the network."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bytes_in = dict.fromkeys(Traffic, 0)
        self.wheels_downloaded = 0
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


def report(
    built: Built,
    platform: Platform,
    tally: Tally,
    names: Sequence[Reference],
    *,
    seconds: float,
) -> dict[str, object]:
    """Return the document of ``--json``."""
    return {
        "digest": str(built.descriptor.digest),
        "references": [str(name) for name in names],
        "platforms": [
            {
                "platform": str(platform),
                "digest": str(built.image.digest),
                "layers": _layers(built),
            }
        ],
        "transfer": {
            "dependency_bytes_in": tally.bytes_in[Traffic.DEPENDENCY],
            "base_bytes_in": tally.bytes_in[Traffic.BASE],
            "other_bytes_in": tally.bytes_in[Traffic.OTHER],
            "bytes_out": 0,
            "requests": tally.requests,
            "round_trips": tally.round_trips,
            "wheels_downloaded": tally.wheels_downloaded,
        },
        "seconds": round(seconds, 3),
        "peak_rss_bytes": peak_rss(),
    }


def peak_rss() -> int:
    """Return the most memory that the process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _layers(built: Built) -> list[dict[str, object]]:
    ours = {id(each.layer): each for each in built.layers}
    rows: list[dict[str, object]] = []
    for layer in built.image.layers:
        descriptor = layer.descriptor
        rows.append(
            {
                **_origin(ours.get(id(layer))),
                "digest": str(descriptor.digest),
                "diff_id": str(layer.diff_id),
                "size": descriptor.size,
            }
        )
    return rows


def _origin(built: BuiltLayer | None) -> dict[str, object]:
    if built is None:
        return {"distributions": [], "key": None, "kind": "base", "origin": "base"}
    return {
        "distributions": [
            {"name": each.name, "version": each.version, "size": each.size}
            for each in built.layer.contents.distributions
        ],
        "key": str(built.plan.key),
        "kind": built.plan.kind.value,
        "origin": "made" if built.is_made else "store",
    }
