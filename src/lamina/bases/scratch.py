"""The empty base."""

from __future__ import annotations

from lamina.bases.base import Base
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Platform


def scratch(platform: Platform) -> Base:
    """Return the base that has no layer and says nothing but its platform."""
    config = ImageConfig(platform.architecture, platform.os, platform.variant)
    return Base("scratch", None, config, ())
