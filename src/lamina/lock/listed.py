"""What an installation takes of a list (PEP 751), in which each entry says when it is meant.

The steps are those of the specification's "Installation", and those of uv, which has them in
``crates/uv-resolver/src/lock/export/pylock_toml.rs``.
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from lamina.lock.fitting import TargetMismatch, check_target
from lamina.lock.markers import Evaluator
from lamina.lock.model import Entry, Listing, Lock, LockError, Package
from lamina.lock.roots import Roots, refusal, unknown_names
from lamina.lock.target import Target
from lamina.lock.wanted import Groups, Wanted


class NotInAList(LockError):
    """Something that can only be asked of a lock that is a graph."""


def listed(
    lock: Lock, listing: Listing, target: Target, wanted: Wanted
) -> tuple[Roots, tuple[Package, ...]]:
    """Return the project, if it is listed, and all packages that are meant for the target."""
    _check_asked(lock, listing, wanted)
    extras = frozenset(filter(wanted.extras.takes, listing.extras))
    groups = _groups(listing, wanted.groups)
    evaluator = Evaluator(
        target.marker_environment, {"extras": extras, "dependency_groups": groups}
    )
    check_target(lock, target, evaluator)
    taken = [
        (package, entry)
        for package, entry in zip(lock.packages, listing.entries, strict=True)
        if evaluator.condition(entry.marker) is True
    ]
    _check_pythons(lock, taken, target)
    return Roots(_project(lock, wanted), (), is_single=True), tuple(each for each, _ in taken)


def _groups(listing: Listing, asked: Groups) -> frozenset[str]:
    """Return the groups that markers find; the defaults are taken where none is asked for."""
    # The defaults need not be among the groups that may be named.
    known = listing.groups | listing.default_groups
    named = frozenset(filter(asked.asks, known))
    return named or frozenset(filter(asked.takes, known))


def _project(lock: Lock, wanted: Wanted) -> Package | None:
    if wanted.project is None:
        return lock.project()
    return next((each for each in lock.packages if each.name == wanted.project), None)


def _check_asked(lock: Lock, listing: Listing, wanted: Wanted) -> None:
    meaningless = list(_meaningless(wanted))
    if meaningless:
        raise NotInAList(
            f"Unable to choose from `{lock.path}` by {', '.join(meaningless)}: it is a list, and "
            "each entry says itself when it is installed",
            hint="To choose so, use `uv.lock`, or let the tool that writes the list choose",
        )
    known = listing.groups | listing.default_groups
    problems = [
        *unknown_names("extra", wanted.extras.mentioned, listing.extras, lock),
        *unknown_names("group", wanted.groups.mentioned, known, lock),
    ]
    if problems:
        raise refusal(
            problems, hint=f"What {listing.created_by} left out when it wrote the file is not there"
        )


def _meaningless(wanted: Wanted) -> Iterator[str]:
    if wanted.packages:
        yield "`--package`"
    if wanted.all_packages:
        yield "`--all-packages`"
    if wanted.groups.only:
        yield "`--only-group`"
    if wanted.groups.only_dev:
        yield "`--only-dev`"


def _check_pythons(lock: Lock, taken: list[tuple[Package, Entry]], target: Target) -> None:
    release = Version(target.python.base_version)
    misfits = [
        f"  {package}: {entry.requires_python}"
        for package, entry in taken
        if not entry.requires_python.contains(release, prereleases=True)
    ]
    if misfits:
        what = f"Python {target.python} does not satisfy `requires-python` in `{lock.path}` of:"
        raise TargetMismatch("\n".join([what, *sorted(misfits)]), hint="Choose another Python")
