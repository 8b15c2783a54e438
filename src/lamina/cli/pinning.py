"""What `lamina.lock` pins, as it is read, asked for, and compared with what is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from lamina.cli.documents import read_text
from lamina.cli.project import ProjectFolder
from lamina.lock.model import Lock
from lamina.oci.descriptor import Platform
from lamina.pins.matching import PinsDoNotMatch, mismatches
from lamina.pins.model import NAME, Asked, Pins
from lamina.pins.read import read

_OF_FILES = ("oci:", "docker-archive:")


def pins_path(project: ProjectFolder) -> Path:
    """Return where the pins of a project lie; of a member of a workspace, in its own folder."""
    return project.folder / NAME


def read_pins(project: ProjectFolder) -> Pins | None:
    """Return what is pinned for a project, if something is. Raises `MalformedPins`."""
    path = pins_path(project)
    return read(read_text(path, "lock", "")) if path.exists() else None


def asked_of(base: str, platforms: Sequence[Platform], project: ProjectFolder, lock: Lock) -> Asked:
    """Return what is asked for, of all that is pinned."""
    return Asked(base=_portable(base), platforms=tuple(platforms))


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
