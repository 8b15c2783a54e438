"""The base image, as the build needs it, wherever it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lamina.errors import LaminaError
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.index import PlatformNotFound, runs
from lamina.oci.layer import Layer


class BaseError(LaminaError):
    """A base image cannot be used."""


class BaseNotFound(BaseError):
    """Where the base should be, there is no such image; the hint says which there are."""


@dataclass(frozen=True, slots=True)
class Base:
    """An image to build upon."""

    name: str
    """As written in the configuration."""
    digest: Digest | None
    """Of its manifest; ``None`` where it has none."""
    config: ImageConfig
    layers: tuple[Layer, ...]
    media_type: str = mediatype.MANIFEST
    library: Layer | None = None
    """The layer with the standard library, where Lamina has made that and it has no bytecode."""

    @property
    def identity(self) -> Digest:
        """Identify the base even where it has no manifest: its config names all of its layers."""
        return self.digest or Digest.of(self.config.encode())


@dataclass(frozen=True, slots=True)
class FileLayer:
    """A layer whose blob is a file of its own on this machine."""

    descriptor: Descriptor
    diff_id: DiffID
    path: Path

    def open(self) -> BinaryIO:
        """See `Layer.open`."""
        return self.path.open("rb")


def check_layers(name: str, config: ImageConfig, count: int) -> None:
    """Refuse a base whose config lists another number of layers than its manifest."""
    if len(config.diff_ids) != count:
        raise BaseError(
            f"Unable to read the base image `{name}`: manifest and config disagree on its layers\n"
            f"  manifest: {count}\n  config:   {len(config.diff_ids)}"
        )


def check_platform(name: str, config: ImageConfig, platform: Platform) -> None:
    """Refuse a base that was made for another platform."""
    if not runs(config.platform, platform):
        raise PlatformNotFound(
            f"No image for {platform} in `{name}`: it has {config.platform}",
            hint="Choose another base, or another `--platform`",
        )
