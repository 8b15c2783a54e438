"""An observer that remembers what it was told."""

from __future__ import annotations

from lamina.observer import Download
from lamina.plan.plan import LayerPlan


class RecordingObserver:
    """Keeps warnings, notes, and the titles of layers that were reused and made."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.reused_layers: list[str] = []
        self.made_layers: list[str] = []
        self.downloads: list[str] = []

    def planned(self, layers: int, missing: int, wheels: int, wheel_bytes: int) -> None: ...

    def reused(self, plan: LayerPlan) -> None:
        self.reused_layers.append(plan.title)

    def downloading(self, download: Download) -> None:
        self.downloads.append(download.name)

    def received(self, download: Download, count: int) -> None: ...

    def downloaded(self, download: Download) -> None: ...

    def kept(self, name: str) -> None: ...

    def making(self, plan: LayerPlan) -> None: ...

    def made(self, plan: LayerPlan, size: int) -> None:
        self.made_layers.append(plan.title)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
