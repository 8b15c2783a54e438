"""The folder that files are copied from, as far as what is copied depends on it."""

from __future__ import annotations

import fnmatch
import os
import posixpath
from pathlib import Path
from typing import Protocol

from lamina.archive.parents import parents
from lamina.project.ignore import Ignore, read_ignore

_WILD = frozenset("*?[")


class Context(Protocol):
    """Answers what lies in the folder; paths are relative to it, with ``/`` between."""

    def is_folder(self, path: str) -> bool | None:
        """Say whether a path is a folder; None where nothing lies there."""
        ...

    def matches(self, pattern: str) -> list[str]:
        """Return the paths that a pattern of COPY names, sorted."""
        ...

    def text(self, path: str) -> str | None:
        """Return the text of a file; None where there is none, or no text."""
        ...


class Folder:
    """A folder on the disk; see `Context`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def is_folder(self, path: str) -> bool | None:
        """See `Context.is_folder`."""
        found = self._root / path
        return found.is_dir() if os.path.lexists(found) else None

    def matches(self, pattern: str) -> list[str]:
        """See `Context.matches`; what a build would leave out is left out."""
        found = [""]
        for part in pattern.split("/"):
            found = [path for above in found for path in self._below(above, part)]
        ignore = read_ignore(self._root)
        return sorted(each for each in found if not _is_left_out(each, ignore))

    def text(self, path: str) -> str | None:
        """See `Context.text`."""
        try:
            return (self._root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _below(self, above: str, part: str) -> list[str]:
        if not is_pattern(part):
            path = posixpath.join(above, part)
            return [path] if os.path.lexists(self._root / path) else []
        try:
            names = [path.name for path in (self._root / above).iterdir()]
        except OSError:
            return []
        return [posixpath.join(above, name) for name in names if fnmatch.fnmatchcase(name, part)]


def _is_left_out(path: str, ignore: Ignore) -> bool:
    return any(ignore.excludes(each) and ignore.prunes(each) for each in (*parents(path), path))


def is_pattern(path: str) -> bool:
    """Say whether COPY would take a path for a pattern."""
    return not _WILD.isdisjoint(path)
