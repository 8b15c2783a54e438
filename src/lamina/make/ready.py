"""A wheel on its way to a layer or to the disk, once its bytes are here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReadyWheel:
    """A wheel that lies on this machine."""

    path: Path
    filename: str
    """Which its path need not have."""
