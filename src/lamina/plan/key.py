"""Layer keys: the identity of a layer before it is made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lamina.errors import LaminaError
from lamina.oci.document import encode
from lamina.plan.bytecode import Bytecode
from lamina.plan.epoch import EPOCH

FORMAT = 1
"""Of the bytes of layers. It goes up when the same input would give other bytes."""

_KEY = re.compile("sha256:[0-9a-f]{64}")


class InvalidKey(LaminaError):
    """A text that is no key of a layer."""


@dataclass(frozen=True, slots=True, order=True)
class LayerKey:
    """SHA-256 over the canonical JSON of everything that a layer's diff ID depends on."""

    hex: str

    @classmethod
    def of(cls, document: Mapping[str, object]) -> LayerKey:
        """Return the key of what ``document`` says."""
        return cls(hashlib.sha256(encode(document)).hexdigest())

    @classmethod
    def parse(cls, text: str) -> LayerKey:
        """Read what `str` gives. Raises `InvalidKey`."""
        if not _KEY.fullmatch(text):
            raise InvalidKey(f"Expected the key of a layer, got: {text[:80]!r}")
        return cls(text.removeprefix("sha256:"))

    def __str__(self) -> str:
        return f"sha256:{self.hex}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a wheel becomes a layer: all that its bytes depend on besides the wheel's own."""

    prefix: str
    """Of the environment, as in ``/opt/venv``."""
    python: str
    """As in the folder ``lib/pythonX.Y[t]``: ``3.12``, ``3.13t``."""
    bytecode: Bytecode | None = None
    """Of its modules, if the layer has it."""

    def to_json(self) -> dict[str, object]:
        """Return what goes into a key."""
        document: dict[str, object] = {
            "format": FORMAT,
            "prefix": self.prefix,
            "python": self.python,
            "owner": "0:0",
            "date": EPOCH,
        }
        if self.bytecode is not None:
            document["bytecode"] = self.bytecode.to_json()
        return document
