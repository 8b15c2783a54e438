"""Lock and target to a selection: the wheels to install, each chosen among all that are locked.

The order of the checks is that of ``uv sync``: Python, platform, what was asked for, conflicts,
and last whether each distribution can be installed. Those that cannot are reported together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from packaging.version import Version

from lamina.lock.choice import Ranking
from lamina.lock.fitting import TargetMismatch, check_target
from lamina.lock.listed import listed
from lamina.lock.markers import Evaluator
from lamina.lock.model import Lock, LockError, Package, Sdist, Wheel
from lamina.lock.roots import Roots, find_roots, members
from lamina.lock.source import Directory, Editable, Git, Path, Source, Virtual
from lamina.lock.target import Libc, Target
from lamina.lock.walk import InconsistentLock, walk
from lamina.lock.wanted import Wanted


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

THE_PROJECT = Wanted()
"""The project beside the lockfile with what it needs, without extras and groups."""

_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Project:
    """The project that the image is of."""

    name: str
    version: Version | None
    source: Source
    is_installed: bool = True
    """Whether it is installed, or only what it needs."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to install for one target."""

    project: Project | None
    """``None`` for a workspace whose root is no project."""
    distributions: tuple[Distribution, ...]
    """Sorted by name; neither the project nor what is virtual is among them."""

    @property
    def installs_project(self) -> bool:
        """Whether the project itself is installed, and not only what it needs."""
        return self.project is not None and self.project.is_installed


def select(
    lock: Lock, target: Target, wanted: Wanted = THE_PROJECT, policy: Policy = FREELY
) -> Selection:
    """Return what an installation of the project takes, or say everything that is in the way."""
    if lock.listing is not None:
        roots, packages = listed(lock, lock.listing, target, wanted)
    else:
        roots, packages = _walked(lock, target, wanted)
    _check_unique(lock, packages)
    local = {package.name for package in members(lock)}
    installed = list(_installed(packages, lock, wanted, local))
    project = roots.project
    return Selection(
        None
        if project is None
        else Project(project.name, project.version, project.source, project in installed),
        _distributions([p for p in installed if p is not project], target, policy, local),
    )


def _walked(lock: Lock, target: Target, wanted: Wanted) -> tuple[Roots, tuple[Package, ...]]:
    """Return where the walk began, and what it found."""
    evaluator = Evaluator(target.marker_environment)
    check_target(lock, target, evaluator)
    roots = find_roots(lock, wanted)
    _check_groups(target, wanted)
    return roots, walk(lock, roots.request(wanted), evaluator)


def _installed(
    packages: Iterable[Package], lock: Lock, wanted: Wanted, local: Set[str]
) -> Iterator[Package]:
    """Give those of the packages that are installed, as the ``--no-install-`` options say."""
    beside = lock.project()
    project = wanted.project
    if project is None and beside is not None:
        project = beside.name
    # With several of `--package`, none of them is the project, and nor is that of the folder.
    has_project = len(wanted.packages) < _SEVERAL
    for package in packages:
        if wanted.install.takes(
            package.name,
            is_project=has_project and package.name == project,
            is_member=package.name in local and bool(lock.manifest.members),
            is_local=isinstance(package.source, Directory | Editable | Path | Virtual),
        ):
            yield package


def _check_groups(target: Target, wanted: Wanted) -> None:
    """Refuse a Python that a group which is taken does not admit."""
    release = Version(target.python.base_version)
    misfits = [
        f"  group `{group}`: {requires}"
        for group, requires in sorted(wanted.pythons.items())
        if wanted.groups.takes(group) and not requires.contains(release, prereleases=True)
    ]
    if misfits:
        raise TargetMismatch(
            "\n".join([f"Python {target.python} does not satisfy `requires-python` of:", *misfits]),
            hint="Choose another Python, or leave the group out with `--no-group`",
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
            hint=lock.remedy,
        )


def _distributions(
    packages: Iterable[Package], target: Target, policy: Policy, local: Set[str]
) -> tuple[Distribution, ...]:
    ranking = Ranking(target)
    chosen: list[Distribution] = []
    misfits: list[_Misfit] = []
    for package in packages:
        if isinstance(package.source, Virtual):
            continue
        # The members of the workspace are built whatever may not be, as uv does.
        may_build = package.name in local or policy.builds(package.name)
        takes_wheels = policy.takes_wheels(package.name)
        artifact = _artifact(package, ranking, may_build=may_build, takes_wheels=takes_wheels)
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


def _artifact(
    package: Package, ranking: Ranking, *, may_build: bool, takes_wheels: bool
) -> Artifact | _Misfit:
    """Choose as uv does: the best wheel, else the sources."""
    has_wheels = bool(package.wheels) and takes_wheels
    if has_wheels and (wheel := ranking.best(package)) is not None:
        return wheel
    sources = _sources(package)
    if sources is not None and may_build:
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


_NO_WHEEL = "Choose another platform or Python, or lock versions that have such wheels"
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
