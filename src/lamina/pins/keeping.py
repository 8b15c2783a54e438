"""Which versions of Debian packages stay when a lock is written anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lamina.deb.package import DebianPackage
from lamina.oci.descriptor import Platform
from lamina.pins.model import Pins, PlatformPins

Part = Callable[[PlatformPins], Sequence[DebianPackage]]
"""Gives the packages that are meant: those of a base, or those above one."""


def preferred(
    pins: Pins | None, platform: Platform, part: Part, is_upgraded: Callable[[str], bool]
) -> dict[str, str]:
    """Return the versions that are to be taken where archives still have them, by name.

    Those of the platform itself; of what it has not, those of other platforms, so that one which
    comes later gets what they have. What is upgraded has none.
    """
    found: dict[str, str] = {}
    for package in _packages(pins, platform, part):
        if not is_upgraded(package.name):
            found.setdefault(package.name, package.version)
    return found


def _packages(pins: Pins | None, platform: Platform, part: Part) -> Iterator[DebianPackage]:
    if pins is None:
        return
    own = pins.of(platform)
    for each in [own, *pins.platforms]:
        if each is not None:
            yield from part(each)
