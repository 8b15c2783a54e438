"""A distribution of the plan: its wheel, with all that its layer depends on."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.lock.model import Sdist, Wheel
from lamina.lock.source import Git

BUILT = "built"
"""In place of the algorithm, in the hash of a wheel that is built here."""


@dataclass(frozen=True, slots=True)
class PlannedWheel:
    """One distribution of the image."""

    name: str
    version: str
    artifact: Wheel | Sdist | Git
    hash: str
    """Of the wheel, as ``algorithm:hex``; of one that is built, `BUILT` and a hash of all that it
    is built of, since its own is only known once it is there."""
    size: int
    """Of the wheel, in bytes."""
    direct_url: bytes | None = None
    """Its ``direct_url.json``, if it comes from no index."""

    @property
    def is_built(self) -> bool:
        """Whether it is built here, of sources."""
        return self.hash.startswith(f"{BUILT}:")

    def to_json(self) -> dict[str, object]:
        """Return what goes into a key: all that the layer's bytes depend on."""
        origin = self.direct_url.decode() if self.direct_url is not None else None
        return {"hash": self.hash, "origin": origin}

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"
