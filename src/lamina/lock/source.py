"""Where a lock says that a distribution comes from.

Seven forms, each a frozen value; none of them shows a credential in its ``repr`` or its text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lamina.urls import redacted


@dataclass(frozen=True, slots=True)
class Registry:
    """A package index: a URL, or a folder of files on this machine."""

    url: str | None = field(default=None, repr=False)
    path: str | None = None
    """The folder of a local index, relative to the folder of the lockfile."""

    def __str__(self) -> str:
        return f"index ({redacted(self.url) if self.url else self.path})"


@dataclass(frozen=True, slots=True)
class Git:
    """A commit in a Git repository, and what of it is meant."""

    url: str = field(repr=False)
    """Of the repository, as git takes it: credentials may be in it."""
    commit: str
    """In full, in hex."""
    requested: str | None = None
    """The tag, branch or revision that was asked for when the lock was made."""
    subdirectory: str | None = None
    path: str | None = None
    """Of an archive in the repository, where it is that and not the tree."""
    has_lfs: bool = False
    """Whether files that Git LFS keeps elsewhere are wanted."""

    def __str__(self) -> str:
        return f"git ({redacted(self.url)}@{self.commit[:12]})"


@dataclass(frozen=True, slots=True)
class DirectUrl:
    """One archive at a URL, wheel or sdist."""

    url: str = field(repr=False)
    subdirectory: str | None = None

    def __str__(self) -> str:
        return f"url ({redacted(self.url)})"


@dataclass(frozen=True, slots=True)
class Path:
    """One archive on this machine, wheel or sdist, relative to the folder of the lockfile."""

    path: str

    def __str__(self) -> str:
        return f"path ({self.path})"


@dataclass(frozen=True, slots=True)
class Directory:
    """A source tree that is built to a wheel."""

    path: str

    def __str__(self) -> str:
        return f"directory ({self.path})"


@dataclass(frozen=True, slots=True)
class Editable:
    """A source tree that is installed in place, as the members of a workspace are."""

    path: str

    def __str__(self) -> str:
        return f"editable ({self.path})"


@dataclass(frozen=True, slots=True)
class Virtual:
    """A source tree that is never installed; only its dependencies are."""

    path: str

    def __str__(self) -> str:
        return f"virtual ({self.path})"


Source = Registry | Git | DirectUrl | Path | Directory | Editable | Virtual
"""Every form; what is none of these ends in an error when the lock is read."""
