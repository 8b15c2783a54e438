"""What a source tree depends on besides itself: `cache-keys` of `[tool.uv]`, as uv reads them.

::

    cache-keys = [ key, ... ]
    key        = path or pattern | { file = path or pattern } | { dir = path } | { env = name }
               | { git = true } | { git = { commit = true, tags = true } }
    pattern    = as in .gitignore, below the folder that its first parts name; with { , } besides
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tomli

from lamina.project.git import find_checkout, references

_SPECIAL = frozenset("*?[{")
_COMMIT = re.compile("[0-9a-f]{40}")
_TOKEN = re.compile(r"(?:(?<=/)|^)\*\*/|(?<=/)\*\*$|\*+|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)
_HERE, _BIRTH = -100, 0x800
"""As statx(2) has them: paths are relative to the working folder, and the birth is asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of keys that are no files."""

    commit: str | None = None
    tags: Mapping[str, str] | None = None
    variables: Mapping[str, str | None] = field(default_factory=dict)
    folders: Mapping[str, object] = field(default_factory=dict)
    """When each was made."""


NOTHING = Found()


@dataclass(frozen=True, slots=True)
class CacheKeys:
    """What a project says."""

    paths: tuple[str, ...] = ()
    """Of files; patterns among them."""
    folders: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    has_commit: bool = False
    has_tags: bool = False

    def files(self, folder: Path) -> list[Path]:
        """Return the files that are meant, sorted."""
        plain = [folder / path for path in self.paths if not _SPECIAL & set(path)]
        patterns = [path for path in self.paths if _SPECIAL & set(path)]
        found = {path for path in plain if path.is_file()}
        return sorted(found.union(_matching(folder, patterns)))

    def rest(self, folder: Path, environ: Mapping[str, str]) -> Found:
        """Return what is found of all else."""
        commit, tags = None, None
        checkout = find_checkout(folder) if self.has_commit or self.has_tags else None
        if checkout is not None:
            head, named = references(checkout)
            commit = head if self.has_commit and _COMMIT.fullmatch(head) else None
            tags = named if self.has_tags else None
        places = {name: folder / name for name in sorted(self.folders)}
        return Found(
            commit,
            tags,
            {name: environ.get(name) for name in sorted(self.variables)},
            {name: _birth(at) for name, at in places.items() if at.is_dir() or not at.exists()},
        )

    def digest(self, folder: Path, environ: Mapping[str, str]) -> str:
        """Return a hash of all that is meant; of files, of what is in them."""
        files = [[os.path.relpath(path, folder), file_hash(path)] for path in self.files(folder)]
        found = self.rest(folder, environ)
        told = [files, found.commit, found.tags, found.variables, found.folders]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


DEFAULT = CacheKeys(("pyproject.toml", "setup.py", "setup.cfg"), ("src",))


def read_keys(folder: Path) -> CacheKeys | None:
    """Return the keys of a source tree, `DEFAULT` if it says nothing; None if uv refuses them."""
    try:
        table: object = tomli.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return DEFAULT
    for name in ("tool", "uv", "cache-keys"):
        table = table.get(name) if isinstance(table, dict) else None
    if table is None:
        return DEFAULT
    try:
        return _parse(table)
    except ValueError:
        return None


def _parse(keys: object) -> CacheKeys:
    """Read the list. Raises `ValueError` for what is none."""
    if not isinstance(keys, list):
        raise ValueError(keys)
    texts: dict[str, list[str]] = {"file": [], "dir": [], "env": []}
    git: set[str] = set()
    for key in keys:
        match key:
            case str(text):
                texts["file"].append(text)
            case {"file": str(text)} | {"dir": str(text)} | {"env": str(text)} if len(key) == 1:
                texts[next(iter(key))].append(text)
            case {"git": bool(is_asked)} if len(key) == 1:
                git |= {"commit"} if is_asked else set()
            case {"git": {**asked}} if len(key) == 1 and asked.keys() <= {"commit", "tags"}:
                git |= {str(name) for name, is_asked in asked.items() if is_asked}
            case _:
                raise ValueError(key)
    for pattern in texts["file"]:
        _compile(pattern)
    paths, folders, variables = map(tuple, texts.values())
    return CacheKeys(paths, folders, variables, "commit" in git, "tags" in git)


def _matching(folder: Path, patterns: list[str]) -> Iterator[Path]:
    """Give the files that match; of patterns for one folder, the last that matches holds."""
    by_base: dict[Path, list[tuple[re.Pattern[str], bool]]] = {}
    for pattern in patterns:
        start, rest = _split(pattern.removeprefix("!"))
        is_taken = not pattern.startswith("!")
        by_base.setdefault(folder / start, []).append((_compile(rest), is_taken))
    for base, compiled in by_base.items():
        for path in _walk(base):
            name = path.relative_to(base).as_posix()
            verdicts = [is_taken for each, is_taken in compiled if each.fullmatch(name)]
            if verdicts and verdicts[-1] and path.is_file():
                yield path


def _walk(base: Path) -> Iterator[Path]:
    """Give the files below a folder; environments are no sources."""
    for parent, folders, names in os.walk(base):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        yield from (Path(parent, name) for name in names)


def _split(pattern: str) -> tuple[str, str]:
    """Return the folder that a pattern begins with, and the pattern below it.

    >>> _split("./a/b/*.c"), _split("/a/{b,c}/d"), _split("**/*.toml")
    (('a/b', '*.c'), ('/a', '{b,c}/d'), ('', '**/*.toml'))
    """
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    first = next((n for n, part in enumerate(parts) if set("*?[]{}") & set(part)), len(parts) - 1)
    root = "/" if pattern.startswith("/") else ""
    return root + "/".join(parts[:first]), "/".join(parts[first:])


def _compile(pattern: str) -> re.Pattern[str]:
    """Return what a pattern matches. Raises `ValueError` for one that is not well-formed.

    One with no slash matches at any depth, as in `.gitignore`; `*` alone does not.
    """
    anywhere = "" if "/" in pattern or pattern == "*" else "(?:.*/)?"
    depth, text = 0, ""
    for token in _TOKEN.findall(pattern):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth < 0:
            raise ValueError(pattern)
        text += _translated(token, is_in_braces=depth > 0)
    if depth:
        raise ValueError(pattern)
    try:
        return re.compile(anywhere + text, re.DOTALL)
    except re.error as error:
        raise ValueError(pattern) from error


def _translated(part: str, *, is_in_braces: bool) -> str:
    if part.startswith("**"):
        return {"**/": "(?:.*/)?", "**": ".*"}.get(part, "[^/]*")
    if part[0] == "[" and len(part) > 1:
        inner = part[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
    if part == "," and not is_in_braces:
        return ","
    plain = {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    return plain.get(part) or re.escape(part[-1])


def _birth(folder: Path) -> object:
    """Return when a folder was made; its inode, where the file system does not know."""
    try:
        inode = folder.stat().st_ino
    except OSError:
        return None
    born = _born(folder)
    return inode if born is None else as_date(born)


def _born(path: Path) -> int | None:
    """Return the date of birth in nanoseconds, which Python does not tell on Linux (statx(2))."""
    if sys.platform != "linux":
        return None
    import ctypes  # Here, since most locks have no source tree.

    buffer = ctypes.create_string_buffer(256)
    try:
        failed = ctypes.CDLL(None).statx(_HERE, os.fsencode(path), 0, _BIRTH, buffer)
    except (AttributeError, OSError):
        return None
    (known,) = struct.unpack_from("=I", buffer, 0)
    if failed or not known & _BIRTH:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, 0x50)
    return int(seconds) * 10**9 + int(nanoseconds)


def as_date(nanoseconds: int) -> dict[str, int]:
    """Return a date as uv writes it."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return {"secs_since_epoch": seconds, "nanos_since_epoch": rest}


def file_hash(path: Path) -> str | None:
    """Return a hash of what is in a file; None of one that cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
