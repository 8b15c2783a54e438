"""The files that commands write to, and what a single one writes, where that is known before.

Of text that is `echo` and `cat` of a here-document, as POSIX and dash have them; what either would
interpret is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamina.system.scripts.shell.words import Scope, Word, text_of, value_of

if TYPE_CHECKING:
    from tree_sitter import Node

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_SPECIAL = re.compile(r"[$`\\]")


@dataclass(frozen=True, slots=True)
class Output:
    """The text that goes to a file."""

    text: str
    is_appended: bool = False


def output_of(statement: Node, words: Sequence[Word], scope: Scope) -> Output | None:
    """Return what a command with redirections writes to its only file; None if nobody knows.

    ``words`` are those of the command.
    """
    files = list(_of_type(statement, "file_redirect"))
    documents = list(_of_type(statement, "heredoc_redirect"))
    operators = [text_of(each) for file in files for each in file.children if not each.is_named]
    if len(files) != 1 or operators not in ([">"], [">>"]) or _has_descriptor(files[0]):
        return None
    values = [word.value for word in words]
    text: str | None = None
    match values, documents:
        case ["echo", *printed], []:
            text = _echoed(printed)
        case ["cat"], [document]:
            text = _document(statement, document, scope)
        case _:
            pass
    return None if text is None else Output(text, operators == [">>"])


def _of_type(node: Node, kind: str) -> Iterator[Node]:
    """Give the redirections, which the grammar nests within each other."""
    for child in node.named_children:
        if child.type == kind:
            yield child
        if child.type == "heredoc_redirect":
            yield from _of_type(child, kind)


def _has_descriptor(redirect: Node) -> bool:
    return any(child.type == "file_descriptor" for child in redirect.named_children)


def _echoed(values: Sequence[str | None]) -> str | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values) or any("\\" in value for value in known):
        return None
    if known[:1] and known[0].startswith("-"):
        return None
    return " ".join(known) + "\n"


def _document(statement: Node, document: Node, scope: Scope) -> str | None:
    """Return a here-document, from the line after its beginning to that of its end."""
    start, end = (next(_of_type(document, kind), None) for kind in ("heredoc_start", "heredoc_end"))
    if start is None or end is None:
        return None
    source, at = statement.text or b"", statement.start_byte
    first = source.find(b"\n", start.end_byte - at) + 1
    text = source[first : end.start_byte - at].decode("utf-8", "surrogateescape")
    strips = any(child.type == "<<-" for child in document.children)
    if strips:
        text = "".join(line.lstrip("\t") for line in text.splitlines(keepends=True))
    if not first or (text and not text.endswith("\n")):
        return None
    is_quoted = bool(set(text_of(start)) & set("\"'\\"))
    return text if is_quoted else _expanded(text, scope)


def _expanded(text: str, scope: Scope) -> str | None:
    kept: list[str] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        value = scope.lookup(found[1] or found[2])
        if value is None or _SPECIAL.search(text[at : found.start()]):
            return None
        kept += [text[at : found.start()], value]
        at = found.end()
    rest = text[at:]
    return None if _SPECIAL.search(rest) else "".join([*kept, rest])


def targets_of(redirect: Node, scope: Scope) -> list[str]:
    """Return the file that a redirection writes to, if it is one that remains."""
    operator = next((text_of(each) for each in redirect.children if not each.is_named), "")
    target = redirect.child_by_field_name("destination")
    if redirect.type != "file_redirect" or target is None or ">" not in operator:
        # Nested in the body of a here-document, the grammar has what stands behind it.
        return [
            each
            for child in redirect.named_children
            for each in (targets_of(child, scope) if child.type == "file_redirect" else [])
        ]
    path = value_of(target, scope)
    if "&" in operator and (path or "").isdecimal():
        return []
    text = path if path is not None else text_of(target)
    return [] if text.startswith("/dev/") or text == "-" else [text]
