"""What a Debian base will consist of: its packages, the layers they go to, and its Python."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from lamina.deb.packages import DebianPackage
from lamina.errors import LaminaError
from lamina.oci.document import MalformedDocument
from lamina.plan.key import EPOCH, LayerKey

FORMAT = 1
"""Of the content of these layers. It goes up when the same packages would give other entries."""

ROOTS = ("python3", "libc-bin", "libstdc++6")
"""Taken with all that they depend on. `libc-bin` has the locale C.UTF-8, and `libstdc++6` is what
wheels for Linux may expect of every system (PEP 600)."""

ALONE = ("base-files", "base-passwd", "ca-certificates", "netbase", "tzdata")
"""Taken without what they depend on: that serves their maintainer scripts (awk, debconf, openssl),
which are not run; what the scripts would have done with the data is done by `rootfs`."""

LIFETIME = timedelta(days=1)
"""How long a resolution is used without looking at the mirror again."""

ENV = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
)
CMD = ("python3",)

_ARCHITECTURES = {"amd64": "amd64", "arm64": "arm64"}
_GROUPS = (
    ("libc", re.compile(r"libc6|libc-bin|libcrypt1|libgcc-s1|libstdc\+\+6|gcc-\d+-base")),
    ("python", re.compile(r"(lib)?python3.*")),
    ("data", re.compile("|".join(ALONE))),
)
_ORDER = ("libc", "libraries", "python", "data", "database")
"""Lowest first: what changes often for its size lies high, so that least lies above it."""

_PYTHON = re.compile(r"python3\.(\d+)")
_UPSTREAM = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)*)")


class UnsupportedPlatform(LaminaError):
    """A platform for which no base is made from Debian packages."""


def debian_architecture(platform: str) -> str:
    """Return Debian's name of an OCI platform.

    >>> debian_architecture("linux/arm64/v8")
    'arm64'
    """
    os, _, rest = platform.partition("/")
    architecture = _ARCHITECTURES.get(rest.partition("/")[0])
    if os != "linux" or architecture is None:
        known = ", ".join(f"linux/{name}" for name in sorted(_ARCHITECTURES))
        raise UnsupportedPlatform(
            f"Unable to make a base from Debian packages for {platform}",
            hint=f"It can be made for {known}; for others, name a base image",
        )
    return architecture


@dataclass(frozen=True, slots=True)
class DebianLayer:
    """Some packages of a base in one layer; the highest holds dpkg's database of all of them."""

    name: str
    architecture: str
    packages: tuple[DebianPackage, ...]

    @property
    def is_database(self) -> bool:
        """Whether it holds the database, for which no package need be fetched."""
        return self.name == "database"

    @property
    def key(self) -> LayerKey:
        """The identity of the layer before it is made."""
        packages = [[package.name, package.sha256] for package in self.packages]
        if self.is_database:
            packages = [[package.name, _digest(package.status)] for package in self.packages]
        return LayerKey.of(
            {
                "debian": FORMAT,
                "layer": self.name,
                "architecture": self.architecture,
                "packages": packages,
                "date": EPOCH,
            }
        )

    @property
    def title(self) -> str:
        """What the history of the image says of it."""
        if self.is_database:
            return f"dpkg database of {len(self.packages)} packages"
        return ", ".join(f"{package.name} {package.version}" for package in self.packages)


@dataclass(frozen=True, slots=True)
class DebianPython:
    """The interpreter of a base."""

    version: str
    """As in ``3.13.5``."""
    path: str
    """As in ``/usr/bin/python3.13``."""


@dataclass(frozen=True, slots=True)
class DebianPlan:
    """The packages of a base, ordered by name."""

    codename: str
    architecture: str
    suites: tuple[str, ...]
    """That were looked at: those that the mirror has."""
    packages: tuple[DebianPackage, ...]
    resolved_at: datetime

    @property
    def layers(self) -> tuple[DebianLayer, ...]:
        """The layers, lowest first."""
        groups: dict[str, list[DebianPackage]] = {name: [] for name in _ORDER}
        for package in self.packages:
            groups[_group(package.name)].append(package)
        groups["database"] = list(self.packages)
        return tuple(
            DebianLayer(name, self.architecture, tuple(packages))
            for name, packages in groups.items()
            if packages
        )

    @property
    def python(self) -> DebianPython:
        """The interpreter, as its package tells it."""
        found = [
            (int(match[1]), package)
            for package in self.packages
            if (match := _PYTHON.fullmatch(package.name))
        ]
        if not found:
            raise LaminaError(f"`debian:{self.codename}` has no Python 3")
        minor, package = max(found, key=lambda each: each[0])
        return DebianPython(_upstream(package), f"/usr/bin/python3.{minor}")

    @property
    def glibc(self) -> str:
        """The version of the C library, as in ``2.41``."""
        for package in self.packages:
            if package.name == "libc6":
                return _upstream(package)
        raise LaminaError(f"`debian:{self.codename}` has no C library")

    def is_fresh(self, now: datetime) -> bool:
        """Say whether the mirror need not be asked again at ``now``."""
        return timedelta() <= now - self.resolved_at < LIFETIME

    def to_json(self) -> dict[str, object]:
        """Return an object to keep the plan as."""
        return {
            "format": FORMAT,
            "codename": self.codename,
            "architecture": self.architecture,
            "suites": list(self.suites),
            "packages": [asdict(package) for package in self.packages],
            "resolved_at": int(self.resolved_at.timestamp()),
        }

    @classmethod
    def from_json(cls, document: object) -> DebianPlan:
        """Read what `to_json` wrote."""
        match document:
            case {
                "format": int(version),
                "codename": str(codename),
                "architecture": str(architecture),
                "suites": [*suites],
                "packages": [*packages],
                "resolved_at": int(resolved_at),
            } if version == FORMAT and all(isinstance(suite, str) for suite in suites):
                return cls(
                    codename,
                    architecture,
                    tuple(str(suite) for suite in suites),
                    tuple(_package(package) for package in packages),
                    _time(resolved_at),
                )
            case _:
                raise MalformedDocument("Malformed plan of a Debian base")


def resolution_key(codename: str, architecture: str, urls: tuple[str, ...]) -> LayerKey:
    """Return the name under which a plan is kept: all that is asked for, but for the time."""
    return LayerKey.of(
        {
            "debian-plan": FORMAT,
            "codename": codename,
            "architecture": architecture,
            "archives": list(urls),
            "roots": list(ROOTS),
            "alone": list(ALONE),
        }
    )


def _group(name: str) -> str:
    for group, pattern in _GROUPS:
        if pattern.fullmatch(name):
            return group
    return "libraries"


def _upstream(package: DebianPackage) -> str:
    match = _UPSTREAM.match(package.version)
    if match is None:
        raise LaminaError(f"Unable to read the version of `{package.name}`: {package.version}")
    return match[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise MalformedDocument("Malformed plan of a Debian base") from None


def _package(value: object) -> DebianPackage:
    match value:
        case {
            "name": str(name),
            "version": str(version),
            "architecture": str(architecture),
            "is_multi_arch_same": bool(is_multi_arch_same),
            "url": str(url),
            "size": int(size),
            "sha256": str(sha256),
            "status": str(status),
        }:
            return DebianPackage(
                name, version, architecture, is_multi_arch_same, url, size, sha256, status
            )
        case _:
            raise MalformedDocument("Malformed plan of a Debian base")
