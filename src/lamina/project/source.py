"""The tree that a build backend sees: a copy, so that it leaves nothing in the user's own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lamina.archive.entry import Entry, Kind
from lamina.project.files import single, tree, tree_hash
from lamina.project.git import find_checkout, history, share_history
from lamina.project.ignore import Ignore


def source_tree(root: Path, outputs: frozenset[str] = frozenset()) -> list[Entry]:
    """Return all files that a build backend may read, at the paths that they have.

    That is everything but caches, environments, histories and ``outputs``: what `.dockerignore`
    names may matter to the backend (a README), and so may what git ignores (generated code).
    A link that leads out of the folder stands for what it leads to.
    """
    top = os.path.realpath(root)
    entries = []
    for entry in tree(root, "", Ignore(outputs=outputs), lenient=True):
        entries += _outside(top, entry) if entry.kind is Kind.SYMLINK else [entry]
    return entries


def source_hash(
    project: Path, outputs: frozenset[str] = frozenset(), *, reads_history: bool
) -> str:
    """Return a hash of all that the project's wheel is made from.

    Git's history is in it only where the backend finds the version, which it may find there:
    else each commit would make the wheel again.
    """
    files = tree_hash(source_tree(project, outputs))
    checkout = find_checkout(project) if reads_history else None
    if checkout is None:
        return files
    return hashlib.sha256(f"{files}\0{history(checkout)}".encode()).hexdigest()


def copy_source(
    project: Path, copy: Path, *, reads_history: bool, epoch: int, outputs: frozenset[str]
) -> Path:
    """Copy the project to ``copy``, with plain modes and one date; return its folder there.

    Where git may tell the version, the whole checkout is copied: files that are missing would
    make it a modified one.
    """
    checkout = find_checkout(project) if reads_history else None
    top = checkout.top if checkout else Path(os.path.realpath(project))
    below = os.path.relpath(os.path.realpath(project), top)
    inside = outputs if below == "." else frozenset(f"{below}/{path}" for path in outputs)
    _write(source_tree(top, inside), copy, epoch)
    if checkout:
        share_history(checkout, copy)
    return Path(os.path.normpath(copy / below))


def _outside(top: str, entry: Entry) -> list[Entry]:
    """Return what a link stands for: itself, unless it leads out of the folder ``top``."""
    real = os.path.realpath(f"{top}/{entry.path}")
    if real == top or real.startswith(f"{top}/") or not os.path.lexists(real):
        return [entry]
    if os.path.isdir(real):  # noqa: PTH112
        below = tree(Path(real), "", Ignore(), lenient=True)
        inner = [replace(each, path=f"{entry.path}/{each.path}") for each in below]
        return [Entry(entry.path, Kind.DIRECTORY, 0o755), *inner]
    return [single(Path(real), entry.path)] if os.path.isfile(real) else []  # noqa: PTH113


def _write(entries: Iterable[Entry], folder: Path, epoch: int) -> None:
    folder.mkdir(parents=True)
    for entry in entries:
        path = folder / entry.path
        if entry.kind is Kind.DIRECTORY:
            path.mkdir(exist_ok=True)
        elif entry.kind is Kind.SYMLINK:
            path.symlink_to(entry.target)
        else:
            with path.open("wb") as file:
                file.writelines(entry.content.chunks())
            path.chmod(entry.mode)
            os.utime(path, (epoch, epoch))
