"""Digests, and the digests of uncompressed layers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NewType

from lamina.errors import LaminaError

_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class InvalidDigest(LaminaError):
    """A digest that is malformed, or of an algorithm that cannot be checked."""


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """The digest of some bytes, such as ``sha256:9f86d0...`` (image-spec, descriptor.md)."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read a digest, refusing one whose bytes could not be checked."""
        algorithm, _, hex_ = text.partition(":")
        length = _HEX_LENGTHS.get(algorithm)
        if length is None:
            raise InvalidDigest(f"Unsupported digest algorithm in `{text}`")
        if len(hex_) != length or not set(hex_) <= set("0123456789abcdef"):
            raise InvalidDigest(f"Expected {length} lowercase hex digits in `{text}`")
        return cls(algorithm, hex_)

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Return the SHA-256 digest of ``data``."""
        return cls("sha256", hashlib.sha256(data).hexdigest())

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


DiffID = NewType("DiffID", Digest)
"""The digest of a layer's *uncompressed* tar; the config lists these."""
