"""The best wheel of a package for a target, and what its wheels are made for if none fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from lamina.lock.model import LockError, Package, Wheel
from lamina.lock.target import GLIBC_ALIASES, Libc, Target

_RUNS = re.compile(r"[0-9]{1,9}|[^0-9]+")
_LIBC_TAG = re.compile(r"(?P<family>many|musl)linux_(?P<major>\d{1,4})_(?P<minor>\d{1,4})")
_GLIBC_OF = {name: Libc("glibc", (2, minor)) for minor, name in GLIBC_ALIASES.items()}


class InvalidWheel(LockError):
    """A wheel whose filename cannot be read, or is that of another distribution."""


class Ranking:
    """The compatibility tags of a target, by how good they are."""

    def __init__(self, target: Target) -> None:
        self._ranks: Mapping[Tag, int] = {tag: rank for rank, tag in enumerate(target.tags)}
        self._platforms = frozenset(tag.platform for tag in target.tags)
        self._pythons = frozenset((tag.interpreter, tag.abi) for tag in target.tags)
        self._machine = target.marker_environment["platform_machine"]
        self._libc = target.libc

    def best(self, package: Package) -> Wheel | None:
        """Return the wheel that fits best; the first in the lock, where two are as good."""
        best: Wheel | None = None
        best_key: tuple[int, tuple[()] | tuple[int, str]] | None = None
        for wheel in package.wheels:
            # Most wheels of a lock are for other platforms: not worth being parsed.
            if self._may_fit(wheel):
                build, tags = _read(package, wheel)
                ranks = [rank for tag in tags if (rank := self._ranks.get(tag)) is not None]
                if ranks:
                    key = (-min(ranks), build)
                    if best_key is None or key > best_key:
                        best, best_key = wheel, key
        return best

    def _may_fit(self, wheel: Wheel) -> bool:
        platforms = wheel.filename.removesuffix(".whl").rpartition("-")[2].lower()
        return any(platform in self._platforms for platform in platforms.split("."))

    def wanted_libc(self, wheels: Iterable[Wheel]) -> Libc | None:
        """Return the C library with which one of the wheels would fit, if that is all it takes.

        The oldest of the base's own kind; else of the other kind.
        """
        wanted = [
            libc
            for wheel in wheels
            if self._fits_python(wheel)
            for platform in _tail(wheel)[2].split(".")
            if (libc := self._libc_of(platform)) is not None
        ]
        return min(
            wanted, key=lambda libc: (libc.kind != self._libc.kind, libc.version), default=None
        )

    def _fits_python(self, wheel: Wheel) -> bool:
        python, abi, _ = _tail(wheel)
        return any((p, a) in self._pythons for p in python.split(".") for a in abi.split("."))

    def _libc_of(self, platform: str) -> Libc | None:
        """Return the C library that a tag of this architecture stands for."""
        family, found, _ = platform.partition(f"_{self._machine}")
        if not found or family + found != platform:
            return None
        if match := _LIBC_TAG.fullmatch(family):
            kind: Literal["glibc", "musl"] = "glibc" if match["family"] == "many" else "musl"
            return Libc(kind, (int(match["major"]), int(match["minor"])))
        return _GLIBC_OF.get(family)

    def describe(self, wheels: Sequence[Wheel]) -> str:
        """Say what wheels are made for, as precisely as what nearly fits can be told.

        That is the C library if all else fits, the Pythons if the platform does, or else the
        platforms.

        >>> from lamina.lock.target import Libc, make_target
        >>> from lamina.oci.descriptor import Platform
        >>> target = make_target(Platform("linux", "arm64"), "3.12.0", Libc("glibc", (2, 36)))
        >>> Ranking(target).describe([Wheel("a-1-cp312-cp312-macosx_11_0_arm64.whl")])
        'has macosx arm64'
        >>> Ranking(target).describe([Wheel("a-1-cp312-cp312-manylinux_2_38_aarch64.whl")])
        'needs glibc 2.38, the base has 2.36'
        """
        if (wanted := self.wanted_libc(wheels)) is not None:
            is_newer = wanted.kind == self._libc.kind
            has = str(self._libc).partition(" ")[2] if is_newer else str(self._libc)
            return f"needs {wanted}, the base has {has}"
        fitting = [wheel for wheel in wheels if self._may_fit(wheel)]
        if fitting:
            return f"has {_shorten(_pythons(fitting))} for this platform"
        return f"has {_shorten(_platforms(wheels))}"


def _read(package: Package, wheel: Wheel) -> tuple[tuple[()] | tuple[int, str], frozenset[Tag]]:
    try:
        name, version, build, tags = parse_wheel_filename(wheel.filename)
    except InvalidWheelFilename as error:
        raise InvalidWheel(
            f"Unable to read the filename of a wheel of `{package}`: {error}"
        ) from error
    if name != package.name or not _agrees(version, package.version):
        raise InvalidWheel(
            f"Wheel `{wheel.filename}` is locked for another distribution\n"
            f"  expected: {package}\n"
            f"  got:      {name} {version}",
            hint="To write the lockfile again, run `uv lock`",
        )
    return build, tags


def _agrees(found: Version, locked: Version | None) -> bool:
    """A wheel may have a local version where the locked version has none."""
    return locked is None or locked in (found, Version(found.public))


def _pythons(wheels: Iterable[Wheel]) -> list[str]:
    """Return such as ``cp312``, or ``cp313t`` where only the ABI tells."""
    found = set()
    for wheel in wheels:
        python, abi, _ = _tail(wheel)
        found.add(abi if abi.startswith("cp") and abi != "cp" else f"{python}")
    return sorted(found, key=_natural)


def _platforms(wheels: Iterable[Wheel]) -> list[str]:
    return sorted({_short(p) for wheel in wheels for p in _tail(wheel)[2].split(".")}, key=_natural)


def _tail(wheel: Wheel) -> tuple[str, str, str]:
    parts = wheel.filename.removesuffix(".whl").lower().split("-")
    return (parts[-3], parts[-2], parts[-1]) if len(parts) > 3 else ("", "", parts[-1])


def _short(platform: str) -> str:
    """Return such as ``manylinux_2_34 x86_64`` or ``macosx arm64``."""
    family, _, rest = platform.partition("_")
    if family in ("manylinux", "musllinux"):
        major, minor, machine = (*rest.split("_", 2), "", "")[:3]
        return f"{family}_{major}_{minor} {machine}"
    if family == "macosx":
        return f"macosx {(*rest.split('_', 2), '', '')[2]}"
    return f"{family} {rest}".strip()


def _natural(text: str) -> list[tuple[str, int]]:
    """Order ``cp39`` before ``cp310``."""
    return [("", int(run)) if run.isdigit() else (run, 0) for run in _RUNS.findall(text)]


_MOST = 6
"""How many of what a project has are named in an error."""


def _shorten(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST
    return ", ".join(texts[:_MOST]) + (f" and {more} more" if more > 0 else "")
