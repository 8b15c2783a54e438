"""`.dockerignore`: is a file sent to the builder? By the rules of moby/patternmatcher.

A pattern is of the whole path, with ``*``, ``?``, ``[...]`` within a part and ``**`` for any number
of parts; what matches a folder matches all in it; ``!`` takes back; the last that matches counts.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

_CLASS = re.compile(r"\[(\^?)((?:[^\]\\]|\\.)+)\]")


def is_ignored(text: str, path: str) -> bool:
    r"""Say whether a file, or a folder as a whole, is left out.

    >>> is_ignored("*\n!src", "src/a.py"), is_ignored("**/.venv", "x/.venv/bin")
    (False, True)
    """
    ignored = False
    for pattern, takes_back in _patterns(text):
        if ignored == takes_back and any(pattern.fullmatch(each) for each in _with_parents(path)):
            ignored = not takes_back
    return ignored


def _patterns(text: str) -> Iterator[tuple[re.Pattern[str], bool]]:
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        written = line.strip()
        takes_back = written.startswith("!")
        written = posixpath.normpath(written.removeprefix("!").strip() or ".").lstrip("/")
        try:
            yield re.compile(_regex(written)), takes_back
        except re.error:
            continue


def _regex(pattern: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if pattern.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        elif character in "*?":
            parts.append("[^/]*" if character == "*" else "[^/]")
            at += 1
        elif match := _CLASS.match(pattern, at):
            parts.append(f"[{match[1]}{match[2]}]")
            at = match.end()
        else:
            at += character == "\\"
            parts.append(re.escape(pattern[at : at + 1]))
            at += 1
    return "".join(parts)


def _with_parents(path: str) -> Iterator[str]:
    while path and path not in (".", "/"):
        yield path
        path = posixpath.dirname(path)
