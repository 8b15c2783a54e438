"""Bytes of blobs that come from a registry, told to whoever shows or counts them."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.observer import Download, Observer


@dataclass(frozen=True, slots=True)
class Told:
    """Tells an observer what comes: see `lamina.registry.exchange.Meter`.

    Requests, and what is sent, are counted elsewhere.
    """

    observer: Observer
    download: Download

    def requested(self) -> None:
        """See `Meter.requested`."""

    def sent(self, count: int) -> None:
        """See `Meter.sent`."""

    def received(self, count: int) -> None:
        """See `Meter.received`."""
        self.observer.received(self.download, count)
