"""What Lamina itself would do for a project: by the planner's own rules, from lock and base.

Nothing is asked of an index, so that what the lock does not tell is said to be missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from lamina.dockerfile.model.apt import installed
from lamina.dockerfile.model.build import StageModel
from lamina.dockerfile.model.run import Run
from lamina.lock.model import Lock, Wheel
from lamina.lock.select import THE_PROJECT, select
from lamina.lock.target import Libc, Target, make_target
from lamina.lock.wanted import Extras, Groups, Wanted
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
    packages: tuple[str, ...] = ()
    """Debian's, which the image installs."""


@dataclass(frozen=True, slots=True)
class _Sized:
    name: str
    size: int


def alternative(
    lock: Lock, base: str, wanted: Wanted = THE_PROJECT, packages: tuple[str, ...] = ()
) -> Alternative:
    """Return the layers for a lock and the base image of a Dockerfile. Raises `LockError`."""
    target = make_target(_PLATFORM, _python(lock, base), _MUSL if "alpine" in base else _GLIBC)
    chosen = select(lock, target, wanted).distributions
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
        packages=packages,
    )


def packages_of(stage: StageModel | None) -> tuple[str, ...]:
    """Return the Debian packages that a stage installs, those it begins with included."""
    runs = [step.run for step in stage.all_steps if step.run] if stage is not None else []
    return installed(command for run in runs for command in run.commands)


def wanted_by(run: Run | None, defaults: frozenset[str] | None) -> Wanted:
    """Return what the ``uv sync`` of a RUN takes of a lock; the project alone if there is none.

    ``defaults`` are the groups that are taken by default, as in `Groups`.
    """
    found = run.installs if run is not None else []
    sync = next((each for each in found if each.line.shown == "uv sync"), None)
    if sync is None:
        return THE_PROJECT

    def names(option: str) -> frozenset[str]:
        values = (word.value(sync.lookup) for word in sync.line.values(option))
        return frozenset(canonicalize_name(value) for value in values if value)

    has_no_defaults = sync.is_on("UV_NO_DEFAULT_GROUPS", "--no-default-groups")
    has_dev = True if sync.line.has("--dev") else None
    return Wanted(
        extras=Extras(
            named=names("--extra"),
            all=sync.line.has("--all-extras"),
            without=names("--no-extra"),
        ),
        groups=Groups(
            named=names("--group"),
            only=names("--only-group"),
            all=sync.line.has("--all-groups"),
            without=names("--no-group"),
            dev=False if sync.is_on("UV_NO_DEV", "--no-dev") else has_dev,
            only_dev=sync.line.has("--only-dev"),
            defaults=frozenset() if has_no_defaults else defaults,
        ),
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
