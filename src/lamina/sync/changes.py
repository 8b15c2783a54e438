"""What is installed and what is wanted to the steps between them; nothing is done here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum

from packaging.version import InvalidVersion, Version

from lamina.lock.select import Distribution
from lamina.sync.installed import Installed, Kind


@dataclass(frozen=True, slots=True)
class Wish:
    """A distribution that is wanted, with all that tells whether what is installed is that."""

    distribution: Distribution
    origin: bytes | None = None
    """The ``direct_url.json`` that it gets; None of what comes from an index."""
    note: bytes | None = None
    """What is noted of it; None where the origin tells enough."""
    is_editable: bool = False
    uv_note: bytes | None = None
    """What is noted for uv."""
    has_keys: bool = False
    """Whether its sources name what they depend on besides: `cache-keys`."""

    @property
    def name(self) -> str:
        """Its normalised name."""
        return self.distribution.name

    def __str__(self) -> str:
        version = self.distribution.version
        return self.name if version is None else f"{self.name}=={version}"


class Action(Enum):
    """What is done with a distribution."""

    KEEP = "keep"
    INSTALL = "install"
    REINSTALL = "reinstall"
    REMOVE = "remove"
    LEAVE = "leave"
    """It is not wanted, and stays all the same."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with the distributions of one name, and why."""

    action: Action
    name: str
    why: str
    wish: Wish | None = None
    installed: tuple[Installed, ...] = ()

    @property
    def installs(self) -> bool:
        """Whether something is installed."""
        return self.action in (Action.INSTALL, Action.REINSTALL)

    @property
    def removes(self) -> bool:
        """Whether something is removed."""
        return bool(self.installed) and self.action not in (Action.KEEP, Action.LEAVE)

    @property
    def is_change(self) -> bool:
        """Whether the environment will be another one."""
        return self.installs or self.removes


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an environment is brought up to date."""

    is_exact: bool = True
    """Whether what is not wanted is removed."""
    reinstalls: AbstractSet[str] | None = frozenset()
    """The names of what is installed anew even if it is right; None for all."""
    seeds: AbstractSet[str] = frozenset()
    """The names of what came with the environment, and stays."""


def changes(
    wishes: Iterable[Wish], installed: Iterable[Installed], manner: Manner
) -> tuple[Step, ...]:
    """Return a step for each name, sorted."""
    wanted = {wish.name: wish for wish in wishes}
    found: dict[str, list[Installed]] = {}
    for each in installed:
        found.setdefault(each.name, []).append(each)
    return tuple(
        _step(name, wanted.get(name), found.get(name, ()), manner)
        for name in sorted(wanted.keys() | found.keys())
    )


def _step(name: str, wish: Wish | None, here: Sequence[Installed], manner: Manner) -> Step:
    if wish is None:
        return _unwanted(name, here, manner)
    if not here:
        return Step(Action.INSTALL, name, "it is not installed", wish)
    if manner.reinstalls is None or name in manner.reinstalls:
        return Step(Action.REINSTALL, name, "it was asked for", wish, tuple(here))
    why = difference(wish, here)
    if why is None:
        return Step(Action.KEEP, name, "it is installed already", wish, tuple(here))
    return Step(Action.REINSTALL, name, why, wish, tuple(here))


def _unwanted(name: str, here: Sequence[Installed], manner: Manner) -> Step:
    if not all(each.is_whole for each in here):
        return Step(Action.REMOVE, name, "it was not finished", None, tuple(here))
    if name in manner.seeds:
        return Step(Action.LEAVE, name, "it came with the environment", None, tuple(here))
    if not manner.is_exact:
        return Step(Action.LEAVE, name, "nothing is removed", None, tuple(here))
    return Step(Action.REMOVE, name, "it is not selected", None, tuple(here))


def difference(wish: Wish, here: Sequence[Installed]) -> str | None:
    """Say why what is installed is not what is wanted; None if it is."""
    if len(here) > 1:
        return f"it is installed {len(here)} times"
    found = here[0]
    if found.kind is not Kind.WHEEL:
        return "it was not installed from a wheel"
    if not found.is_whole:
        return "it was not finished"
    version = wish.distribution.version
    if version is not None and not _is_version(found.version, version):
        return f"its version was {found.version}"
    if not _same_origin(found.origin, wish.origin):
        return "it came from elsewhere"
    if wish.note is not None and found.note != wish.note:
        return "its sources have changed" if found.note is not None else "nobody noted its sources"
    return None


def _is_version(text: str, version: Version) -> bool:
    """Say whether a folder's version is the locked one; a wheel may have a local part more."""
    try:
        found = Version(text.replace("_", "+", 1) if "+" not in text else text)
    except InvalidVersion:
        return False
    return version == found or version == Version(found.public)


def _same_origin(found: bytes | None, wanted: bytes | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return _document(found) == _document(wanted)


def _document(data: bytes) -> Mapping[str, object] | bytes:
    """Return what a ``direct_url.json`` says, without hashes, which not every installer writes."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return data
    if isinstance(document, dict) and isinstance(document.get("archive_info"), dict):
        return {**document, "archive_info": {}}
    return document if isinstance(document, dict) else data
