"""What of a lock is wanted: which projects, extras and groups, and what of them is installed.

The meaning is that of ``uv sync`` and its options (``crates/uv-configuration/src``): what is left
out always wins over what is named, and what is named over what is so by default. All names are
normalised ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet

DEV = "dev"
"""The group that uv's default is."""

_NONE = frozenset[str]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Which extras of the projects are taken."""

    named: frozenset[str] = _NONE
    all: bool = False
    without: frozenset[str] = _NONE

    def takes(self, extra: str) -> bool:
        """Say whether an extra is taken by a project that has it.

        >>> extras = Extras(all=True, without=frozenset({"gpu"}))
        >>> extras.takes("cpu"), extras.takes("gpu")
        (True, False)
        """
        return extra not in self.without and (self.all or extra in self.named)

    @property
    def mentioned(self) -> frozenset[str]:
        """The extras that must be there, since somebody wrote their names."""
        return self.named | self.without


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Which dependency groups (PEP 735) are taken, and whether anything else is."""

    named: frozenset[str] = _NONE
    only: frozenset[str] = _NONE
    """If there are any, neither the projects nor what they depend on is taken."""
    all: bool = False
    without: frozenset[str] = _NONE
    dev: bool | None = None
    """Whether `dev` is asked for, or left out; it need not exist for either."""
    only_dev: bool = False
    defaults: frozenset[str] | None = _NONE
    """The groups that are taken unless something is said of them; ``None`` stands for all."""
    not_by_default: frozenset[str] = _NONE
    """The groups that are taken only if somebody asks, whatever the defaults are."""

    @property
    def takes_projects(self) -> bool:
        """Whether the projects themselves and their dependencies are taken."""
        return not self.only and not self.only_dev

    @property
    def mentioned(self) -> frozenset[str]:
        """The groups that must be there, since somebody wrote their names."""
        return self.named | self.only | self.without

    def takes(self, group: str) -> bool:
        """Say whether a group is taken of a project that has it.

        >>> groups = Groups(named=frozenset({"docs"}), defaults=frozenset({"dev", "docs"}))
        >>> [groups.takes(name) for name in ("dev", "docs", "lint")]
        [True, True, False]
        """
        return not self._is_left_out(group) and (
            self._is_named(group) or (self.takes_projects and self._is_default(group))
        )

    def asks(self, group: str) -> bool:
        """Say whether a group is taken because somebody asked, and not merely by default."""
        return not self._is_left_out(group) and self._is_named(group)

    def _is_named(self, group: str) -> bool:
        is_dev = group == DEV and (self.only_dev or self.dev is True)
        return self.all or is_dev or group in self.named or group in self.only

    def _is_left_out(self, group: str) -> bool:
        is_dev = group == DEV and self.dev is False and not self.only_dev
        return is_dev or group in self.without

    def _is_default(self, group: str) -> bool:
        by_default = self.defaults is None or group in self.defaults
        return by_default and group not in self.not_by_default


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """Which of the distributions that are taken are installed; all are walked through."""

    no_project: bool = False
    no_workspace: bool = False
    no_local: bool = False
    no_packages: frozenset[str] = _NONE
    only_project: bool = False
    only_workspace: bool = False
    only_local: bool = False
    only_packages: frozenset[str] = _NONE

    def takes(self, name: str, *, is_project: bool, is_member: bool, is_local: bool) -> bool:
        """Say whether a distribution is installed; the first rule that speaks decides."""
        if self.only_packages:
            return name in self.only_packages
        if self.only_local:
            return is_local
        if self.only_workspace:
            return is_member or is_project
        if self.only_project:
            return is_project
        return not (
            (self.no_project and is_project)
            or (self.no_workspace and (is_member or is_project))
            or (self.no_local and is_local)
            or name in self.no_packages
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Everything that is asked of a lock."""

    project: str | None = None
    """The project that the image is of; ``None`` for the one beside the lockfile, if any is.

    An empty name is that of none.
    """
    packages: tuple[str, ...] = ()
    """The members of the workspace that are taken, instead of the project."""
    all_packages: bool = False
    extras: Extras = Extras()
    groups: Groups = Groups()
    install: Install = Install()
    pythons: Mapping[str, SpecifierSet] = field(default_factory=dict)
    """What a group that is taken asks of the Python, by the group."""
