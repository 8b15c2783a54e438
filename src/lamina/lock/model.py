"""What a lockfile says, as values. They are made by `lamina.lock.uvlock.parse`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lamina.errors import LaminaError
from lamina.lock.source import Source


class LockError(LaminaError):
    """Something about a lock that the user can act on."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One file of a locked project: at a URL or in a local file, never both."""

    filename: str
    url: str | None = field(default=None, repr=False)
    """Absolute, as written: credentials may be in it."""
    path: str | None = None
    """Relative to the folder of the lockfile, or absolute; ``/`` between its parts."""
    hash: str | None = None
    """``algorithm:hex``, lowercase."""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Wheel(Archive):
    """A file that is installed as it is (PEP 427)."""


@dataclass(frozen=True, slots=True)
class Sdist(Archive):
    """A file of sources (PEP 517), of which a wheel is built."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """An edge of the graph: what a package needs, under a marker that only holds on this edge."""

    name: str
    version: Version | None = None
    source: Source | None = None
    extras: tuple[str, ...] = ()
    marker: str = ""
    """Extras and groups stand in it in the encoding of conflicts; see `lamina.lock.markers`."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement as the project declares it, kept in the lock to see whether it still does."""

    name: str
    extras: tuple[str, ...] = ()
    marker: str = ""
    """With the plain ``extra == 'x'`` of a requirement."""
    specifier: str = ""
    origin: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """What else is written of where it comes from (``url``, ``git``, ``index`` ...), sorted;
    ``conflict`` is the extra or group that it comes from there for."""

    def __str__(self) -> str:
        """Return it as PEP 508 writes it, without where it comes from.

        >>> str(Requirement("foo", ("x",), "python_version > '3'", ">=1,<2"))
        "foo[x]>=1,<2 ; python_version > '3'"
        """
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{self.specifier}{marker}"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a package declared when it was locked."""

    requires_dist: tuple[Requirement, ...] = ()
    requires_dev: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    provides_extras: tuple[str, ...] | None = None
    """``None`` in a lock of revision 0, which does not say."""


@dataclass(frozen=True, slots=True)
class Package:
    """One entry of a lock: a project at one version from one source."""

    name: str
    source: Source
    version: Version | None = None
    """``None`` where a source tree computes its version."""
    dependencies: tuple[Dependency, ...] = ()
    optional_dependencies: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    dependency_groups: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    metadata: Metadata | None = None
    default_groups: tuple[str, ...] = ("dev",)
    """What is installed unasked, ``*`` for all; before revision 5 a lock does not say."""
    resolution_markers: tuple[str, ...] = ()
    sdist: Sdist | None = None
    wheels: tuple[Wheel, ...] = ()

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class ConflictItem:
    """One side of a conflict: an extra, a dependency group, or (neither) the project itself."""

    package: str
    extra: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        if self.extra is not None:
            return f"extra `{self.extra}` of `{self.package}`"
        if self.group is not None:
            return f"group `{self.group}` of `{self.package}`"
        return f"project `{self.package}`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the resolution was asked for, beyond the projects' own metadata."""

    members: tuple[str, ...] = ()
    """Empty where the project is alone in its workspace."""
    requirements: tuple[Requirement, ...] = ()
    dependency_groups: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] | None = ()
    """``None`` where they are written in a form that cannot be compared."""
    build_constraints: tuple[Requirement, ...] = ()
    """What holds for the requirements of every build backend."""
    excludes: tuple[str, ...] = ()
    dependency_metadata: tuple[StaticMetadata, ...] = ()


@dataclass(frozen=True, slots=True)
class StaticMetadata:
    """What uv was told of a distribution, so that it need not ask: texts as they were written."""

    name: str
    version: str = ""
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""
    provides_extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How uv resolved; an empty text stands for uv's default."""

    resolution: str = ""
    prerelease: str = ""
    fork_strategy: str = ""
    exclude_newer: str = ""
    """A moment, or a span before the moment of resolution, such as ``P7D``."""
    prerelease_package: Mapping[str, str] = field(default_factory=dict)
    exclude_newer_package: Mapping[str, str] = field(default_factory=dict)
    """By name, as ``exclude_newer``; ``false`` where any release is taken."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list (PEP 751) says of one of its packages, beside the package itself."""

    marker: str = ""
    """When it is installed; ``extras`` and ``dependency_groups`` stand in it as sets."""
    requires_python: SpecifierSet = field(default_factory=SpecifierSet)


@dataclass(frozen=True, slots=True)
class Listing:
    """What makes a lock a list, in which nothing is walked: each entry says when it is meant."""

    entries: tuple[Entry, ...]
    """As many as packages, in the same order."""
    extras: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    default_groups: frozenset[str] = frozenset()
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lockfile."""

    version: int
    revision: int
    requires_python: SpecifierSet
    packages: tuple[Package, ...]
    resolution_markers: tuple[str, ...] = ()
    supported_markers: tuple[str, ...] = ()
    required_markers: tuple[str, ...] = ()
    conflicts: tuple[tuple[ConflictItem, ...], ...] = ()
    manifest: Manifest = field(default_factory=Manifest)
    options: Options = field(default_factory=Options)
    path: str = "uv.lock"
    """What errors call it."""
    listing: Listing | None = None
    """``None`` in a lock that is a graph, as uv's own is."""

    @property
    def remedy(self) -> str:
        """How a lock that is no good is written again, as a hint."""
        if self.listing is None:
            return "To write the lockfile again, run `uv lock`"
        return f"It was written by {self.listing.created_by}; let that write it again"

    def project(self) -> Package | None:
        """Return the package of the folder that the lockfile lies in, if there is one."""
        for package in self.packages:
            if getattr(package.source, "path", None) == "." and not package.wheels:
                return package
        return None
