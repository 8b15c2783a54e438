"""What a wheel is built of: a source tree, as far as it is known before its backend runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli
from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from lamina.errors import LaminaError
from lamina.project.facts import BuildSystem, ProjectFacts, parse_build_system

_PYPROJECT = "pyproject.toml"
_LARGEST = 1 << 24


class UnreadableSource(LaminaError):
    """A source tree without anything to build, or whose `pyproject.toml` cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A source tree that a wheel is built of."""

    name: NormalizedName
    title: str
    """What errors call it."""
    system: BuildSystem
    version: Version | None
    """What the wheel must be of; None where only the backend can tell."""
    reads_history: bool
    """Whether the backend may find the version in Git's history."""

    @classmethod
    def of_project(cls, facts: ProjectFacts) -> Subject:
        """Return the project itself, which must have a build backend."""
        assert facts.build_system is not None, "what has no backend is not built"
        return cls(
            name=facts.name,
            title="the project",
            system=facts.build_system,
            version=facts.version,
            reads_history=facts.version is None,
        )

    @classmethod
    def of_tree(
        cls, tree: Path, name: NormalizedName, version: Version | None, title: str
    ) -> Subject:
        """Return an unpacked archive or a checkout, which a lock has by its version.

        Raises `UnreadableSource`.
        """
        return cls._of(_document(tree, title), name, version, title)

    @classmethod
    def of_folder(cls, folder: Path, name: NormalizedName, title: str) -> Subject:
        """Return a folder that is worked in: its version is what it says now, not what a lock does.

        Raises `UnreadableSource`.
        """
        document = _document(folder, title)
        return cls._of(document, name, stated_version(document), title)

    @classmethod
    def _of(
        cls,
        document: Mapping[str, object],
        name: NormalizedName,
        version: Version | None,
        title: str,
    ) -> Subject:
        return cls(
            name=name,
            title=title,
            system=parse_build_system(document, f"{_PYPROJECT} of {title.strip('`')}"),
            version=version,
            reads_history=stated_version(document) is None,
        )


def stated_version(document: Mapping[str, object]) -> Version | None:
    """Return the version that a `pyproject.toml` has, or None where only its backend knows it."""
    project = document.get("project")
    version = project.get("version") if isinstance(project, dict) else None
    try:
        return Version(version) if isinstance(version, str) else None
    except InvalidVersion:
        return None


def _document(tree: Path, title: str) -> Mapping[str, object]:
    """Return the parsed `pyproject.toml`, empty for a tree that has only a `setup.py`."""
    path = tree / _PYPROJECT
    try:
        with path.open("rb") as file:
            return tomli.loads(file.read(_LARGEST).decode())
    except FileNotFoundError:
        if (tree / "setup.py").is_file():
            return {}
        raise UnreadableSource(
            f"Unable to build {title}: its sources have neither `pyproject.toml` nor `setup.py`"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableSource(
            f"Unable to build {title}: its `pyproject.toml` cannot be read: {error}"
        ) from error
