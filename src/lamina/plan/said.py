"""What a build has to say of a layer, whether it makes that or takes it as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lamina.oci.document import MalformedDocument

_WHAT = "Malformed contents of a layer"


@dataclass(frozen=True, slots=True)
class Said:
    """Texts for people, which travel with the layer; see `Observer.note` and `Observer.warn`."""

    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return what is kept of it."""
        return {"notes": list(self.notes), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Said:
        """Read what `to_json` wrote. Raises `MalformedDocument` for anything else."""
        return cls(_texts(document.get("notes")), _texts(document.get("warnings")))


SILENT = Said()


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedDocument(f"{_WHAT}: expected texts")
    # They come from a registry, and go to a terminal.
    if not all(each.replace("\n", "").isprintable() for each in value):
        raise MalformedDocument(f"{_WHAT}: expected texts that can be printed")
    return tuple(value)
