"""What `lamina.lock` pins, as it is read, asked for, and compared with what is asked for."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from packaging.version import Version

from lamina.cli.documents import read_text
from lamina.cli.project import ProjectFolder
from lamina.lock.model import Lock
from lamina.make.base import is_of_debian
from lamina.oci.descriptor import Platform
from lamina.pins.matching import PinsDoNotMatch, mismatches
from lamina.pins.model import NAME, Asked, Pins
from lamina.pins.read import read
from lamina.project.building import Building, BuiltTogether
from lamina.project.config import Config
from lamina.project.program import without_credentials
from lamina.project.workbench import BackendSettings

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
    project: ProjectFolder,
    lock: Lock,
    building: Building,
) -> Asked:
    """Return what is asked for, of all that is pinned."""
    backend = backend_settings(config, project, lock, building)
    system = project.facts.build_system
    requires = () if system is None or backend is None else (*system.requires, *backend.requires)
    return Asked(
        base=_portable(base),
        platforms=tuple(platforms),
        apt=tuple(sorted(set(map(str, config.apt)))),
        shell=config.shell and is_of_debian(base),
        build_requires=tuple(sorted(set(map(without_credentials, requires)))),
        build_constraints=tuple(sorted(set(building.constraints))) if requires else (),
    )


def backend_settings(
    config: Config, project: ProjectFolder, lock: Lock, building: Building
) -> BackendSettings | None:
    """Return what the backend of the project itself is told; None if it is not run."""
    if project.facts.build_system is None or not config.install_project:
        return None
    found: dict[str, set[Version | None]] = defaultdict(set)
    for package in lock.packages:
        found[package.name].add(package.version)
    single = {name: next(iter(each)) for name, each in found.items() if len(each) == 1}
    versions = {name: str(version) for name, version in single.items() if version is not None}
    try:
        return building.settings(project.facts.name, versions)
    except BuiltTogether:
        return None


def pinned_building(building: Building, project: ProjectFolder, pins: Pins | None) -> Building:
    """Return how wheels are built, the project's own with nothing but what is pinned."""
    if pins is None or not project.facts.name:
        return building
    return replace(building, pins={project.facts.name: pins.releases})


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
