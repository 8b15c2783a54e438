"""The project's files as entries of a layer, and the hash of a tree of them."""

from __future__ import annotations

import difflib
import hashlib
import os
import posixpath
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lamina.archive.entry import Entry, Kind, directory, symlink
from lamina.archive.parents import parents
from lamina.errors import LaminaError
from lamina.project.config import Copy
from lamina.project.ignore import Ignore
from lamina.project.walk import Found, content, link_target, misfit, refuse, walk

_PLAIN = Copy(".", ".")


class MissingSource(LaminaError):
    """An entry of `copy` names nothing that may be copied."""


def collect(root: Path, ignore: Ignore, workdir: str) -> list[Entry]:
    """Return the entries of all files below ``root``, placed in ``workdir``, sorted by path."""
    return _placed(root, "", walk(root, "", ignore), _PLAIN, workdir)


def collect_copy(root: Path, ignore: Ignore, copy: Copy, workdir: str) -> list[Entry]:
    """Return the entries of one entry of `copy`, placed as Docker's COPY places them.

    A folder gives its contents, a file keeps its name where ``to`` is a folder by its spelling
    (``.``, or with ``/`` at its end). Folders above are root's, 0755: a caller who has such a
    folder already leaves it as it is.
    """
    source = _resolve(root, ignore, copy)
    found = Found(source, (root / source).lstat())
    if found.is_directory:
        return _placed(root, source, walk(root, source, ignore), copy, workdir)
    refuse([problem for problem in [misfit(found)] if problem])
    target = _target(copy, workdir)
    if copy.to.endswith("/") or posixpath.basename(copy.to) in (".", ".."):
        target = posixpath.join(target, posixpath.basename(posixpath.normpath(copy.source)))
    return [*map(directory, parents(target)), _entry(root, found, target, copy)]


def tree(root: Path, start: str, ignore: Ignore, *, lenient: bool = False) -> list[Entry]:
    """Return the entries of all files below ``start``, at the paths that they have in ``root``."""
    kept = walk(root, start, ignore, lenient=lenient)
    return [_entry(root, found, found.path, _PLAIN) for found in kept]


def single(path: Path, name: str) -> Entry:
    """Return the entry of one file, under another name."""
    return _entry(path.parent, Found(path.name, path.lstat()), name, _PLAIN)


def tree_hash(entries: Iterable[Entry]) -> str:
    """Return the SHA-256 of what lies in a tree: paths, kinds, modes, owners, targets, bytes.

    Neither dates nor the order of ``entries`` are in it.
    """
    hasher = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path):
        numbers = f"{entry.mode:o}:{entry.uid}:{entry.gid}:{entry.content.size}"
        # NUL is in no path, and the size ends the bytes, so nothing runs into what follows.
        fields = (entry.path, entry.kind.value, numbers, entry.target, "")
        hasher.update("\0".join(fields).encode())
        for chunk in entry.content.chunks():
            hasher.update(chunk)
    return hasher.hexdigest()


def _target(copy: Copy, workdir: str) -> str:
    """Return the path in the image, without the slash before it; "" is the root itself."""
    return posixpath.normpath(posixpath.join("/", workdir, copy.to)).lstrip("/")


def _placed(root: Path, start: str, kept: list[Found], copy: Copy, workdir: str) -> list[Entry]:
    """Return the entries of a folder's contents below the target, and the target's own."""
    target = _target(copy, workdir)
    entries = [directory(parent) for parent in parents(target)]
    if f"{workdir.strip('/')}/".startswith(f"{target}/"):
        # The working directory, and what is above it, belong to the image and not to a copy.
        entries += [directory(target)] if target else []
    elif target:
        uid, gid = copy.owner
        entries.append(Entry(target, Kind.DIRECTORY, _folder_mode(copy), uid=uid, gid=gid))
    for found in kept:
        path = found.path[len(start) + 1 :] if start else found.path
        entries.append(_entry(root, found, f"{target}/{path}" if target else path, copy))
    return sorted(entries, key=lambda entry: entry.path)


def _entry(root: Path, found: Found, path: str, copy: Copy) -> Entry:
    uid, gid = copy.owner
    if found.is_link:
        return replace(symlink(path, link_target(root, found)), uid=uid, gid=gid)
    if found.is_directory:
        return Entry(path, Kind.DIRECTORY, _folder_mode(copy), uid=uid, gid=gid)
    mode = 0o755 if found.status.st_mode & 0o111 else 0o644
    if copy.mode is not None:
        mode = copy.mode
    return Entry(path, Kind.FILE, mode, content(root, found), uid=uid, gid=gid)


def _folder_mode(copy: Copy) -> int:
    """Return the mode of a folder: who may read it may enter it too, whatever files get."""
    return 0o755 if copy.mode is None else copy.mode | (copy.mode & 0o444) >> 2


def _resolve(root: Path, ignore: Ignore, copy: Copy) -> str:
    """Return the path of what ``copy`` names, relative to the root, with no link left in it."""
    top = os.path.realpath(root)
    real = os.path.realpath(Path(top, copy.source))
    source = os.path.relpath(real, top)
    if Path(source).parts[:1] == ("..",):
        raise MissingSource(f"Unable to copy `{copy.source}`: it leads out of the project's folder")
    if source == ".":
        return ""
    if not os.path.lexists(real):
        raise MissingSource(
            f"Unable to copy `{copy.source}`: no such file or folder", hint=_near(top, source)
        )
    left_out = any(ignore.excludes(path) and ignore.prunes(path) for path in parents(source))
    if left_out or (ignore.excludes(source) and ignore.prunes(source)):
        raise MissingSource(
            f"Unable to copy `{copy.source}`: it is left out",
            hint="Never copied: caches, environments, histories, and what `.dockerignore` names",
        )
    return source


def _near(top: str, source: str) -> str | None:
    """Return a hint that names the nearest path in the folder where the search ended."""
    parts = source.split("/")
    for depth, part in enumerate(parts):
        folder = Path(top, *parts[:depth])
        if not os.path.lexists(folder / part):
            names = sorted(item.name for item in folder.iterdir()) if folder.is_dir() else []
            near = difflib.get_close_matches(part, names, n=1)
            return f"Did you mean `{'/'.join([*parts[:depth], *near])}`?" if near else None
    return None
