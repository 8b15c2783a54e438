"""What a lock holds of build backends; an environment on the disk needs no more of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class PinnedWheel:
    """A file of a release, by its name and its SHA-256 in hex."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PinnedRelease:
    """A release that a build backend needs, with each wheel of it.

    Which wheel fits depends on the machine that builds, so all of them are pinned.
    """

    name: str
    version: str
    wheels: tuple[PinnedWheel, ...]
