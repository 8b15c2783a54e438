"""Bytes that come from a registry, and go to one, told to whoever shows or counts them."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.observer import Download, Observer


@dataclass(frozen=True, slots=True)
class Told:
    """Tells an observer what comes and goes: see `lamina.registry.exchange.Meter`.

    Requests are counted by the transport.
    """

    observer: Observer
    download: Download

    def requested(self) -> None:
        """See `Meter.requested`."""

    def sent(self, count: int) -> None:
        """See `Meter.sent`."""
        self.observer.sent(count)

    def received(self, count: int) -> None:
        """See `Meter.received`."""
        self.observer.received(self.download, count)
