"""What a wheel is built with, and what it is known by; the building itself is in `backend`.

Apart from it, since most builds need the key alone, and what calls backends takes a while to load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from packaging.tags import Tag
from packaging.utils import NormalizedName
from packaging.version import Version

from lamina.pins.releases import PinnedRelease
from lamina.plan.epoch import EPOCH
from lamina.project.program import Programs
from lamina.project.requirements import BuildStore, PackageIndexes
from lamina.pythons.interpreter import Interpreter

_RECIPE = 2

Kind = Literal["wheel", "editable"]
"""What a backend is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSettings:
    """What a build backend is told, beside the project."""

    epoch: int = EPOCH
    """``SOURCE_DATE_EPOCH``; best the same at each build, since the wheel's key goes by it."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that are passed on, such as ``CC``."""
    config: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """PEP 517's ``config_settings``."""
    requires: tuple[str, ...] = ()
    """What the backend needs besides what the tree itself says."""
    constraints: tuple[str, ...] = ()
    """What holds for the versions of all that a backend needs."""
    pins: tuple[PinnedRelease, ...] | None = None
    """All that it may get, where that is pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What of this machine the making of a wheel uses; none of it shows in the wheel."""

    store: BuildStore
    pip: Interpreter
    """The one of Lamina's own environment, which has pip."""
    interpreter: Interpreter
    """The one that runs the backend."""
    indexes: PackageIndexes
    programs: Programs
    scratch: Path
    path: str
    """Where a backend finds programs such as git or cc."""


@dataclass(frozen=True, slots=True)
class ProjectWheel:
    """The wheel that a backend made; whether it fits the Target is for the caller to see."""

    path: Path
    name: NormalizedName
    version: Version
    tags: frozenset[Tag]


def wheel_key(
    source: Mapping[str, object], settings: BackendSettings, python: str, platform: str
) -> str:
    """Return the key under which a wheel that is built, or its layer, is found again.

    ``source`` identifies all that the backend sees, its ``[build-system]`` included; ``python`` is
    the version that the wheel is for, as in ``3.12``, and ``platform`` the one that builds.
    """
    told = asdict(settings)
    if settings.pins is None:
        del told["pins"]
    facts = {
        "recipe": _RECIPE,
        "source": source,
        "settings": told,
        "python": python,
        "platform": platform,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
