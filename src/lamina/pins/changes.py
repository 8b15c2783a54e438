"""What is new in a lock beside the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from packaging.version import Version

from lamina.deb.control import compare_versions
from lamina.deb.package import DebianPackage
from lamina.oci.digest import Digest
from lamina.oci.index import normalize
from lamina.pins.model import Pins, PlatformPins
from lamina.pins.releases import PinnedRelease

_SHORT = 12
"""Digits of a digest that a person compares."""


class Kind(Enum):
    """What is pinned."""

    BASE = "base"
    BASE_PACKAGE = "base-package"
    PACKAGE = "package"
    BUILD = "build-requires"
    LAYER = "layer"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is pinned otherwise than before, on some platforms alike."""

    kind: Kind
    name: str
    before: str | None
    """A version, or a digest; None for what is new."""
    after: str | None
    """None for what is gone."""
    platforms: tuple[str, ...] = ()
    """Empty for what is the same on all of them."""
    is_security: bool = False
    """Whether it is an update from a suite of security updates."""
    is_older: bool = False
    """Whether it goes back, to a lower version than before."""


@dataclass(frozen=True, slots=True)
class _Fact:
    """What a thing is pinned to."""

    shown: str
    exact: str
    """All of it: two files may have one version."""
    is_security: bool = False


_Facts = Mapping[tuple[Kind, str], _Fact]


def changes(before: Pins | None, after: Pins) -> tuple[Change, ...]:
    """Return what changes from one lock to the next, by kind and name."""
    platforms: dict[Change, list[str]] = defaultdict(list)
    spelt = {normalize(each.platform): str(each.platform) for each in _platforms(before, after)}
    for platform, name in spelt.items():
        had = None if before is None else before.of(platform)
        for change in _compare(_of_platform(had), _of_platform(after.of(platform))):
            platforms[change].append(name)
    found = [replace(change, platforms=tuple(names)) for change, names in platforms.items()]
    found += _compare(_of_all(before), _of_all(after))
    order = [*Kind]
    return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.name)))


def _platforms(*locks: Pins | None) -> list[PlatformPins]:
    return [pins for lock in locks if lock is not None for pins in lock.platforms]


def _compare(before: _Facts, after: _Facts) -> Iterator[Change]:
    for kind, name in before.keys() | after.keys():
        old, new = before.get((kind, name)), after.get((kind, name))
        if old is not None and new is not None and old.exact == new.exact:
            continue
        is_same = old is not None and new is not None and old.shown == new.shown
        was, is_ = (_shown(each, is_same=is_same) for each in (old, new))
        is_older = old is not None and new is not None and _is_older(kind, new.shown, old.shown)
        is_update = old is not None and new is not None and new.is_security and not is_older
        yield Change(kind, name, was, is_, is_security=is_update, is_older=is_older)


def _is_older(kind: Kind, one: str, other: str) -> bool:
    """Say whether a version is below another, as those who write such versions order them."""
    match kind:
        case Kind.BASE_PACKAGE | Kind.PACKAGE:
            return compare_versions(one, other) < 0
        case Kind.BUILD:
            return Version(one) < Version(other)
        case Kind.BASE | Kind.LAYER:
            return False


def _shown(fact: _Fact | None, *, is_same: bool) -> str | None:
    if fact is None:
        return None
    return f"{fact.shown} ({fact.exact[:_SHORT]})" if is_same else fact.shown


def _of_platform(pins: PlatformPins | None) -> _Facts:
    if pins is None:
        return {}
    base: dict[tuple[Kind, str], _Fact] = {}
    if pins.base is not None:
        # An index has images for other platforms, too, and may change where this one does not.
        base[Kind.BASE, "base"] = _Fact(str(pins.base.digest), str(pins.base.digest))
    own = _packages(Kind.PACKAGE, pins.packages)
    return {**base, **_packages(Kind.BASE_PACKAGE, pins.base_packages), **own}


def _packages(kind: Kind, packages: Iterable[DebianPackage]) -> _Facts:
    return {
        (kind, each.name): _Fact(each.version, each.sha256, is_security(each.suite))
        for each in packages
    }


def _of_all(pins: Pins | None) -> _Facts:
    if pins is None:
        return {}
    releases = {(Kind.BUILD, each.name): _release(each) for each in pins.releases}
    layers = {
        (Kind.LAYER, str(each.key)): _Fact(str(each.digest), f"{each.digest} {each.diff_id}")
        for each in pins.layers
    }
    return {**releases, **layers}


def _release(release: PinnedRelease) -> _Fact:
    parts = [release.version, *(each.sha256 for each in sorted(release.wheels))]
    return _Fact(release.version, Digest.of(",".join(parts).encode()).hex)


def is_security(suite: str) -> bool:
    """Say whether a suite is one of security updates, as Debian and Ubuntu name theirs.

    >>> [is_security(each) for each in ("bookworm-security", "buster/updates", "bookworm-updates")]
    [True, True, False]
    """
    return suite.endswith(("-security", "/updates"))
