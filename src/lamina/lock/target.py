"""The machine that an image is for: platform, Python, libc. Never the one that we run on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from packaging.tags import Tag
from packaging.version import InvalidVersion, Version

from lamina.lock.model import LockError
from lamina.oci.descriptor import Platform


class UnsupportedTarget(LockError):
    """A target that no wheel could be chosen for."""


@dataclass(frozen=True, slots=True)
class Libc:
    """The C library of the target's base, and the version that it has."""

    kind: Literal["glibc", "musl"]
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.kind} {self.version[0]}.{self.version[1]}"


@dataclass(frozen=True, slots=True)
class Target:
    """What wheels must fit and markers are asked about. Made by `make_target`."""

    platform: Platform
    python: Version
    libc: Libc
    free_threaded: bool
    tags: tuple[Tag, ...] = field(repr=False)
    """Every compatibility tag that fits, best first, in uv's order (which is packaging's)."""
    marker_environment: Mapping[str, str] = field(repr=False)
    """PEP 508, as uv has it for ``--python-platform``: release and version of the kernel empty."""

    @property
    def python_tag(self) -> str:
        """The version as folders and tags have it: ``3.13``, or ``3.13t`` if free-threaded."""
        major, minor = self.python.release[:2]
        return f"{major}.{minor}{'t' if self.free_threaded else ''}"

    def __str__(self) -> str:
        return f"{self.platform}, Python {self.python_tag}"


_MACHINES = {
    "amd64": "x86_64",
    "386": "i686",
    "arm64": "aarch64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loong64": "loongarch64",
}
"""The name that Python has for an architecture. Variants (amd64/v3) are the same to every tag."""

_ARMS = {"": "armv7l", "v5": "armv5tel", "v6": "armv6l", "v7": "armv7l", "v8": "armv7l"}
"""The same for 32-bit ARM, where the variant decides."""

_OLDEST_GLIBC = {
    "x86_64": 5,
    "i686": 5,
    "aarch64": 17,
    "armv7l": 17,
    "ppc64le": 17,
    "s390x": 17,
    "riscv64": 31,
    "loongarch64": 36,
}
"""The minor of glibc that an architecture's manylinux tags begin with (PEP 600). The older ARMs
have none: no index takes a wheel for them, but there are some elsewhere, tagged ``linux``."""

GLIBC_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""The names before PEP 600, by the minor of the glibc that they stand for."""


def make_target(
    platform: Platform, python: Version | str, libc: Libc, *, free_threaded: bool = False
) -> Target:
    """Return the target, or say why there can be none.

    ``python`` is a full version, such as ``3.12.4``: markers may ask for its last part.
    """
    version = _full_version(python)
    is_arm = platform.architecture == "arm"
    machine = _ARMS.get(platform.variant) if is_arm else _MACHINES.get(platform.architecture)
    if platform.os != "linux" or machine is None:
        raise UnsupportedTarget(
            f"No wheels can be chosen for platform: {platform}",
            hint="Supported are linux/amd64, linux/arm64, linux/386, linux/arm (v5, v6, v7), "
            "linux/ppc64le, linux/s390x, linux/riscv64 and linux/loong64",
        )
    return Target(
        platform,
        version,
        libc,
        free_threaded,
        _all_tags(version.minor, machine, libc, free_threaded),
        _marker_environment(version, machine),
    )


def _full_version(python: Version | str) -> Version:
    try:
        version = python if isinstance(python, Version) else Version(python)
    except InvalidVersion:
        version = Version("0")
    if len(version.release) != 3 or version.release[:1] != (3,) or version.epoch:
        raise UnsupportedTarget(
            f"Expected a full version of Python 3, got: {python}", hint="For example `3.12.4`"
        )
    return version


def _marker_environment(python: Version, machine: str) -> Mapping[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": str(python),
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": str(python),
        "python_version": f"{python.major}.{python.minor}",
        "sys_platform": "linux",
    }


def _platform_tags(machine: str, libc: Libc) -> Iterator[str]:
    """Give the platform tags, newest first (PEP 600, PEP 656)."""
    major, minor = libc.version
    if libc.kind == "musl":
        for older in range(minor, -1, -1):
            yield f"musllinux_{major}_{older}_{machine}"
    elif (oldest := _OLDEST_GLIBC.get(machine)) is not None:
        for older in range(minor, oldest - 1, -1):
            yield f"manylinux_{major}_{older}_{machine}"
            if older in GLIBC_ALIASES:
                yield f"{GLIBC_ALIASES[older]}_{machine}"
    yield f"linux_{machine}"


@lru_cache(maxsize=16)
def _all_tags(newest: int, machine: str, libc: Libc, free_threaded: bool) -> tuple[Tag, ...]:
    return tuple(_tags(newest, tuple(_platform_tags(machine, libc)), free_threaded))


def _tags(newest: int, platforms: tuple[str, ...], free_threaded: bool) -> Iterator[Tag]:
    """Give the compatibility tags (PEP 425), best first.

    Written out here, since a release of packaging may order its own otherwise, and then another
    wheel would be chosen from the same lock.
    """
    interpreter = f"cp3{newest}"
    abi, stable = (f"{interpreter}t", "abi3t") if free_threaded else (interpreter, "abi3")
    yield from (Tag(interpreter, abi, platform) for platform in platforms)
    for minor in range(newest, 1, -1):
        yield from (Tag(f"cp3{minor}", stable, platform) for platform in platforms)
        if minor == newest:
            yield from (Tag(interpreter, "none", platform) for platform in platforms)
    generic = [f"py3{newest}", "py3", *(f"py3{minor}" for minor in range(newest - 1, -1, -1))]
    for version in generic:
        yield from (Tag(version, "none", platform) for platform in platforms)
    for version in [interpreter, *generic]:
        yield Tag(version, "none", "any")
