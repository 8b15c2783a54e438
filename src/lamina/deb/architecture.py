"""Debian's names of processors, which are not those of container platforms."""

from __future__ import annotations

from lamina.errors import LaminaError
from lamina.oci.descriptor import Platform

_ARCHITECTURES = {
    ("amd64", ""): "amd64",
    ("arm64", ""): "arm64",
    ("386", ""): "i386",
    ("arm", "v5"): "armel",
    ("arm", "v7"): "armhf",
    ("ppc64le", ""): "ppc64el",
    ("riscv64", ""): "riscv64",
    ("s390x", ""): "s390x",
}


class UnsupportedPlatform(LaminaError):
    """A platform for which Debian has no packages."""


def debian_architecture(platform: Platform) -> str:
    """Return Debian's name of a platform (Debian Policy 11.1). Raises `UnsupportedPlatform`.

    >>> debian_architecture(Platform("linux", "arm64", "v8"))
    'arm64'
    >>> debian_architecture(Platform("linux", "arm", "v7"))
    'armhf'
    """
    variant = platform.variant if platform.architecture == "arm" else ""
    found = _ARCHITECTURES.get((platform.architecture, variant))
    if platform.os != "linux" or found is None:
        known = sorted(
            f"linux/{name}/{variant}" if variant else f"linux/{name}"
            for name, variant in _ARCHITECTURES
        )
        raise UnsupportedPlatform(
            f"Debian has no packages for {platform}", hint=f"It has them for {', '.join(known)}"
        )
    return found
