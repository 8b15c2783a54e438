"""Lists (PEP 751): which one is meant, and whether the folder's own project is in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from lamina.cli.documents import ProjectUnreadable, read_text
from lamina.lock.model import Lock, Package
from lamina.lock.source import Directory, Editable
from lamina.project.facts import BuildSystem, ProjectFacts

PYLOCK = "pylock.toml"
NAME = re.compile(r"pylock(\.[^.]+)?\.toml")
"""The names that lists have."""


def named_list(given: Path, folder: Path) -> Path:
    """Return the list that an option names: from here or, if there is none, in the folder."""
    if not NAME.fullmatch(given.name):
        raise ProjectUnreadable(
            f"Expected a lockfile named `pylock.toml` or `pylock.NAME.toml`, got: {given}",
            hint="A `uv.lock` is found by its project: name its folder instead",
        )
    return folder / given if not given.exists() and (folder / given).exists() else given


def read_list(path: Path) -> Lock:
    """Read a list."""
    from lamina.lock.pylock import parse_pylock  # Here, since most projects have none.

    return parse_pylock(
        read_text(path, "lockfile", "Name the file with `--lockfile`"), path=path.name
    )


def own_package(lock: Lock, at: Path, folder: Path) -> Package | None:
    """Return the entry that is the project of a folder; the list lies in the folder ``at``."""
    own = folder.resolve()
    for package in lock.packages:
        source = package.source
        if isinstance(source, Directory | Editable) and (at / source.path).resolve() == own:
            return package
    return None


def facts_with(facts: ProjectFacts, own: Package | None) -> ProjectFacts:
    """Return what is known of a project: it is built if it is listed, and copied if it is not."""
    if own is None:
        return replace(facts, build_system=None)
    return replace(
        facts,
        name=facts.name or canonicalize_name(own.name),
        title=facts.title or own.name,
        build_system=facts.build_system or BuildSystem(),
    )


def warnings_of(lock: Lock, *, is_locked: bool) -> tuple[str, ...]:
    """Return what a user should know of a list beside what it says."""
    found = []
    if lock.revision:
        found.append(
            f"`{lock.path}` has version 1.{lock.revision}, which may say more than this release "
            "knows"
        )
    if is_locked:
        found.append(
            f"`--locked` means nothing for `{lock.path}`: it does not say what it was made from"
        )
    return tuple(found)


def notes_of(lock: Lock, facts: ProjectFacts, own: Package | None) -> tuple[str, ...]:
    """Return what is done with a list, and with a project that is not in it."""
    found = [f"Installing what `{lock.path}` lists"]
    if own is None and facts.build_system is not None:
        found.append(
            f"{facts.shown} is not in `{lock.path}`: it is not installed, and its files are copied"
        )
    return tuple(found)
