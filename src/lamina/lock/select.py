"""Lock and target to a selection: the wheels to install, each chosen among all that are locked.

The order of the checks is that of ``uv sync``: Python, platform, what was asked for, conflicts,
and last whether each distribution can be installed. Those that cannot are reported together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from lamina.lock.choice import Ranking
from lamina.lock.markers import Evaluator
from lamina.lock.model import Lock, LockError, Package, Wheel
from lamina.lock.source import DirectUrl, Path, Registry, Source, Virtual
from lamina.lock.target import Target
from lamina.lock.walk import InconsistentLock, Request, walk


class UnknownRequest(LockError):
    """A project, extra or dependency group that the lock does not have."""


class TargetMismatch(LockError):
    """A target that the lock was not made for."""


class Uninstallable(LockError):
    """Distributions that cannot be installed for the target, every one of them."""


@dataclass(frozen=True, slots=True)
class DirectOrigin:
    """Where a distribution that is from no index comes from; for its ``direct_url.json``."""

    url: str | None = field(default=None, repr=False)
    """Absolute, as locked: credentials may be in it."""
    path: str | None = None
    """A local file, relative to the folder of the lockfile, or absolute."""
    subdirectory: str | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """One distribution to install, with the wheel to install it from."""

    name: str
    version: Version
    wheel: Wheel
    source: Source
    direct: DirectOrigin | None = None
    """``None`` for one from an index."""


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
        _distributions([package for package in packages if package is not root], target),
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


def _distributions(packages: Iterable[Package], target: Target) -> tuple[Distribution, ...]:
    ranking = Ranking(target)
    chosen: list[Distribution] = []
    foreign: list[tuple[str, str]] = []
    misfits: list[tuple[str, str]] = []
    for package in packages:
        if isinstance(package.source, Virtual):
            continue
        if not isinstance(package.source, Registry) and not package.wheels:
            foreign.append((str(package), _describe_source(package)))
        elif (wheel := ranking.best(package)) is None or package.version is None:
            had = ranking.describe(package.wheels) if package.wheels else "has only an sdist"
            misfits.append((str(package), had))
        else:
            direct = _direct(package.source)
            chosen.append(
                Distribution(package.name, package.version, wheel, package.source, direct)
            )
    if foreign or misfits:
        raise _uninstallable(foreign, misfits, target)
    return tuple(sorted(chosen, key=lambda distribution: distribution.name))


def _describe_source(package: Package) -> str:
    suffix = ", an sdist" if isinstance(package.source, DirectUrl | Path) else ""
    return f"{package.source}{suffix}"


def _direct(source: Source) -> DirectOrigin | None:
    if isinstance(source, DirectUrl):
        return DirectOrigin(url=source.url, subdirectory=source.subdirectory)
    if isinstance(source, Path):
        return DirectOrigin(path=source.path)
    return None


def _uninstallable(
    foreign: Sequence[tuple[str, str]], misfits: Sequence[tuple[str, str]], target: Target
) -> Uninstallable:
    blocks, hints = [], []
    if foreign:
        what = _count(foreign, "distribution")
        whose = "its source" if len(foreign) == 1 else "their sources"
        blocks.append(f"Unable to install {what} from {whose}\n{_table(foreign)}")
        hints.append("Depend on wheels instead, from an index, a URL or a local file")
    if misfits:
        blocks.append(f"No wheel of {_count(misfits, 'project')} fits {target}\n{_table(misfits)}")
        hints.append(
            "Choose another `--platform` or Python, or lock versions that have such wheels"
        )
    return Uninstallable("\n".join(blocks), hint="\n".join(hints))


def _count(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}   {text}" for name, text in sorted(rows))
