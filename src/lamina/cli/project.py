"""The project's folder, read: `pyproject.toml`, the workspace that it is in, and the lockfile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lamina.cli.documents import LOCK, PYPROJECT, read_text, read_toml
from lamina.cli.listing import (
    PYLOCK,
    facts_with,
    named_list,
    notes_of,
    own_package,
    read_list,
    warnings_of,
)
from lamina.cli.wanting import WantedOptions
from lamina.cli.workspace import find_root, has_members
from lamina.lock.model import Lock
from lamina.lock.roots import find_roots
from lamina.lock.uvlock import parse
from lamina.lock.wanted import Wanted
from lamina.project.config import Config, parse_config
from lamina.project.facts import ProjectFacts, parse_facts
from lamina.project.uv import parse_default_groups

_NO_LOCK = "To create it, run `uv lock`"
_NO_PROJECT = "Run the command in the folder of a project, or name the folder behind the command"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFolder:
    """A project, and the workspace with the lockfile; of a project alone, both are one folder."""

    folder: Path
    document: Mapping[str, object]
    """`pyproject.toml` of the project, parsed."""
    root: Path
    root_document: Mapping[str, object]
    config: Config
    facts: ProjectFacts
    default_groups: frozenset[str] | None
    """The groups that are taken unless something is said of them; ``None`` stands for all."""
    listing: Path | None = None
    """The list that is installed instead of the workspace's `uv.lock`."""
    lock: Lock | None = None
    """What has been read already."""
    notes: tuple[str, ...] = ()
    """What is to be said of the choice of the lock."""
    warnings: tuple[str, ...] = ()

    @property
    def is_member(self) -> bool:
        """Whether it is a project of a workspace whose root is another folder."""
        return self.folder != self.root

    @property
    def has_members(self) -> bool:
        """Whether it is the root of a workspace."""
        return has_members(self.document)

    @property
    def lock_folder(self) -> Path:
        """The folder that the paths in the lockfile are relative to."""
        return self.root if self.listing is None else self.listing.parent

    def read_lock(self) -> Lock:
        """Read the lockfile."""
        if self.lock is not None:
            return self.lock
        return parse(read_text(self.root / LOCK, "lockfile", _NO_LOCK), path=LOCK)


def read_project(options: WantedOptions, folder: Path) -> ProjectFolder:
    """Read what the project of a folder says of itself and of its image.

    With one member named, that is the project: what the image is, and has, comes from there.
    """
    has_list = (folder / PYLOCK).is_file()
    if not (folder / PYPROJECT).is_file() and (options.lockfile or has_list):
        document: Mapping[str, object] = {}
    else:
        document = read_toml(folder / PYPROJECT, PYPROJECT, "project", _NO_PROJECT)
    root = find_root(folder, document)
    at_root = document if root == folder else read_toml(root / PYPROJECT, PYPROJECT)
    found = _project(folder, document, root, at_root)
    if options.lockfile is not None:
        return _with_list(found, named_list(options.lockfile, folder), options)
    if has_list and not (root / LOCK).is_file():
        return _with_list(found, folder / PYLOCK, options)
    if has_list:
        found = replace(found, notes=(_PASSED_OVER,))
    return found if len(options.packages) != 1 else _member(found, options.packages[0])


def has_no_project(options: WantedOptions, folder: Path) -> bool:
    """Say whether there is a folder with nothing in it that `read_project` would read."""
    named = any((folder / name).exists() for name in (PYPROJECT, LOCK, PYLOCK))
    return folder.is_dir() and not named and options.lockfile is None


def no_project(folder: Path) -> ProjectFolder:
    """Return what stands for a project in a folder that has none."""
    return _project(folder, {}, folder, {})


_PASSED_OVER = (
    f"`{PYLOCK}` is passed over for `{LOCK}`; to install what it lists, pass `--lockfile {PYLOCK}`"
)


def _with_list(project: ProjectFolder, path: Path, options: WantedOptions) -> ProjectFolder:
    lock = read_list(path)
    own = own_package(lock, path.parent, project.folder)
    return replace(
        project,
        listing=path,
        lock=lock,
        facts=facts_with(project.facts, own),
        notes=notes_of(lock, project.facts, own),
        warnings=warnings_of(lock, is_locked=options.locked),
    )


def _member(found: ProjectFolder, name: str) -> ProjectFolder:
    """Return the project of the workspace that has a name."""
    lock, root = found.read_lock(), found.root
    package = find_roots(lock, Wanted(project=name)).project
    assert package is not None  # else it is refused
    inner = root / str(getattr(package.source, "path", "."))
    if inner.resolve() == found.folder.resolve():
        return replace(found, lock=lock)
    gone = f"The lockfile has `{package.name}` there; to write it again, run `uv lock`"
    document = read_toml(inner / PYPROJECT, PYPROJECT, "project", gone)
    member = _project(inner, document, root, found.root_document)
    return replace(member, lock=lock, notes=found.notes)


def _project(
    folder: Path, document: Mapping[str, object], root: Path, at_root: Mapping[str, object]
) -> ProjectFolder:
    return ProjectFolder(
        folder=folder,
        document=document,
        root=root,
        root_document=at_root,
        config=parse_config(document if _is_configured(document) else at_root),
        facts=parse_facts(document),
        default_groups=parse_default_groups(document),
    )


def _is_configured(document: Mapping[str, object]) -> bool:
    tool = document.get("tool")
    return isinstance(tool, dict) and "lamina" in tool
