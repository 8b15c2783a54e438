"""Lock and target to a selection: the wheels to install, each chosen among all that are locked.

The order of the checks is that of ``uv sync``: Python, platform, what was asked for, conflicts,
and last whether each distribution can be installed. Those that cannot are reported together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from lamina.lock.choice import Ranking
from lamina.lock.markers import Evaluator
from lamina.lock.model import Lock, LockError, Package, Sdist, Wheel
from lamina.lock.source import Directory, Editable, Git, Registry, Source, Virtual
from lamina.lock.target import Libc, Target
from lamina.lock.walk import InconsistentLock, Request, walk


class UnknownRequest(LockError):
    """A project, extra or dependency group that the lock does not have."""


class TargetMismatch(LockError):
    """A target that the lock was not made for."""


class Uninstallable(LockError):
    """Distributions that cannot be installed for the target, every one of them."""


Artifact = Wheel | Sdist | Git | Directory | Editable
"""What a distribution is installed from: a wheel, or sources of which one is built."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One distribution to install, and what from."""

    name: str
    version: Version | None
    """``None`` where a source tree computes it."""
    artifact: Artifact
    source: Source

    @property
    def is_local(self) -> bool:
        """Whether it is a source tree of this machine, which may change at any time."""
        return isinstance(self.artifact, Directory | Editable)


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether wheels are taken and built; as uv has it, `None` of names stands for all."""

    no_binary: frozenset[str] | None = frozenset()
    """The projects whose wheels are not taken."""
    no_build: frozenset[str] | None = frozenset()
    """The projects of which no wheel is built."""

    def takes_wheels(self, name: str) -> bool:
        """Say whether wheels of a project are taken."""
        return self.no_binary is not None and name not in self.no_binary

    def builds(self, name: str) -> bool:
        """Say whether a wheel of a project may be built."""
        return self.no_build is not None and name not in self.no_build


FREELY = Policy()
"""Wheels are taken where one fits, and built where none does."""


@dataclass(frozen=True, slots=True)
class Project:
    """The project that the image is of."""

    name: str
    version: Version | None
    source: Source


@dataclass(frozen=True, slots=True)
class Selection:
    """What to install for one target."""

    project: Project | None
    """``None`` for a workspace whose root is no project."""
    distributions: tuple[Distribution, ...]
    """Sorted by name; neither the project nor what is virtual is among them."""


def select(
    lock: Lock,
    target: Target,
    *,
    project: str | None = None,
    extras: Iterable[str] = (),
    all_extras: bool = False,
    groups: Iterable[str] = (),
    policy: Policy = FREELY,
) -> Selection:
    """Return what an installation of the project takes, or say everything that is in the way.

    ``project`` is a member of the workspace; without it, the one beside the lockfile. Names are
    normalised ones. No group is taken that is not named: an image leaves ``dev`` out.
    """
    evaluator = Evaluator(target.marker_environment)
    _check_target(lock, target, evaluator)
    roots = _roots(lock, project)
    known = known_extras(roots)
    _check_known("extra", extras, known, lock)
    _check_known("group", groups, known_groups(lock, roots), lock)
    request = Request(roots, frozenset(known if all_extras else extras), frozenset(groups))
    packages = walk(lock, request, evaluator)
    root = roots[0] if project is not None or lock.project() is not None else None
    _check_unique(lock, packages)
    return Selection(
        None if root is None else Project(root.name, root.version, root.source),
        _distributions([package for package in packages if package is not root], target, policy),
    )


def known_extras(roots: Iterable[Package]) -> set[str]:
    """Return the extras that may be asked for, the empty ones too."""
    known: set[str] = set()
    for package in roots:
        known |= package.optional_dependencies.keys()
        if package.metadata is not None:
            known |= set(package.metadata.provides_extras or ())
    return known


def known_groups(lock: Lock, roots: Iterable[Package]) -> set[str]:
    """Return the dependency groups that may be asked for, the empty ones too."""
    known = set(lock.manifest.dependency_groups)
    for package in roots:
        known |= package.dependency_groups.keys()
        if package.metadata is not None:
            known |= package.metadata.requires_dev.keys()
    return known


def _check_target(lock: Lock, target: Target, evaluator: Evaluator) -> None:
    # Only the release counts: 3.14.0rc1 is 3.14.0 here, as in uv.
    release = Version(target.python.base_version)
    if not lock.requires_python.contains(release, prereleases=True):
        raise TargetMismatch(
            f"Python {target.python} does not satisfy `requires-python` of `{lock.path}`\n"
            f"  expected: {lock.requires_python}\n"
            f"  got:      {target.python}",
            hint="Choose another Python",
        )
    for markers in (lock.supported_markers, lock.resolution_markers):
        if markers and not evaluator.can_hold(markers):
            raise TargetMismatch(
                f"`{lock.path}` is not made for {target}\n"
                + "\n".join(f"  supports: {marker}" for marker in markers),
                hint="To support it, add it to `environments` of `[tool.uv]` and run `uv lock`",
            )


def _roots(lock: Lock, project: str | None) -> tuple[Package, ...]:
    """Return the packages to begin with: one project, or all members if the root is none."""
    local = [package for package in lock.packages if not isinstance(package.source, Registry)]
    if project is not None:
        _check_known("project", [project], {package.name for package in local}, lock)
        return tuple(package for package in local if package.name == project)
    root = lock.project()
    if root is not None:
        return (root,)
    members = set(lock.manifest.members)
    return tuple(package for package in local if package.name in members)


def _check_known(kind: str, asked: Iterable[str], known: set[str], lock: Lock) -> None:
    unknown = sorted(set(asked) - known)
    if not unknown:
        return
    names = ", ".join(f"`{name}`" for name in unknown)
    plural = "s" if len(unknown) > 1 else ""
    close = [m for name in unknown for m in difflib.get_close_matches(name, sorted(known), n=1)]
    raise UnknownRequest(
        f"No {kind}{plural} {names} in `{lock.path}`; it has "
        + (", ".join(f"`{name}`" for name in sorted(known)) or "none"),
        hint="Did you mean " + ", ".join(f"`{name}`" for name in close) + "?" if close else None,
    )


def _check_unique(lock: Lock, packages: Sequence[Package]) -> None:
    by_name: dict[str, list[Package]] = {}
    for package in packages:
        by_name.setdefault(package.name, []).append(package)
    doubles = [
        " and ".join(str(package) for package in same) for same in by_name.values() if len(same) > 1
    ]
    if doubles:
        raise InconsistentLock(
            f"`{lock.path}` selects a project twice: {'; '.join(sorted(doubles))}",
            hint="To write the lockfile again, run `uv lock`",
        )


def _distributions(
    packages: Iterable[Package], target: Target, policy: Policy
) -> tuple[Distribution, ...]:
    ranking = Ranking(target)
    chosen: list[Distribution] = []
    misfits: list[_Misfit] = []
    for package in packages:
        if isinstance(package.source, Virtual):
            continue
        artifact = _artifact(package, ranking, policy)
        if isinstance(artifact, _Misfit):
            misfits.append(artifact)
        else:
            chosen.append(Distribution(package.name, package.version, artifact, package.source))
    if misfits:
        raise _uninstallable(misfits, target)
    return tuple(sorted(chosen, key=lambda distribution: distribution.name))


@dataclass(frozen=True, slots=True)
class _Misfit:
    """Why a package cannot be installed."""

    package: str
    why: str
    hint: str = ""
    wanted: Libc | None = None
    """The C library of the base with which a wheel would fit."""


def _artifact(package: Package, ranking: Ranking, policy: Policy) -> Artifact | _Misfit:
    """Choose as uv does: the best wheel, else the sources."""
    has_wheels = bool(package.wheels) and policy.takes_wheels(package.name)
    if has_wheels and (wheel := ranking.best(package)) is not None:
        return wheel
    sources = _sources(package)
    if sources is not None and policy.builds(package.name):
        return sources
    had = ranking.describe(package.wheels) if has_wheels else ""
    wanted = ranking.wanted_libc(package.wheels) if has_wheels else None
    if sources is not None:
        what = "an sdist" if isinstance(sources, Sdist) else "sources"
        why = f"{had}, and {what}" if had else f"has only {what}"
        return _Misfit(str(package), f"{why}, which may not be built", _NO_BUILD, wanted)
    if package.wheels and not has_wheels:
        return _Misfit(str(package), "has only wheels, which may not be taken", _NO_BINARY)
    return _Misfit(str(package), had or "has no files", "" if wanted else _NO_WHEEL, wanted)


_NO_WHEEL = "Choose another `--platform` or Python, or lock versions that have such wheels"
_NO_BUILD = "To build wheels, drop `--no-build`, or `no-build` of `[tool.uv]`"
_NO_BINARY = "To take wheels, drop `--no-binary`, or `no-binary` of `[tool.uv]`"


def _sources(package: Package) -> Sdist | Git | Directory | Editable | None:
    if isinstance(package.source, Git | Directory | Editable):
        return package.source
    return package.sdist


def _uninstallable(misfits: Sequence[_Misfit], target: Target) -> Uninstallable:
    what = _count(misfits, "project")
    rows = _table([(misfit.package, misfit.why) for misfit in misfits])
    hints = [*_ways_to_a_libc(misfits, target), *(misfit.hint for misfit in misfits if misfit.hint)]
    return Uninstallable(
        f"No wheel of {what} fits {target}\n{rows}", hint="\n".join(dict.fromkeys(hints))
    )


def _ways_to_a_libc(misfits: Iterable[_Misfit], target: Target) -> Iterator[str]:
    """Say which base would do: what the most demanding of each kind needs, the others take too."""
    wanted = [misfit.wanted for misfit in misfits if misfit.wanted is not None]
    for kind in sorted({libc.kind for libc in wanted}):
        most = max((libc for libc in wanted if libc.kind == kind), key=lambda libc: libc.version)
        yield (
            f"Choose a `--base` with {most} or newer, or lock versions that have wheels for "
            f"{target.libc}"
        )


def _count(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}   {text}" for name, text in sorted(rows))
