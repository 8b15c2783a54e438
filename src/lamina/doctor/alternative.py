"""What Lamina itself would do for a project: by the planner's own rules, from lock and base.

Nothing is asked of an index, so that what the lock does not tell is said to be missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lamina.lock.model import Lock, Wheel
from lamina.lock.select import select
from lamina.lock.target import Libc, Target, make_target
from lamina.oci.descriptor import Platform
from lamina.plan.layering import DEFAULT_ALONE, GROUPS, Budget, partition

_PYTHON = re.compile(r"(?:^|/)python:(3\.\d{1,3}(?:\.\d{1,3})?)(?=$|[-@])")
_GLIBC, _MUSL = Libc("glibc", (2, 36)), Libc("musl", (1, 2))
_PLATFORM = Platform("linux", "amd64")
_MINORS = range(15, 7, -1)


@dataclass(frozen=True, slots=True)
class Alternative:
    """The layers that a project's dependencies would be in."""

    target: Target
    distributions: int
    sources: int
    """How many of them have no wheel that fits, and would be built once."""
    bytes: int
    """Of the wheels whose size the lock tells."""
    unsized: int
    """How many sizes it does not tell."""
    layers: int
    largest: tuple[str, int] | None
    """The largest wheel, with a layer of its own: what a new version of it costs."""


@dataclass(frozen=True, slots=True)
class _Sized:
    name: str
    size: int


def alternative(lock: Lock, base: str) -> Alternative:
    """Return the layers for a lock and the base image of a Dockerfile. Raises `LockError`."""
    target = make_target(_PLATFORM, _python(lock, base), _MUSL if "alpine" in base else _GLIBC)
    chosen = select(lock, target).distributions
    wheels = [each for each in chosen if isinstance(each.artifact, Wheel)]
    sizes = [
        _Sized(each.name, (each.artifact.size if isinstance(each.artifact, Wheel) else 0) or 0)
        for each in chosen
    ]
    layers = partition(sizes, Budget(DEFAULT_ALONE, GROUPS))
    largest = max(sizes, key=lambda each: each.size, default=None)
    return Alternative(
        target=target,
        distributions=len(chosen),
        sources=len(chosen) - len(wheels),
        bytes=sum(each.size for each in sizes),
        unsized=sum(1 for each in sizes if not each.size),
        layers=len(layers),
        largest=(largest.name, largest.size) if largest is not None and largest.size else None,
    )


def _python(lock: Lock, base: str) -> str:
    """Return the base's Python, as its name tells, or the newest that the lock admits.

    >>> _PYTHON.search("docker.io/library/python:3.10.14-slim")[1]
    '3.10.14'
    """
    if found := _PYTHON.search(base):
        return found[1] if found[1].count(".") == 2 else f"{found[1]}.0"
    admitted = (f"3.{minor}.0" for minor in _MINORS if f"3.{minor}.0" in lock.requires_python)
    return next(admitted, "3.12.0")
