"""Distributions made of Debian packages: what their suites, components and keyrings are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Debian or Ubuntu: all that tells their own archive from those of others."""

    name: str
    id: str
    """As in os-release(5)."""
    stems: frozenset[str]
    """Suites that tell a mirror of it: where a machine gets one of these, it can get the others."""
    components: tuple[str, ...]
    """That are taken where no source says which."""
    keyrings: tuple[str, ...]
    """Where its packages put the keys of the archive."""
    has_own_security: bool
    """Whether security updates have a mirror of their own."""

    def suffix(self, suite: str, codename: str) -> str | None:
        """Return what part of a release ``suite`` is, or None if it is of another distribution.

        >>> DEBIAN.suffix("trixie-security", "trixie"), DEBIAN.suffix("sid", "trixie")
        ('-security', '')
        >>> DEBIAN.suffix("noble", "trixie") is DEBIAN.suffix("trixie-pgdg", "trixie") is None
        True
        """
        stem, dash, rest = suite.removesuffix("/updates").partition("-")
        is_own = stem in self.stems or stem == codename
        suffix = dash + rest if stem + dash + rest == suite else "-security"
        return suffix if is_own and suffix in _SUFFIXES else None

    def is_signed(self, signed_by: str) -> bool:
        """Say whether the keys that a source names are those of its archive."""
        paths = signed_by.split()
        return all(path.rpartition("/")[2].startswith(f"{self.id}-archive-") for path in paths)


RELEASE_SUFFIXES = ("", "-updates", "-security")
"""Of the suites that a release consists of; the first is the release itself."""

_SUFFIXES = (*RELEASE_SUFFIXES, "-backports", "-proposed", "-proposed-updates")

DEBIAN = Distribution(
    name="Debian",
    id="debian",
    stems=frozenset(
        {"buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid"}
        | {"oldoldstable", "oldstable", "stable", "testing", "unstable"}
    ),
    components=("main",),
    keyrings=(
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "/usr/share/keyrings/debian-archive-keyring.pgp",
    ),
    has_own_security=True,
)
UBUNTU = Distribution(
    name="Ubuntu",
    id="ubuntu",
    stems=frozenset({"bionic", "focal", "jammy", "noble", "plucky", "questing", "devel"}),
    components=("main", "universe"),
    keyrings=("/usr/share/keyrings/ubuntu-archive-keyring.gpg",),
    has_own_security=False,
)
DISTRIBUTIONS: Sequence[Distribution] = (DEBIAN, UBUNTU)
