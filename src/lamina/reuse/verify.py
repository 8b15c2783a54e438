"""Which layers of earlier images are made again, to see that they are what they claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from lamina.errors import LaminaError
from lamina.oci.digest import DiffID, Digest
from lamina.plan.key import LayerKey
from lamina.reuse.former import FormerImage
from lamina.reuse.known import ReusedLayer

VERIFIED_TAG = "lamina-verified"
"""What points to the image all of whose layers were verified last."""


class Verify(Enum):
    """Which reused layers are made again and compared."""

    NOTHING = "nothing"
    ALL = "all"
    CHANGED = "changed"


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


@dataclass(frozen=True, slots=True)
class Verification:
    """What of the layers of earlier images is believed."""

    verify: Verify = Verify.NOTHING
    verified: frozenset[tuple[LayerKey, Digest, DiffID]] = field(default_factory=frozenset)
    """What the last verified image has."""

    @classmethod
    def of(cls, verify: Verify, images: Iterable[FormerImage]) -> Verification:
        """Return what is believed, given the images that were verified before."""
        return cls(
            verify,
            frozenset(
                (layer.key, layer.descriptor.digest, layer.diff_id)
                for image in images
                for layer in image.layers
                if layer.key is not None
            ),
        )

    def believes(self, layer: ReusedLayer) -> bool:
        """Say whether a layer need not be made again."""
        if self.verify is not Verify.CHANGED:
            return self.verify is Verify.NOTHING
        return (layer.key, layer.descriptor.digest, layer.diff_id) in self.verified
