"""A table put into the text of `pyproject.toml`, all else in it left as it is, to the byte.

Libraries that edit TOML write the document again from what they have understood; of tables that
are not in order, a comment or a table was lost. So the text is cut at its own lines here, and the
parser that builds use says whether the outcome means what it should.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tomli

from lamina.errors import LaminaError

_OURS = ("tool", "lamina")
_HEADER = re.compile(r"[ \t]*\[")
_BY_HAND = "To see what would be written, pass `--dry-run`; then write it there by hand"


class NoPlace(LaminaError):
    """A document that the table cannot be put into without changing what else it says."""


def has_settings(document: Mapping[str, object]) -> bool:
    """Say whether a parsed document has a `[tool.lamina]` that says anything, or an empty one."""
    tool = document.get("tool")
    return isinstance(tool, dict) and "lamina" in tool


def with_table(text: str, table: str) -> str:
    """Return a document with a table in place of its `[tool.lamina]`, or else at its end.

    Raises `NoPlace` where the outcome would not say the same as before about all else.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    table = table.replace("\n", newline)
    before = tomli.loads(text)
    if has_settings(before):
        changed = _replaced(text, table, newline)
    else:
        changed = _appended(text, table, newline)
    _check(before, changed, table)
    return changed


def _appended(text: str, table: str, newline: str) -> str:
    if not text.strip():
        return text + table
    gap = "" if text.endswith("\n") else newline
    if not re.search(r"\n[ \t]*\r?\n\Z", text + gap):
        gap += newline
    return text + gap + table


def _replaced(text: str, table: str, newline: str) -> str:
    lines = text.splitlines(keepends=True)
    spans = list(_spans(lines))
    if not spans:
        raise NoPlace(
            "Unable to replace `[tool.lamina]` in `pyproject.toml`: it is written in another form",
            hint=_BY_HAND,
        )
    kept: list[str] = []
    at = 0
    for number, span in enumerate(spans):
        kept += lines[at : span.start]
        if number == 0:
            kept.append(table)
        at = span.end
        if number > 0:
            # The empty lines above a table that is gone are enough for what stands below it.
            while at < len(lines) and not lines[at].strip():
                at += 1
    return "".join([*kept, *lines[at:]])


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of a document, the last not included."""

    start: int
    end: int


def _spans(lines: list[str]) -> Iterator[_Lines]:
    """Give where the tables of ours are, those beside each other as one."""
    start: int | None = None
    for number, line in enumerate(lines):
        path = _header(line)
        if path is None or not _is_whole("".join(lines[:number])):
            continue
        is_ours = path[: len(_OURS)] == _OURS
        if is_ours and start is None:
            start = number
        elif not is_ours and start is not None:
            yield _Lines(start, _end(lines, start, number))
            start = None
    if start is not None:
        yield _Lines(start, _end(lines, start, len(lines)))


def _end(lines: list[str], start: int, behind: int) -> int:
    """Return where a table ends: comments right above the next are of that.

    So are those at the end of the file, if there is an empty line above them.
    """
    end = behind
    while end > start + 1 and lines[end - 1].lstrip().startswith("#"):
        end -= 1
    if behind == len(lines) and lines[end - 1].strip():
        end = behind
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return end


def _header(line: str) -> tuple[str, ...] | None:
    """Return the path of a table that a line begins, or None where it begins none."""
    if not _HEADER.match(line):
        return None
    try:
        found: Any = tomli.loads(line)
    except tomli.TOMLDecodeError:
        return None
    path = []
    while found:
        if isinstance(found, list):
            (found,) = found
            continue
        ((key, found),) = found.items()
        path.append(key)
    return tuple(path)


def _is_whole(text: str) -> bool:
    """Say whether what stands above a line is a document, and no string or array goes on in it."""
    try:
        tomli.loads(text)
    except tomli.TOMLDecodeError:
        return False
    return True


def _check(before: Mapping[str, Any], changed: str, table: str) -> None:
    wanted = {**before, "tool": {**before.get("tool", {}), **tomli.loads(table)["tool"]}}
    try:
        got: object = tomli.loads(changed)
    except tomli.TOMLDecodeError:
        got = None
    if got != wanted:
        raise NoPlace(
            "Unable to put `[tool.lamina]` into `pyproject.toml` without changing what else it"
            " says: `tool`, or the table itself, is written in another form",
            hint=_BY_HAND,
        )
