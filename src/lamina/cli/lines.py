"""A build in plain lines: a few of them, or one for each distribution."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from lamina.cli.amounts import counted, files, size
from lamina.cli.style import styled
from lamina.cli.tally import Tally
from lamina.observer import Download, Why

if TYPE_CHECKING:
    from lamina.plan.plan import Fetched, LayerPlan
from lamina.plan.wheel import PlannedWheel

LARGE = 64_000_000
"""Of a download that is announced, in bytes."""

Say = Callable[[str], None]


class Silent:
    """Counts, and says nothing; see `Observer`."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def planned(
        self,
        layers: Sequence[LayerPlan],
        missing: Collection[LayerPlan],
        wanted: Sequence[Fetched],
        why: Why,
    ) -> None:
        """See `Observer.planned`."""

    def reused(self, plan: LayerPlan, where: str) -> None:
        """See `Observer.reused`."""

    def downloading(self, download: Download) -> None:
        """See `Observer.downloading`."""

    def received(self, download: Download, count: int) -> None:
        """See `Observer.received`."""
        self._tally.received(download, count)

    def downloaded(self, download: Download) -> None:
        """See `Observer.downloaded`."""
        self._tally.downloaded(download)

    def sent(self, count: int) -> None:
        """See `Observer.sent`."""
        self._tally.sent(count)

    def kept(self, name: str) -> None:
        """See `Observer.kept`."""

    def making(self, plan: LayerPlan) -> None:
        """See `Observer.making`."""

    def made(self, plan: LayerPlan, size: int) -> None:
        """See `Observer.made`."""

    def note(self, text: str) -> None:
        """See `Observer.note`."""

    def warn(self, text: str) -> None:
        """See `Observer.warn`."""
        self._tally.has_warned = True


class Lines(Silent):
    """Says what is planned, and what takes long."""

    def __init__(self, tally: Tally, say: Say, *, announces: bool = True) -> None:
        """``announces`` says of large downloads that they begin."""
        super().__init__(tally)
        self._say = say
        self._announces = announces
        self._warnings: set[str] = set()

    def planned(
        self,
        layers: Sequence[LayerPlan],
        missing: Collection[LayerPlan],
        wanted: Sequence[Fetched],
        why: Why,
    ) -> None:
        """See `Observer.planned`."""
        kept, total = len(layers) - len(missing), sum(each.size for each in wanted)
        wheels = sum(isinstance(each, PlannedWheel) for each in wanted)
        download = f"{files(wheels, len(wanted) - wheels)} to download, {size(total)}"
        self._say(
            f"Plan: {counted(len(layers), 'layer')}, {kept} reused, {len(missing)} to make; "
            f"{download if wanted else 'nothing to download'}"
        )

    def downloading(self, download: Download) -> None:
        """See `Observer.downloading`."""
        if self._announces and (download.size or 0) >= LARGE:
            self._say(f"Downloading {download.name} ({size(download.size or 0)})")

    def note(self, text: str) -> None:
        """See `Observer.note`."""
        self._say(text)

    def warn(self, text: str) -> None:
        """See `Observer.warn`."""
        super().warn(text)
        if text in self._warnings:  # Of a base and of what lies above it, or of each platform.
            return
        self._warnings.add(text)
        self._say(f"{styled('warning', fg='yellow', bold=True)}: {text}")


class VerboseLines(Lines):
    """Says of each distribution whether it was reused, downloaded or made, and why."""

    def __init__(self, tally: Tally, say: Say) -> None:
        super().__init__(tally, say, announces=False)
        self._lock = threading.Lock()
        self._downloads: dict[str, int] = {}
        self._reasons: dict[LayerPlan, Mapping[str, str]] = {}

    def planned(
        self,
        layers: Sequence[LayerPlan],
        missing: Collection[LayerPlan],
        wanted: Sequence[Fetched],
        why: Why,
    ) -> None:
        """See `Observer.planned`."""
        if missing:
            self._reasons |= why()
        super().planned(layers, missing, wanted, why)

    def reused(self, plan: LayerPlan, where: str) -> None:
        """See `Observer.reused`."""
        for what in plan.wheels or [plan.title]:
            self._say(f"Reused {what}: its layer is in {where}")

    def received(self, download: Download, count: int) -> None:
        """See `Observer.received`."""
        super().received(download, count)
        with self._lock:
            self._downloads[download.name] = self._downloads.get(download.name, 0) + count

    def downloaded(self, download: Download) -> None:
        """See `Observer.downloaded`."""
        super().downloaded(download)
        self._say(f"Downloaded {download.name} ({size(self._downloads.get(download.name, 0))})")

    def kept(self, name: str) -> None:
        """See `Observer.kept`."""
        self._say(f"Kept {name}: its wheel need not be downloaded")

    def made(self, plan: LayerPlan, size: int) -> None:
        """See `Observer.made`."""
        why = self._reasons.get(plan)
        for wheel in plan.wheels:
            reason = why[wheel.name] if why is not None else "its layer was damaged"
            self._say(f"Made {wheel}: {reason}")
        if not plan.wheels:
            self._say(f"Made {plan.title}: there is no such layer yet")
