"""What of earlier images is believed, and what is made again to see that it is what it claims."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from lamina.errors import LaminaError
from lamina.oci.digest import DiffID

VERIFIED_TAG = "lamina-verified"
"""What points to the image that was verified last."""


class Verify(Enum):
    """Which earlier images are not believed: their layers are made again and compared."""

    NOTHING = "nothing"
    ALL = "all"
    CHANGED = "changed"
    """All but the one that was verified last."""


class LayersDiffer(LaminaError):
    """Layers of a registry are not what their distributions give."""

    def __init__(self, lies: Mapping[str, tuple[DiffID, DiffID]]) -> None:
        lines = "".join(
            f"\n  {title}\n    expected: {made}\n    got:      {claimed}"
            for title, (made, claimed) in sorted(lies.items())
        )
        super().__init__(
            f"Layers of an earlier image are not what their distributions give{lines}",
            hint="Somebody changed them, or they were made by another release; "
            "to replace them, pass `--no-cache`",
        )
