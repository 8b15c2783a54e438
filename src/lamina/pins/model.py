"""What a lock holds: the configuration that it answers, with all that this led to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lamina.deb.package import DebianPackage
from lamina.oci.descriptor import Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.index import normalize
from lamina.pins.releases import PinnedRelease
from lamina.plan.key import LayerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The configuration that pins depend on, whether a file or the command line says it."""

    base: str
    """As it is named: what a base in a registry leads to is pinned, what it is called is asked."""
    platforms: tuple[Platform, ...]
    apt: tuple[str, ...] = ()
    """Wishes for Debian packages, sorted."""
    shell: bool = False
    build_requires: tuple[str, ...] = ()
    """What the project's own build backend is to have (PEP 518), sorted."""
    build_constraints: tuple[str, ...] = ()
    """What holds for the versions of all that it needs, sorted."""


@dataclass(frozen=True, slots=True)
class PinnedBase:
    """One image to build upon."""

    digest: Digest
    """Of its manifest; where there is none, as in a docker archive, of its config."""
    index: Digest | None = None
    """Of the index that the name led to, if it was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPins:
    """What is pinned for one platform."""

    platform: Platform
    base: PinnedBase | None = None
    """None for `scratch`, and for a base that is made from Debian's packages."""
    base_packages: tuple[DebianPackage, ...] = ()
    """Of a base that is made from them; by name."""
    packages: tuple[DebianPackage, ...] = ()
    """Those above the base; by name."""


@dataclass(frozen=True, slots=True)
class PinnedLayer:
    """A layer that was made and compared: what a registry must answer for its key."""

    key: LayerKey
    digest: Digest
    diff_id: DiffID
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """All of a lock."""

    asked: Asked
    platforms: tuple[PlatformPins, ...]
    """In the order in which they are asked for."""
    suites: Mapping[str, datetime] = field(default_factory=dict)
    """When the Release of each suite was made that packages were chosen from."""
    releases: tuple[PinnedRelease, ...] = ()
    """What the project's build backend needs; by name."""
    layers: tuple[PinnedLayer, ...] = ()
    """By key."""

    def of(self, platform: Platform) -> PlatformPins | None:
        """Return what is pinned for a platform, however that is spelt."""
        wanted = normalize(platform)
        return next((each for each in self.platforms if normalize(each.platform) == wanted), None)
