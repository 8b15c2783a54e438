"""A Dockerfile as logical lines: directives, comments, lines that go on below, heredocs.

As BuildKit's parser does it:

- A directive is ``# name=value`` in one of the first lines, with nothing but directives before.
- An instruction goes on below a line that ends in the escape character, unless another one is
  before that. Comments and empty lines within it are left out, and the line goes on behind them.
- ``<<NAME`` in RUN, COPY or ADD takes the lines below up to ``NAME``, unless it is quoted or
  the arguments are JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lamina.dockerfile.expand import ExpansionError, Lexer
from lamina.dockerfile.problem import Problem
from lamina.dockerfile.text import Joined, Source, Span
from lamina.dockerfile.words import is_json_list, split_flags

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_HEREDOC = re.compile(r"(\d*)<<(-?)([^<]*)")
_WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})
_INSTRUCTION = re.compile(r"\s*(?:ONBUILD\s+)?([A-Za-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive for the parser, such as ``# syntax=docker/dockerfile:1``."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, without its ``#``."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The lines below an instruction that belong to it."""

    name: str
    content: Joined
    expands: bool
    chomps: bool
    span: Span


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """An instruction as one line, with the comments right before it and within."""

    text: Joined
    heredocs: tuple[Heredoc, ...]
    comments: tuple[Comment, ...]
    span: Span


@dataclass(slots=True)
class Lines:
    """All that a file has."""

    escape: str = "\\"
    directives: list[Directive] = field(default_factory=list)
    instructions: list[LogicalLine] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_lines(source: Source) -> Lines:
    """Divide a file into logical lines."""
    return _Reader(source).read()


class _Reader:
    """One pass over the file's lines."""

    def __init__(self, source: Source) -> None:
        self._text = source.text
        self._lines = _physical(source.text)
        self._next = 0
        self._found = Lines()
        self._may_be_directive = True

    def read(self) -> Lines:
        comments: list[Comment] = []
        while self._next < len(self._lines):
            line = self._take()
            start = _after_space(self._text, line)
            if self._directive(Span(start, line.end)):
                continue
            if self._text.startswith("#", start):
                comments.append(self._comment(start, line.end))
                continue
            end, goes_on = self._continued(Span(start, line.end))
            if not goes_on and start == end:
                comments = []
                continue
            self._found.instructions.append(self._instruction(start, end, goes_on, comments))
            comments = []
        return self._found

    def _instruction(
        self, start: int, end: int, goes_on: bool, before: list[Comment]
    ) -> LogicalLine:
        parts, comments = [Span(start, end)], list(before)
        while goes_on and self._next < len(self._lines):
            line = self._take()
            begin = _after_space(self._text, line)
            if self._text.startswith("#", begin) and begin < line.end:
                comments.append(self._comment(begin, line.end))
            elif begin < line.end:
                end, goes_on = self._continued(line)
                parts.append(Span(line.start, end))
        joined = Joined.of(self._text, parts)
        heredocs = tuple(self._heredocs(joined, Span(start, end)))
        last = heredocs[-1].span.end if heredocs else end
        return LogicalLine(joined, heredocs, tuple(comments), Span(start, last))

    def _heredocs(self, line: Joined, span: Span) -> Iterator[Heredoc]:
        for name, expands, chomps in _named_heredocs(line, self._found.escape):
            first = self._lines[self._next].start if self._next < len(self._lines) else span.end
            behind = first
            while self._next < len(self._lines):
                each = self._take()
                end = self._text[each.start : each.end]
                if (end.lstrip("\t") if chomps else end) == name:
                    content = Joined.of(self._text, [Span(first, behind)])
                    yield Heredoc(name, content, expands, chomps, Span(first, each.end))
                    break
                behind = self._lines[self._next].start if self._next < len(self._lines) else 0
            else:
                self._found.problems.append(Problem(span, f"Unterminated heredoc `{name}`"))
                return

    def _take(self) -> Span:
        self._next += 1
        return self._lines[self._next - 1]

    def _comment(self, start: int, end: int) -> Comment:
        comment = Comment(self._text[start + 1 : end].strip(), Span(start, end))
        self._found.comments.append(comment)
        return comment

    def _directive(self, line: Span) -> bool:
        if not self._may_be_directive:
            return False
        match = _DIRECTIVE.fullmatch(self._text, line.start, line.end)
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            self._may_be_directive = False
            return False
        if any(each.name == name for each in self._found.directives):
            message = f"Only one `{name}` directive can be used"
            self._found.problems.append(Problem(line, message))
        elif name == "escape" and match[2] not in ("`", "\\"):
            message = f"Expected `\\` or `` ` `` as the escape character, got: {match[2]}"
            self._found.problems.append(Problem(line, message))
        elif name == "escape":
            self._found.escape = match[2]
        self._found.directives.append(Directive(name, match[2], line))
        return True

    def _continued(self, line: Span) -> tuple[int, bool]:
        """Return where a line ends for the builder, and whether it goes on below."""
        kept = self._text[line.start : line.end].rstrip(" \t")
        escape = self._found.escape
        if kept.endswith(escape) and not kept[:-1].endswith(escape):
            return line.start + len(kept) - 1, True
        return line.end, False


def _physical(text: str) -> list[Span]:
    """Return the lines of a text without their ends; a byte-order mark belongs to none."""
    spans, start = [], int(text.startswith("\ufeff"))
    while start < len(text):
        end = text.find("\n", start)
        behind = len(text) if end < 0 else end
        kept = len(text[start:behind].rstrip("\r"))
        spans.append(Span(start, start + kept))
        start = behind + 1
    return spans


def _after_space(text: str, line: Span) -> int:
    at = line.start
    while at < line.end and text[at].isspace():
        at += 1
    return at


def _named_heredocs(line: Joined, escape: str) -> Iterator[tuple[str, bool, bool]]:
    match = _INSTRUCTION.match(line.text)
    if match is None or match[1].upper() not in _WITH_HEREDOCS or "<<" not in line.text:
        return
    if is_json_list(split_flags(line.slice(match.end()))[1].text):
        return
    try:
        words = Lexer(line.text, "\\", keeps_quotes=True, keeps_unset=True).words()
    except ExpansionError:
        return
    for word in words:
        found = _HEREDOC.fullmatch(word)
        if found is None or not found[3]:
            continue
        try:
            plain = Lexer(found[3], "\\", keeps_unset=True).words()
            quoted = Lexer(found[3], "\\", keeps_quotes=True, keeps_unset=True).words()
        except ExpansionError:
            continue
        if len(plain) == 1 and len(quoted) == 1:
            yield plain[0], plain == quoted, bool(found[2])
