"""Where the walk over a lock begins, and whether everything that was named is there.

The rules are those of ``uv sync``: the project of the folder, the members that ``--package``
names, or all of them; and all of them too where the workspace's root is no project.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from lamina.lock.model import Lock, LockError, Package
from lamina.lock.source import Directory, Editable, Virtual
from lamina.lock.walk import Request, extras_in, groups_in
from lamina.lock.wanted import Wanted


class UnknownRequest(LockError):
    """Projects, extras or dependency groups that the lock does not have, all of them."""


_PROVIDES_EXTRAS = 1
"""The revision since which a lock names every extra, those without dependencies too."""


@dataclass(frozen=True, slots=True)
class Roots:
    """The projects that an installation begins with."""

    project: Package | None
    """The one that the image is of, whether it is among the others or not."""
    packages: tuple[Package, ...]
    is_single: bool
    """Whether they are one project, and not what a workspace comes to."""

    def request(self, wanted: Wanted) -> Request:
        """Return what the walk is asked for."""
        return Request(self.packages, wanted.extras, wanted.groups, self.is_single)


def members(lock: Lock) -> tuple[Package, ...]:
    """Return the projects of the workspace, by name; the only one, where it is alone."""
    names = set(lock.manifest.members)
    if not names:
        root = lock.project()
        return () if root is None else (root,)
    local = [p for p in lock.packages if isinstance(p.source, Directory | Editable | Virtual)]
    return tuple(sorted((p for p in local if p.name in names), key=lambda package: package.name))


def find_roots(lock: Lock, wanted: Wanted) -> Roots:
    """Return where the walk begins, or name everything that was asked for and is not there."""
    by_name = {package.name: package for package in members(lock)}
    project = lock.project() if wanted.project is None else by_name.get(wanted.project)
    asked = {*wanted.packages, *([] if wanted.project is None else [wanted.project])}
    problems = list(unknown_names("project", asked, by_name.keys(), lock))
    if problems:
        raise refusal(problems)
    if wanted.all_packages or (project is None and not wanted.packages):
        roots = Roots(project, tuple(by_name.values()), is_single=False)
    elif wanted.packages:
        taken = tuple(by_name[name] for name in dict.fromkeys(wanted.packages))
        roots = Roots(project, taken, is_single=len(taken) == 1)
    else:
        assert project is not None  # else all are taken
        roots = Roots(project, (project,), is_single=True)
    problems = [*_unknown_extras(lock, roots, wanted), *_unknown_groups(lock, roots, wanted)]
    if problems:
        raise refusal(problems)
    return roots


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was asked for and is not there, and what may have been meant."""

    text: str
    close: tuple[str, ...]


def _unknown_extras(lock: Lock, roots: Roots, wanted: Wanted) -> Iterator[Unknown]:
    known = {extra for package in roots.packages for extra in extras_in(package)}
    if lock.revision >= _PROVIDES_EXTRAS:
        yield from unknown_names("extra", wanted.extras.mentioned, known, lock)


def _unknown_groups(lock: Lock, roots: Roots, wanted: Wanted) -> Iterator[Unknown]:
    known = {group for package in roots.packages for group in groups_in(package)}
    known |= lock.manifest.dependency_groups.keys()
    if roots.is_single and (root := lock.project()) is not None:
        known |= groups_in(root)
    yield from unknown_names("group", wanted.groups.mentioned, known, lock)


def unknown_names(
    kind: str, asked: Iterable[str], known: Set[str], lock: Lock
) -> Iterator[Unknown]:
    """Give one answer for all names that are not known, if there are any."""
    unknown = sorted(set(asked) - known)
    if unknown:
        names = ", ".join(f"`{name}`" for name in unknown)
        plural = "s" if len(unknown) > 1 else ""
        had = ", ".join(f"`{name}`" for name in sorted(known)) or "none"
        close = [m for name in unknown for m in difflib.get_close_matches(name, sorted(known), n=1)]
        yield Unknown(f"No {kind}{plural} {names} in `{lock.path}`; it has {had}", tuple(close))


def refusal(problems: Iterable[Unknown], *, hint: str | None = None) -> UnknownRequest:
    """Return one error for all; the hint is what may have been meant, or ``hint``."""
    close = ", ".join(f"`{name}`" for problem in problems for name in problem.close)
    return UnknownRequest(
        "\n".join(problem.text for problem in problems),
        hint=f"Did you mean {close}?" if close else hint,
    )
