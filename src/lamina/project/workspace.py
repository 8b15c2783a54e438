"""The source trees that a lock is of, read: members of the workspace, folders depended on.

Members are found as uv finds them (``crates/uv-workspace``): globs below the root, less those that
are excluded. What is no project there is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import tomli

from lamina.errors import LaminaError
from lamina.lock.declared import items, table
from lamina.lock.model import Lock
from lamina.lock.source import Directory, Editable, Virtual
from lamina.lock.tree import Tree

_PYPROJECT = "pyproject.toml"


class WorkspaceUnreadable(LaminaError):
    """A source tree whose ``pyproject.toml`` cannot be read."""


def read_trees(root: Path, document: Mapping[str, Any], lock: Lock) -> tuple[Tree, ...]:
    """Return every source tree but the root's own, each once, sorted by its folder."""
    found: dict[str, Tree] = {}
    for folder in _members(root, document):
        if (tree := _read(root, folder, is_member=True)) is not None:
            found[folder] = tree
    names = {tree.name for tree in found.values()} | set(lock.manifest.members)
    for package in lock.packages:
        source = package.source
        if not isinstance(source, Directory | Editable | Virtual) or package.name in names:
            continue
        tree = None if source.path == "." else _read(root, source.path, is_member=False)
        if tree is not None and tree.name == package.name:
            found[source.path] = tree
    return tuple(found[folder] for folder in sorted(found))


def _members(root: Path, document: Mapping[str, Any]) -> Iterator[str]:
    """Give the folders of the members but the root, relative to it."""
    for pattern in items(table(document, "tool", "uv", "workspace"), "members"):
        if not isinstance(pattern, str) or not pattern or pattern.startswith("/"):
            continue
        for path in root.glob(pattern):
            folder = os.path.relpath(path, root).replace(os.sep, "/")
            if folder != "." and not is_excluded(folder, document):
                yield folder


def is_excluded(folder: str, document: Mapping[str, Any]) -> bool:
    """Say whether the root's document excludes a folder, relative to it, from the workspace.

    In an exclusion, unlike among the members, a star stands for slashes too.
    """
    globs = items(table(document, "tool", "uv", "workspace"), "exclude")
    return any(fnmatchcase(folder, each.rstrip("/")) for each in globs if isinstance(each, str))


def _read(root: Path, folder: str, *, is_member: bool) -> Tree | None:
    """Read one tree; ``None`` if it is no project, or none that uv manages."""
    path = root / folder / _PYPROJECT
    try:
        document = tomli.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WorkspaceUnreadable(f"Unable to read `{path}`: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise WorkspaceUnreadable(f"Unable to parse `{path}`: {error}") from error
    if table(document, "tool", "uv").get("managed") is False and is_member:
        return None
    tree = Tree(folder, document, is_member)
    return tree if tree.name else None
