"""Descriptors, which refer to blobs, and platforms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.errors import LaminaError
from lamina.oci.digest import Digest


class InvalidPlatform(LaminaError):
    """A platform that is not written as ``os/architecture[/variant]``."""


_PART = re.compile("[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """An OCI platform, such as ``linux/arm64`` (image-spec, image-index.md)."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read ``os/architecture`` or ``os/architecture/variant``."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(map(_PART.fullmatch, parts)):
            raise InvalidPlatform(
                f"Expected `os/architecture` for a platform, got: {text}",
                hint="For example `linux/amd64` or `linux/arm64`",
            )
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def to_json(self) -> dict[str, object]:
        """Return the object that an index holds."""
        document: dict[str, object] = {"architecture": self.architecture, "os": self.os}
        return document | ({"variant": self.variant} if self.variant else {})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a blob is, which bytes it has, and how many (image-spec, descriptor.md)."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None

    def to_json(self) -> dict[str, object]:
        """Return the object that a manifest or an index holds."""
        document: dict[str, object] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        if self.platform is not None:
            document["platform"] = self.platform.to_json()
        return document
