"""Words of the shell, with what is known of their variables in place of these."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lamina.system.scripts.shell.surroundings import Surroundings

if TYPE_CHECKING:
    from tree_sitter import Node

_GLOB = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r'\\([$`"\\\n])')
_DEFAULTS = re.compile(r"\$\{(?P<name>\w+|[@*])(?P<operator>:?[-+])(?P<word>.*)\}", re.DOTALL)
_LARGEST = 1 << 16
"""More text than any script's variable has; what doubles itself in a loop ends here."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command."""

    value: str | None
    """None if only a run would tell."""
    text: str
    """The word as it is written, for people; or its value."""


@dataclass(slots=True)
class Scope:
    """What a command finds set around it."""

    variables: dict[str, str | None]
    arguments: tuple[Word, ...]
    surroundings: Surroundings
    functions: dict[str, Node] = field(default_factory=dict)

    def lookup(self, name: str) -> str | None:
        """Return a variable's value; one that is set nowhere is empty, as in the shell."""
        if name.isdecimal():
            at = int(name)
            if at == 0:
                return None
            return self.arguments[at - 1].value if at <= len(self.arguments) else ""
        if name == "#":
            return str(len(self.arguments))
        if name in ("@", "*"):
            values = [argument.value for argument in self.arguments]
            return None if None in values else " ".join(value for value in values if value)
        return self.variables.get(name, "" if name not in _INHERITED else None)


_INHERITED = frozenset({"?", "$", "!", "-", "HOME", "PATH", "PWD", "TMPDIR", "RET", "USER", "LANG"})
"""What is set without the script's doing."""


def text_of(node: Node) -> str:
    """Return a node as it is written."""
    return (node.text or b"").decode("utf-8", "replace")


def expand(node: Node, scope: Scope) -> list[Word]:
    """Return the words that one word becomes: none if it is an empty variable without quotes."""
    if text_of(node) in ('"$@"', '"${@}"', "$@", "$*"):
        return list(scope.arguments)
    source = text_of(node)
    pieces = list(_pieces(node, scope))
    if any(value is None for value, _ in pieces):
        return [Word(None, " ".join(source.split()))]
    text = "".join(value or "" for value, _ in pieces)
    if len(text) > _LARGEST:
        return [Word(None, source)]
    if all(is_quoted for _, is_quoted in pieces):
        return [Word(text, text)]
    if any(not is_quoted and _GLOB.search(value or "") for value, is_quoted in pieces):
        return [Word(None, text)]
    if node.type in _SUBSTITUTIONS:
        return [Word(each, each) for each in text.split()]
    return [Word(text, text)]


def value_of(node: Node, scope: Scope) -> str | None:
    """Return a word that is not split, such as the value of a variable or of a `case`."""
    values = [value for value, _ in _pieces(node, scope)]
    if None in values:
        return None
    text = "".join(value or "" for value in values)
    return text if len(text) <= _LARGEST else None


_UNKNOWN = frozenset({"ansi_c_string", "translated_string", "process_substitution"})
_LITERAL = frozenset({"word", "number", "extglob_pattern", "regex"})


def _pieces(node: Node, scope: Scope) -> Iterator[tuple[str | None, bool]]:
    """Give the parts of a word, each with whether it is quoted."""
    kind, text = node.type, text_of(node)[_before(node) :]
    if kind in ("command_name", "concatenation", "variable_assignment_value"):
        for child in node.children:
            yield from _pieces(child, scope)
    elif kind == "raw_string":
        yield text[1:-1], True
    elif kind == "string":
        yield _quoted(node, scope), True
    elif kind == "simple_expansion":
        yield scope.lookup(text[1:]), False
    elif kind == "expansion":
        yield _expansion(text, scope), False
    elif kind == "command_substitution":
        yield _output(text, scope), False
    elif kind in _UNKNOWN or (node.named_children and kind not in _LITERAL):
        yield None, False
    else:
        yield _ESCAPED.sub(r"\1", text), False


def _before(node: Node) -> int:
    """Return how much white space a substitution begins with, which the grammar takes in."""
    text = text_of(node)
    return len(text) - len(text.lstrip(" \t\n\\")) if node.type in _SUBSTITUTIONS else 0


_SUBSTITUTIONS = frozenset({"simple_expansion", "expansion", "command_substitution"})


def _quoted(node: Node, scope: Scope) -> str | None:
    kept: list[str] = []
    data, start = node.text or b"", node.start_byte
    at = start + 1
    for child in node.named_children:
        if child.type == "string_content":
            continue
        kept.append(_plain(data[at - start : child.start_byte + _before(child) - start]))
        for value, _ in _pieces(child, scope):
            if value is None:
                return None
            kept.append(value)
        at = child.end_byte
    kept.append(_plain(data[at - start : max(at - start, len(data) - 1)]))
    return "".join(kept)


def _plain(data: bytes) -> str:
    text = data.decode("utf-8", "replace").replace("\\\n", "")
    return _ESCAPED_IN_QUOTES.sub(r"\1", text)


def _expansion(text: str, scope: Scope) -> str | None:
    inner = text[2:-1]
    if inner.isidentifier() or inner.isdecimal():
        return scope.lookup(inner)
    match = _DEFAULTS.fullmatch(text)
    if match is None:
        return None
    value = scope.lookup(match["name"])
    if value is None:
        return None
    is_default = "-" in match["operator"]
    if is_default and value:
        return value
    if not is_default and not value:
        return ""
    word = match["word"].strip("\"'")
    return None if re.search("[$`]", word) else word


def _output(text: str, scope: Scope) -> str | None:
    """Return what the few commands print whose output depends on nothing but their words."""
    inner = text[2:-1] if text.startswith("$(") else text[1:-1]
    words = [_literal(word, scope) for word in inner.replace("2>/dev/null", "").split()]
    match words:
        case ["dpkg", "--print-architecture"]:
            return scope.variables.get("DPKG_MAINTSCRIPT_ARCH")
        case ["dpkg-architecture", "-qDEB_HOST_MULTIARCH" | "-qDEB_BUILD_MULTIARCH"]:
            return scope.surroundings.triplet
        case ["dpkg-architecture", "-q", "DEB_HOST_MULTIARCH"]:
            return scope.surroundings.triplet
        case ["dpkg-divert", "--truename", str(path)]:
            return path
        case ["seq", str(first), str(step), str(last)]:
            return _counted(first, step, last)
        case ["echo", str(word)]:
            return word
        case ["command", "-v", str(name)] | ["which", str(name)]:
            found = scope.surroundings.has_program(name)
            return {True: f"/usr/bin/{name}", False: "", None: None}[found]
        case ["dirname" | "basename" as name, str(path)]:
            split: dict[str, Callable[[str], str]] = {
                "dirname": posixpath.dirname,
                "basename": posixpath.basename,
            }
            return split[name](path)
        case _:
            return None


def _counted(first: str, step: str, last: str) -> str | None:
    numbers = [int(each) for each in (first, step, last) if re.fullmatch(r"-?\d{1,4}", each)]
    if len(numbers) != 3 or numbers[1] == 0:
        return None
    end = numbers[2] + (1 if numbers[1] > 0 else -1)
    return " ".join(map(str, range(numbers[0], end, numbers[1])))


_VARIABLE = re.compile(r"\"?\$\{?(\w+)\}?\"?")


def _literal(word: str, scope: Scope) -> str | None:
    if (match := _VARIABLE.fullmatch(word)) is not None:
        return scope.lookup(match[1])
    bare = word.strip("\"'")
    return None if re.search(r"[$`\"'|;&<>*?\\]", bare) else bare
