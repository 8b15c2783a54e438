"""The workspace of a folder: where its root is, as uv finds it.

The rules are those of uv's discovery (``crates/uv-workspace/src/workspace.rs``): the folder's own
`[tool.uv.workspace]` makes it a root; else the nearest `pyproject.toml` above decides, if it has a
workspace of which the folder is a member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from lamina.cli.documents import PYPROJECT, read_toml
from lamina.project.workspace import is_excluded


def find_root(folder: Path, document: Mapping[str, object]) -> Path:
    """Return the root of the workspace that the folder is in; itself, if it is in none."""
    if _workspace(document) is not None:
        return folder
    start = folder.resolve()
    for above in start.parents:
        if (above / PYPROJECT).is_file():
            at_root = read_toml(above / PYPROJECT, PYPROJECT)
            inner = start.relative_to(above).as_posix()
            is_member = _has_member(at_root, inner) and not is_excluded(inner, at_root)
            return above if is_member else folder
    return folder


def has_members(document: Mapping[str, object]) -> bool:
    """Say whether a `pyproject.toml` is that of a workspace's root."""
    return _workspace(document) is not None


def _workspace(document: Mapping[str, object]) -> Mapping[str, object] | None:
    table: object = document
    for key in ("tool", "uv", "workspace"):
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None


def _has_member(document: Mapping[str, object], inner: str) -> bool:
    workspace = _workspace(document)
    return workspace is not None and _matches(workspace.get("members"), inner)


def _matches(globs: object, inner: str) -> bool:
    if not isinstance(globs, list):
        return False
    parts = PurePosixPath(inner).parts
    texts = [glob for glob in globs if isinstance(glob, str)]
    return any(_fits(PurePosixPath(glob).parts, parts) for glob in texts)


def _fits(glob: Sequence[str], parts: Sequence[str]) -> bool:
    """Say whether a path fits a glob of which each part stands for one, and `**` for any."""
    if not glob:
        return not parts
    if glob[0] == "**":
        return any(_fits(glob[1:], parts[start:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], glob[0]) and _fits(glob[1:], parts[1:])
