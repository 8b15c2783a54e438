"""What happens in a build, told to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lamina.plan.plan import Fetched, LayerPlan

Why = Callable[[], "Mapping[LayerPlan, Mapping[str, str]]"]


class Traffic(Enum):
    """What bytes come for."""

    DEPENDENCY = "dependency"
    BASE = "base"
    PACKAGE = "package"
    """Of Debian, above the base."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Download:
    """A file that comes over the network."""

    name: str
    traffic: Traffic
    size: int | None = None
    """In bytes, where it is known before."""


class Observer(Protocol):
    """Is told of each step; called from several threads, and never in the way for long."""

    def planned(
        self,
        layers: Sequence[LayerPlan],
        missing: Collection[LayerPlan],
        wanted: Sequence[Fetched],
        why: Why,
    ) -> None:
        """The layers of ours, those of them that must be made, and the files to be downloaded.

        Told once for each image, before any of them is made; only overrides may come to it later.
        ``why`` tells of each distribution of a missing layer, by its name, why that is missing.
        """
        ...

    def reused(self, plan: LayerPlan, where: str) -> None:
        """The layer need not be made: it is in the store, or in a repository."""
        ...

    def downloading(self, download: Download) -> None:
        """A file's bytes begin to come."""
        ...

    def received(self, download: Download, count: int) -> None:
        """So many bytes of it have come; fewer than none, if they must come again."""
        ...

    def downloaded(self, download: Download) -> None:
        """All of it has come, and is verified."""
        ...

    def sent(self, count: int) -> None:
        """So many bytes more have gone to a registry."""
        ...

    def kept(self, name: str) -> None:
        """The file of a distribution is at hand, and need not be downloaded."""
        ...

    def making(self, plan: LayerPlan) -> None:
        """The layer is being made."""
        ...

    def made(self, plan: LayerPlan, size: int) -> None:
        """The layer is made; its blob has so many bytes."""
        ...

    def note(self, text: str) -> None:
        """Something worth knowing."""
        ...

    def warn(self, text: str) -> None:
        """Something that the user may want to mend."""
        ...
