"""What a Debian base will consist of: its packages, the layers they go to, and its Python."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from lamina.deb.package import DebianPackage
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Platform
from lamina.oci.digest import DiffID
from lamina.oci.document import MalformedDocument
from lamina.plan.epoch import EPOCH
from lamina.plan.key import LayerKey

FORMAT = 3
"""Of the content of these layers. It goes up when the same packages would give other entries."""

ROOTS = (
    "base-files",
    "base-passwd",
    "ca-certificates",
    "libc-bin",
    "libstdc++6",
    "netbase",
    "python3",
    "tzdata",
)
"""Taken with all that they depend on, so that apt finds nothing amiss; what only serves their
maintainer scripts (awk, debconf, openssl) takes 0.6 MB. `libc-bin` has the locale C.UTF-8, and
`libstdc++6` is what wheels for Linux may expect of every system (PEP 600)."""

SHELL = ("coreutils", "dash", "findutils", "grep", "sed")
"""What scripts for ``/bin/sh`` rely on; an awk is there already."""

_OF_SHELL = ("debianutils", "libattr1", "libcap2", "libgmp10", "libsystemd0")
"""What only these depend on: in the layer of the shell, so that the others are the same without."""

LIFETIME = timedelta(days=1)
"""How long a resolution is used without looking at the mirror again."""

ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}
CMD = ("python3",)

_GROUPS = (
    ("libc", re.compile(r"libc6|libc-bin|libcrypt1|libgcc-s1|libstdc\+\+6|gcc-\d+-base")),
    ("python", re.compile(r"(lib)?python3.*")),
    ("shell", re.compile("|".join([*SHELL, *_OF_SHELL]))),
    ("data", re.compile("base-files|base-passwd|ca-certificates|netbase|openssl|tzdata")),
)
_ORDER = ("libc", "libraries", "python", "shell", "data", "database")
"""Lowest first: what changes often for its size lies high, so that least lies above it."""


@dataclass(frozen=True, slots=True)
class DebianLayer:
    """Some packages of a base in one layer; the highest holds dpkg's database of all of them."""

    name: str
    architecture: str
    packages: tuple[DebianPackage, ...]

    @property
    def is_database(self) -> bool:
        """Whether it holds the database, which is made of notes on all packages."""
        return self.name == "database"

    @property
    def key(self) -> LayerKey:
        """The identity of the layer before it is made."""
        packages = [package.identity for package in self.packages]
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
class DebianPlan:
    """The packages of a base, ordered by name."""

    codename: str
    architecture: str
    suites: tuple[str, ...]
    """That were looked at: those that the mirror has."""
    releases: tuple[str, ...]
    """SHA-256 of the release file of each suite: as long as none changes, neither does the plan."""
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

    def image_config(self, platform: Platform, diff_ids: Iterable[DiffID]) -> ImageConfig:
        """Return the config of the base, whose layers became ``diff_ids``, lowest first."""
        return ImageConfig(
            platform.architecture,
            platform.os,
            platform.variant,
            env=ENV,
            cmd=CMD,
            diff_ids=tuple(diff_ids),
            history=tuple(
                History(created_by=layer.title, comment=str(layer.key)) for layer in self.layers
            ),
        )

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
            "releases": list(self.releases),
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
                "releases": [*releases],
                "packages": [*packages],
                "resolved_at": int(resolved_at),
            } if version == FORMAT and all(isinstance(name, str) for name in suites + releases):
                return cls(
                    codename,
                    architecture,
                    tuple(map(str, suites)),
                    tuple(map(str, releases)),
                    tuple(_package(package) for package in packages),
                    _time(resolved_at),
                )
            case _:
                raise MalformedDocument("Malformed plan of a Debian base")


def roots(*, shell: bool) -> tuple[str, ...]:
    """Return the packages that a base is asked to have."""
    return (*ROOTS, *SHELL) if shell else ROOTS


def plan_key(codename: str, architecture: str, archives: Iterable[str], *, shell: bool) -> LayerKey:
    """Return the name under which a plan is kept: all that is asked for, but for the time.

    ``archives`` are the identities of the archives that are asked.
    """
    return LayerKey.of(
        {
            "debian-plan": FORMAT,
            "codename": codename,
            "architecture": architecture,
            "archives": list(archives),
            "roots": list(roots(shell=shell)),
        }
    )


def _group(name: str) -> str:
    for group, pattern in _GROUPS:
        if pattern.fullmatch(name):
            return group
    return "libraries"


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
            "suite": str(suite),
            "path": str(path),
            "size": int(size),
            "sha256": str(sha256),
        }:
            return DebianPackage(name, version, architecture, suite, path, size, sha256)
        case _:
            raise MalformedDocument("Malformed plan of a Debian base")
