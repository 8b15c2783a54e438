"""What of the project's folder is never copied, and what `.dockerignore` leaves out.

Docker's patterns are not git's: each is anchored at the root, the last match wins, and a file may
be taken back from a folder that is left out. So they are translated here, after
`moby/patternmatcher`, and not by a library that knows git's rules.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lamina.errors import LaminaError
from lamina.oci.location import UNFINISHED

DOCKERIGNORE = ".dockerignore"

VERSION_CONTROL = frozenset({".git", ".hg", ".svn"})
"""Names under which a version control system keeps its history, or points at it."""

_NEVER = VERSION_CONTROL | {
    ".DS_Store",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".uv_cache",
    ".venv",
    "__pycache__",
}

VENV_MARK = "pyvenv.cfg"
"""The file that every virtual environment has at its top (PEP 405), whatever its name."""


class InvalidIgnoreFile(LaminaError):
    """`.dockerignore` holds a line that is no pattern, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of `.dockerignore`: it matches a path, and all that lies below it."""

    regex: re.Pattern[str]
    takes_back: bool
    literal: tuple[str, ...]
    """The leading parts of the pattern that hold no wildcard."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Decides which paths of a project's folder are left out; paths are relative, with ``/``."""

    patterns: tuple[Pattern, ...] = ()
    outputs: frozenset[str] = frozenset()
    """Paths that are left out beside the patterns: what a build itself writes."""

    def excludes(self, path: str) -> bool:
        """Return whether ``path`` itself is left out; what is never copied is not taken back."""
        if is_never_copied(posixpath.basename(path)) or path in self.outputs:
            return True
        excluded = False
        for pattern in self.patterns:
            # A pattern that would not change the answer need not be asked.
            if pattern.takes_back is excluded and pattern.regex.fullmatch(path):
                excluded = not excluded
        return excluded

    def prunes(self, folder: str) -> bool:
        """Return whether nothing below ``folder``, which is left out, can be taken back."""
        if is_never_copied(posixpath.basename(folder)) or folder in self.outputs:
            return True
        parts = tuple(folder.split("/"))
        return not any(
            pattern.takes_back and all(a == b for a, b in zip(pattern.literal, parts, strict=False))
            for pattern in self.patterns
        )


def is_never_copied(name: str) -> bool:
    """Return whether a file or folder of that name is a cache, an environment or a history.

    Or an image that is being written, or whose writer was killed.
    """
    return name in _NEVER or name.endswith(".pyc") or name.startswith(UNFINISHED)


def read_ignore(root: Path, outputs: Iterable[Path] = ()) -> Ignore:
    """Read the rules of the folder ``root``; each of ``outputs`` is left out if it lies within."""
    top = os.path.realpath(root)
    inside = {
        os.path.relpath(path, top).replace(os.sep, "/")
        for path in map(os.path.realpath, outputs)
        if path.startswith(top + os.sep)
    }
    try:
        text = (root / DOCKERIGNORE).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidIgnoreFile(f"Unable to read `{DOCKERIGNORE}`: {reason}") from error
    return Ignore(parse_patterns(text), frozenset(inside))


def parse_patterns(text: str) -> tuple[Pattern, ...]:
    """Read the text of a `.dockerignore`, every bad line told at once."""
    patterns, problems = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if not line.startswith("#") and (pattern := _parse(line.strip())) is not None:
                patterns.append(pattern)
        except ValueError as error:
            problems.append(f"  {DOCKERIGNORE}:{number}: {error}")
    if problems:
        raise InvalidIgnoreFile("\n".join([f"Unable to read `{DOCKERIGNORE}`", *problems]))
    return tuple(patterns)


def _parse(line: str) -> Pattern | None:
    takes_back = line.startswith("!")
    glob = line[1:].strip() if takes_back else line
    if not glob:
        if takes_back:
            raise ValueError("`!` without a pattern")
        return None
    glob = posixpath.normpath(glob.lstrip("/") or "/").removeprefix("/")
    if glob in (".", ""):
        return None
    literal = []
    for part in glob.split("/"):
        if set(part) & set("*?[\\"):
            break
        literal.append(part)
    return Pattern(re.compile(_translate(glob), re.DOTALL), takes_back, tuple(literal))


def _translate(glob: str) -> str:
    """Return the regular expression of a pattern, with all that lies below what it matches.

    ``**`` is any number of folders, ``*`` and ``?`` stay within one name, ``[a-z]`` and ``[^a-z]``
    are one character, a backslash takes the next as it is.
    """
    regex, rest = "", glob
    while rest:
        if rest.startswith("**"):
            slash = rest.startswith("**/")
            rest = rest[3 if slash else 2 :]
            regex += ".*" if not rest or not (slash or regex) else "(?:.*/)?"
            continue
        character, rest = rest[0], rest[1:]
        if character == "*":
            regex += "[^/]*"
        elif character == "?":
            regex += "[^/]"
        elif character == "[":
            matched, rest = _class(rest)
            regex += matched
        elif character == "\\":
            if not rest:
                raise ValueError("ends in a backslash")
            regex, rest = regex + re.escape(rest[0]), rest[1:]
        else:
            regex += re.escape(character)
    return f"{regex}(?:/.*)?"


def _class(rest: str) -> tuple[str, str]:
    """Translate what follows ``[``, and return what comes after it."""
    match = re.match(r"(\^?)((?:\\.|[^\]\\])+)\]", rest, re.DOTALL)
    if match is None:
        raise ValueError("`[` is never closed")
    body = re.sub(r"\\(.)|([\[&~|^])", lambda m: re.escape(m[1] or m[2]), match[2])
    # `(?!/)`: a class never matches a slash, however it is written.
    regex = f"(?!/)[{match[1]}{body}]"
    try:
        re.compile(regex)
    except re.error:
        raise ValueError("holds a range that runs backwards") from None
    return regex, rest[match.end() :]
