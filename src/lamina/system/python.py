"""The interpreter and the C library that Debian packages bring, as their versions tell."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lamina.deb.package import DebianPackage
from lamina.plan.base import BaseLibc, BasePython

_PYTHON = re.compile(r"python3\.(\d+)")
_UPSTREAM = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)*)")


def python_of(packages: Iterable[DebianPackage]) -> BasePython | None:
    """Return the newest Python 3 among packages."""
    found = [
        (int(match[1]), version)
        for package in packages
        if (match := _PYTHON.fullmatch(package.name)) and (version := _upstream(package))
    ]
    if not found:
        return None
    minor, version = max(found)
    return BasePython(f"/usr/bin/python3.{minor}", version)


def libc_of(packages: Iterable[DebianPackage]) -> BaseLibc | None:
    """Return the C library among packages."""
    versions = [_upstream(package) for package in packages if package.name == "libc6"]
    return BaseLibc("glibc", versions[0]) if versions and versions[0] else None


def _upstream(package: DebianPackage) -> str:
    """Return the version of what was packaged, without Debian's own part (Policy 5.6.12)."""
    match = _UPSTREAM.match(package.version)
    return match[1] if match else ""
