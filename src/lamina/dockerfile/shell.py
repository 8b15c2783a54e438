"""The commands in a text for the shell, each word with its place.

tree-sitter reads the shell's grammar, and gives a tree of whatever it can make sense of. Nothing
is run: what only a run would tell, such as the output of a command, is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from lamina.dockerfile.text import Joined, Span

_DEEPEST_SHELL = 3
_SHELLS = frozenset({"sh", "bash", "dash", "ash"})
_WRAPPERS = frozenset({"exec", "sudo", "env", "command", "time", "nice", "nohup"})
_UNKNOWN_NODES = frozenset(
    {"command_substitution", "process_substitution", "arithmetic_expansion", "brace_expression"}
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in a word."""

    name: str


@dataclass(frozen=True, slots=True)
class Tilde:
    """The home folder that the shell puts in place of ``~``."""


Part = str | Variable | Tilde | None
"""A part of a word; None is what only a run would tell."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command."""

    parts: tuple[Part, ...]
    span: Span

    @property
    def literal(self) -> str | None:
        """The word, if it depends on nothing."""
        texts = [part for part in self.parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(self.parts) else None

    @property
    def beginning(self) -> str:
        """What is certain of how the word begins."""
        first = self.parts[0] if self.parts else ""
        return first if isinstance(first, str) else ""

    def value(self, lookup: Callable[[str], str | None]) -> str | None:
        """Return the word with its variables replaced; None if one of them is unknown."""
        texts = []
        for part in self.parts:
            match part:
                case Variable(name):
                    text = lookup(name)
                case Tilde():
                    text = lookup("HOME")
                case _:
                    text = part
            if text is None:
                return None
            texts.append(text)
        return "".join(texts)


@dataclass(frozen=True, slots=True)
class Assignment:
    """``NAME=value``, before a command, by itself, or with `export`."""

    name: str
    value: Word
    span: Span


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command; without words, it only assigns."""

    words: tuple[Word, ...]
    assignments: tuple[Assignment, ...]
    span: Span
    depth: int = 0
    """In how many subshells it runs: what it changes ends with them."""
    is_certain: bool = True
    """Whether it runs whatever a condition of `if` or `case` comes to."""

    @property
    def name(self) -> str:
        """The last part of the program's path; empty if unknown."""
        literal = self.words[0].literal if self.words else None
        return literal.rpartition("/")[2] if literal else ""


def commands(text: Joined) -> list[Command]:
    """Return the commands of a text in the order in which they are written.

    What `sh -c` is given counts as well.
    """
    return list(_commands(text, 0))


def exec_command(words: Sequence[Joined]) -> list[Command]:
    """Return the command of a list in JSON, which no shell reads, and what `sh -c` is given."""
    made = tuple(Word((word.text,), word.span()) for word in words)
    if not made:
        return []
    command = _unwrapped(Command(made, (), made[0].span.to(made[-1].span)))
    return [command, *_of_shell(command, 0)]


def _commands(text: Joined, nested: int) -> Iterator[Command]:
    reader = _Reader(text)
    for node, depth, is_certain in reader.statements():
        command = _unwrapped(replace(reader.command(node, depth), is_certain=is_certain))
        yield command
        yield from _of_shell(command, nested)


def _unwrapped(command: Command) -> Command:
    """Return what `exec`, `sudo` or `env` runs; what `env` sets is an assignment like others."""
    words, assignments = list(command.words), list(command.assignments)
    while len(words) > 1 and (words[0].literal or "").rpartition("/")[2] in _WRAPPERS:
        del words[0]
        while words and words[0].beginning.startswith("-"):
            del words[0]
        while words and (made := _assigned(words[0])) is not None:
            assignments.append(made)
            del words[0]
    return replace(command, words=tuple(words), assignments=tuple(assignments))


def _assigned(word: Word) -> Assignment | None:
    name, equals, rest = word.beginning.partition("=")
    if not equals or not name.isidentifier():
        return None
    return Assignment(name, Word((rest, *word.parts[1:]), word.span), word.span)


def _of_shell(command: Command, nested: int) -> Iterator[Command]:
    if command.name not in _SHELLS or nested >= _DEEPEST_SHELL:
        return
    for option, script in zip(command.words[1:], command.words[2:], strict=False):
        flag = option.literal or ""
        if flag.startswith("-") and not flag.startswith("--") and flag.endswith("c"):
            if (literal := script.literal) is not None:
                pieces = ((0, script.span.start),)
                for inner in _commands(Joined(literal, pieces), nested + 1):
                    # Escapes and variables move what is within, so that only the whole is certain.
                    words = tuple(Word(word.parts, script.span) for word in inner.words)
                    yield Command(
                        words,
                        inner.assignments,
                        script.span,
                        inner.depth + 1,
                        is_certain=inner.is_certain and command.is_certain,
                    )
            return


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


class _Reader:
    """The tree of one text."""

    def __init__(self, text: Joined) -> None:
        self._text = text
        encoded = text.text.encode("utf-8", "replace")
        self._encoded = encoded
        self._offsets = None if len(encoded) == len(text.text) else _offsets(text.text)
        self._tree = _parser().parse(encoded)

    def statements(self) -> Iterator[tuple[Node, int, bool]]:
        """Give what runs or assigns, in order, with the subshells around it; whether it must."""
        waiting = [(self._tree.root_node, 0, True)]
        while waiting:
            node, depth, is_certain = waiting.pop()
            if node.type in ("command", "declaration_command") or (
                node.type == "variable_assignment"
                and (node.parent is None or node.parent.type not in _ASSIGNING)
            ):
                yield node, depth, is_certain
            inner = depth + (node.type in _SUBSHELLS)
            is_certain = is_certain and node.type not in _CONDITIONAL
            waiting += [(child, inner, is_certain) for child in reversed(node.named_children)]

    def command(self, node: Node, depth: int) -> Command:
        """Return a command."""
        span = self._span(node)
        if node.type == "variable_assignment":
            return Command((), tuple(self._assignments([node])), span, depth)
        children = node.named_children
        assignments = tuple(self._assignments(children))
        words = [
            self._word(child)
            for child in children
            if child.type not in ("variable_assignment", "file_redirect", "herestring_redirect")
        ]
        if node.type == "declaration_command":
            keyword = node.children[0]
            words.insert(0, Word((self._string(keyword),), self._span(keyword)))
        return Command(tuple(words), assignments, span, depth)

    def _assignments(self, nodes: Sequence[Node]) -> Iterator[Assignment]:
        for node in nodes:
            name = node.child_by_field_name("name")
            if node.type == "variable_assignment" and name is not None:
                value = node.child_by_field_name("value")
                end = self._span(node)
                empty = Word((), Span(end.end, end.end))
                word = empty if value is None else self._word(value)
                yield Assignment(self._string(name), word, end)

    def _word(self, node: Node) -> Word:
        return Word(tuple(_merged(self._parts(node, is_first=True))), self._span(node))

    def _parts(self, node: Node, *, is_first: bool) -> Iterator[Part]:
        kind = node.type
        if kind in ("command_name", "concatenation"):
            for index, child in enumerate(node.children):
                yield from self._parts(child, is_first=is_first and index == 0)
        elif kind == "string":
            yield from self._quoted(node)
        elif kind == "raw_string":
            yield self._string(node)[1:-1]
        elif kind == "simple_expansion" or (kind == "expansion" and len(node.children) == 3):
            names = node.named_children
            known = len(names) == 1 and names[0].type == "variable_name"
            yield Variable(self._string(names[0])) if known else None
        elif kind in ("expansion", "ansi_c_string", "translated_string") or kind in _UNKNOWN_NODES:
            yield None
        else:
            text = self._string(node)
            if is_first and (text == "~" or text.startswith("~/")):
                yield Tilde()
                text = text[1:]
            yield _unescaped(text)

    def _quoted(self, node: Node) -> Iterator[Part]:
        at = node.start_byte + 1
        for child in node.named_children:
            if child.type == "string_content":
                continue
            yield _unescaped_in_quotes(self._between(at, child.start_byte))
            yield from self._parts(child, is_first=False)
            at = child.end_byte
        yield _unescaped_in_quotes(self._between(at, max(at, node.end_byte - 1)))

    def _string(self, node: Node) -> str:
        return self._between(node.start_byte, node.end_byte)

    def _between(self, start: int, end: int) -> str:
        return self._encoded[start:end].decode("utf-8", "replace")

    def _span(self, node: Node) -> Span:
        return self._text.span(self._offset(node.start_byte), self._offset(node.end_byte))

    def _offset(self, byte: int) -> int:
        return byte if self._offsets is None else self._offsets[byte]


_ASSIGNING = frozenset({"command", "declaration_command"})
_CONDITIONAL = frozenset({"case_statement", "if_statement"})
_SUBSHELLS = frozenset({"subshell", "command_substitution", "process_substitution"})


def _offsets(text: str) -> list[int]:
    """Return for each byte of a text in UTF-8 which character it belongs to."""
    offsets = []
    for index, character in enumerate(text):
        offsets += [index] * len(character.encode("utf-8", "replace"))
    return [*offsets, len(text)]


def _merged(parts: Iterator[Part]) -> Iterator[Part]:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        text = ""
        yield part
    if text:
        yield text


def _unescaped(text: str) -> str:
    kept, at = [], 0
    while at < len(text):
        at += text[at] == "\\"
        kept.append(text[at : at + 1])
        at += 1
    return "".join(kept)


def _unescaped_in_quotes(text: str) -> str:
    for each in '"$`':
        text = text.replace(f"\\{each}", each)
    return text.replace("\\\\", "\\")
