"""An observer that remembers what it was told."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lamina.observer import Download, Why
from lamina.plan.plan import Fetched, LayerPlan


class RecordingObserver:
    """Keeps warnings, notes, and what was planned, reused and made."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.reused_layers: list[str] = []
        self.made_layers: list[str] = []
        self.downloads: list[str] = []
        self.planned_layers: list[str] = []
        self.missing_layers: list[str] = []
        self.wanted_wheels: list[str] = []

    def planned(
        self,
        layers: Sequence[LayerPlan],
        missing: Collection[LayerPlan],
        wanted: Sequence[Fetched],
        why: Why,
    ) -> None:
        self.planned_layers = [plan.title for plan in layers]
        self.missing_layers = [plan.title for plan in missing]
        self.wanted_wheels = [str(each) for each in wanted]

    def reused(self, plan: LayerPlan, where: str) -> None:
        self.reused_layers.append(plan.title)

    def downloading(self, download: Download) -> None:
        self.downloads.append(download.name)

    def received(self, download: Download, count: int) -> None: ...

    def downloaded(self, download: Download) -> None: ...

    def sent(self, count: int) -> None: ...

    def kept(self, name: str) -> None: ...

    def making(self, plan: LayerPlan) -> None: ...

    def made(self, plan: LayerPlan, size: int) -> None:
        self.made_layers.append(plan.title)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
