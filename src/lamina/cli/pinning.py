"""What `lamina.lock` pins, as it is read, asked for, and compared with what is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lamina.cli.documents import read_text
from lamina.cli.project import ProjectFolder
from lamina.make.base import is_of_debian
from lamina.make.source_trees import SourceTree
from lamina.oci.descriptor import Platform
from lamina.pins.file_name import NAME
from lamina.pins.matching import PinsDoNotMatch, mismatches
from lamina.pins.model import Asked, Pins
from lamina.pins.read import read
from lamina.project.building import Building
from lamina.project.config import Config
from lamina.project.program import without_credentials

_OF_FILES = ("oci:", "docker-archive:")


def pins_path(project: ProjectFolder) -> Path:
    """Return where the pins of a project lie; of a member of a workspace, in its own folder."""
    return project.folder / NAME


def read_pins(project: ProjectFolder) -> Pins | None:
    """Return what is pinned for a project, if something is. Raises `MalformedPins`."""
    path = pins_path(project)
    return read(read_text(path, "lock", "")) if path.exists() else None


def asked_of(
    base: str,
    platforms: Sequence[Platform],
    config: Config,
    trees: Sequence[SourceTree],
    building: Building,
) -> Asked:
    """Return what is asked for, of all that is pinned; ``trees`` are those of `pinned_trees`."""
    requires = [
        without_credentials(each)
        for tree in trees
        for each in (*tree.subject.system.requires, *tree.settings.requires)
    ]
    return Asked(
        base=_portable(base),
        platforms=tuple(platforms),
        apt=tuple(sorted(set(map(str, config.apt)))),
        shell=config.shell and is_of_debian(base),
        build_requires=tuple(sorted(set(requires))),
        build_constraints=tuple(sorted(set(building.constraints))) if requires else (),
    )


def pinned_building(building: Building, trees: Sequence[SourceTree], pins: Pins | None) -> Building:
    """Return how wheels are built, those of some trees with nothing but what is pinned."""
    if pins is None:
        return building
    return replace(building, pins={tree.subject.name: pins.releases for tree in trees})


def check_pins(pins: Pins, asked: Asked, given: Sequence[str]) -> None:
    """Refuse pins of another configuration; ``given`` are the options that ask for this one."""
    if found := mismatches(pins, asked):
        raise PinsDoNotMatch(
            found,
            hint=f"To bring it up to date, run `{lock_command(given)}`; to build without it, pass "
            "`--no-lock`",
        )


def unpinned(asked: Asked) -> str | None:
    """Say what may be another thing tomorrow, and how that is prevented; None if nothing is."""
    found = []
    if "@" not in asked.base and asked.base != "scratch" and not asked.base.startswith(_OF_FILES):
        found.append("the base")
    if asked.apt:
        found.append("the Debian packages")
    if asked.build_requires:
        found.append("what builds the project")
    if not found:
        return None
    *more, last = found
    what = f"{', '.join(more)} and {last}" if more else last
    return f"Not pinned: {what}; to have the same tomorrow, run `lamina lock`"


def lock_command(given: Sequence[str]) -> str:
    """Return the command that pins what a command line asks for."""
    return shlex.join(["lamina", "lock", *given])


def _portable(base: str) -> str:
    """Return the name of a base without the path of a machine: what lies there is compared."""
    transport, colon, rest = base.partition(":")
    if f"{transport}{colon}" in _OF_FILES and rest.startswith("/"):
        path, separator, name = rest.partition(":")
        return f"{transport}:{Path(path).name}{separator}{name}"
    return base
