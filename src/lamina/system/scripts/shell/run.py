"""The commands that a script would run, in order, with what is known of their words.

The script is read, never started. Where a condition is unknown both ways are followed, and what
is found there is uncertain; but a way that ends in failure is not taken, since the package could
not be installed then.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lamina.system.scripts.shell.conditions import Truth, both, check, either, opposite, outcome
from lamina.system.scripts.shell.output import Output, output_of
from lamina.system.scripts.shell.surroundings import Surroundings
from lamina.system.scripts.shell.touched import touched
from lamina.system.scripts.shell.tree import only_output, parse, parts_of_if, patterns
from lamina.system.scripts.shell.words import Scope, Word, expand, text_of, value_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_COMMANDS = 5000
_DEEPEST = 60
_LARGEST = 1 << 20


class TooMuch(Exception):
    """A script that is too large, or too deep, to be followed."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command that a script would run."""

    words: tuple[Word, ...]
    is_certain: bool
    writes: tuple[str, ...] = ()
    """The files that its output goes to, as far as their names are known."""
    output: Output | None = None
    """What goes to the only one of them, if that is known."""

    @property
    def name(self) -> str:
        """The last part of the program's path; empty if unknown."""
        return (self.words[0].value or "").rpartition("/")[2] if self.words else ""

    @property
    def text(self) -> str:
        """The command for people, on one line."""
        texts = [
            word.text if word.value is None else shlex.quote(word.value) for word in self.words
        ]
        return " ".join(" ".join(texts).split())


class _End(Enum):
    """What stopped a list of commands early."""

    FAILURE = "exit with an error"
    EXIT = "exit"
    RETURN = "return"
    LOOP = "break or continue"


@dataclass(frozen=True, slots=True)
class _Result:
    status: Truth = True
    end: _End | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A script that was followed to its end."""

    steps: tuple[Step, ...]
    answers: Mapping[str, str | None]
    """What debconf would answer afterwards; None if nobody knows."""
    changed: dict[str, bool | None]
    """See `Surroundings.changed`: as it is afterwards."""
    has_failed: bool = False
    """Whether the package could not be installed then: something was not understood."""


def follow(script: bytes, arguments: Sequence[str], surroundings: Surroundings) -> Followed:
    """Return what ``script`` would run with these arguments. Raises `TooMuch`."""
    if len(script) > _LARGEST:
        raise TooMuch
    given = tuple(Word(argument, argument) for argument in arguments)
    surroundings = replace(surroundings, changed=dict(surroundings.changed))
    scope = Scope(surroundings.variables(), given, surroundings)
    reader = _Reader(scope, dict(surroundings.answers))
    try:
        result = reader.block(parse(script))
    except RecursionError:
        raise TooMuch from None
    return Followed(
        tuple(reader.found), reader.answers, surroundings.changed, result.end is _End.FAILURE
    )


@dataclass(slots=True)
class _Reader:
    scope: Scope
    answers: dict[str, str | None]
    found: list[Step] = field(default_factory=list)
    is_certain: bool = True
    may_return: bool = False
    """Whether the function may have returned already."""
    may_exit: bool = False
    """Whether the script may have ended already."""
    depth: int = 0
    visited: int = 0

    def block(self, node: Node) -> _Result:
        """Follow the statements within a node."""
        return self._all(node.named_children)

    def _all(self, nodes: Iterable[Node]) -> _Result:
        result = _Result()
        for node in nodes:
            result = self._statement(node)
            if result.end is not None:
                break
        return result

    def _statement(self, node: Node) -> _Result:
        self.visited += 1
        self.depth += 1
        if self.visited > _MOST_COMMANDS or self.depth > _DEEPEST:
            raise TooMuch
        try:
            return self._followed(node)
        finally:
            self.depth -= 1

    def _followed(self, node: Node) -> _Result:
        match node.type:
            case "command":
                return self._command(node)
            case "declaration_command" | "variable_assignment" | "variable_assignments":
                return self._assign(node)
            case "test_command":
                return _Result(check(list(self._tokens(node)), self.scope.surroundings))
            case "if_statement":
                return self._if(node)
            case "case_statement":
                return self._case(node)
            case "for_statement":
                return self._for(node)
            case "while_statement" | "c_style_for_statement":
                return self._while(node)
            case "list":
                return self._list(node)
            case "negated_command":
                inner = self.block(node)
                return replace(inner, status=opposite(inner.status))
            case "redirected_statement":
                return self._redirected(node)
            case "pipeline":
                return self._pipeline(node)
            case "subshell":
                return self._subshell(node)
            case "compound_statement" | "do_group":
                return self.block(node)
            case "function_definition":
                name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
                if name is not None and body is not None:
                    self.scope.functions[text_of(name)] = body
                return _Result()
            case "unset_command":
                self.scope.variables |= {text_of(each): "" for each in node.named_children}
                return _Result()
            case "comment" | "heredoc_body":
                return _Result()
            case _:
                # What the grammar does not know may be anything: it is shown as it is written.
                self._note((Word(None, text_of(node)),))
                return _Result(None)

    def _note(self, words: tuple[Word, ...], writes: tuple[str, ...] = ()) -> None:
        self.found.append(Step(words, self.is_certain, writes))
        for path, is_there in touched(words):
            self._mark(path, is_there=is_there)

    def _mark(self, path: str, *, is_there: bool) -> None:
        """Remember what the script itself has made or removed: later it may ask for that."""
        if path.startswith("/"):
            self.scope.surroundings.changed[path] = is_there if self.is_certain else None

    def _command(self, node: Node) -> _Result:
        if (asked := only_output(node)) is not None:
            # `if $(f x); then` runs what `f` prints: nothing, so that its own outcome counts.
            with self._apart():
                return self.block(asked)
        words: list[Word] = []
        writes: list[str] = []
        for child in node.named_children:
            if child.type == "file_redirect":
                writes += self._written(child)
            elif child.type not in ("variable_assignment", "herestring_redirect"):
                words += expand(child, self.scope)
        return self._run(tuple(words), tuple(writes))

    def _run(self, words: tuple[Word, ...], writes: tuple[str, ...]) -> _Result:
        name = words[0].value if words else ""
        if name in ("exit", "return"):
            return self._end(name, words)
        if name in ("break", "continue"):
            return _Result(True, _End.LOOP)
        if name == "pathfind" and len(words) == 2:
            # What packages write instead of `command -v` (Developer's Reference 6.4).
            program = words[1].value
            has = None if program is None else self.scope.surroundings.has_program(program)
            return _Result(has)
        if name in self.scope.functions:
            return self._call(self.scope.functions[name], words[1:])
        if name == "shift":
            self.scope.arguments = self.scope.arguments[1:]
        elif name == "set" and len(words) > 1 and words[1].value == "--":
            self.scope.arguments = words[2:]
        elif name == "read":
            self._forget(word.value or "" for word in words[1:])
        elif (name or "").startswith("db_"):
            self._ask(words)
        elif name not in ("[", "test", ":", "true", "false"):
            self._note(words, writes)
        return _Result(outcome(words, self.scope.surroundings))

    def _ask(self, words: Sequence[Word]) -> None:
        """Take the answers of debconf that are known (debconf-devel(7))."""
        command, question, *rest = [word.value for word in (*words, Word(None, ""))]
        answer = None
        if command == "db_get" and question is not None:
            answer = self.answers.get(question)
        if command in ("db_set", "db_reset"):
            changed = self.answers if question is None else (question,)
            given = rest[0] if rest and self.is_certain and command == "db_set" else None
            self.answers |= dict.fromkeys(changed, given if question is not None else None)
        self.scope.variables["RET"] = answer

    def _end(self, name: str, words: Sequence[Word]) -> _Result:
        status = words[1].value if len(words) > 1 else "0"
        succeeds = None if status is None else status == "0"
        if name == "return":
            return _Result(succeeds, _End.RETURN)
        return _Result(succeeds, _End.FAILURE if succeeds is False else _End.EXIT)

    def _call(self, body: Node, arguments: tuple[Word, ...]) -> _Result:
        outer, was_certain, may_return = self.scope.arguments, self.is_certain, self.may_return
        self.scope.arguments, self.may_return = arguments, False
        result = self._statement(body)
        status = None if self.may_return else result.status
        self.scope.arguments, self.may_return = outer, may_return
        if result.end not in (None, _End.RETURN):
            return result
        self._settle(was_certain)
        return _Result(status)

    def _settle(self, was_certain: bool) -> None:
        """Leave a function or a loop: what may have ended it early does not reach further."""
        self.is_certain = was_certain and not self.may_exit

    def _assign(self, node: Node) -> _Result:
        own = [node] if node.type == "variable_assignment" else node.named_children
        for child in own:
            name = child.child_by_field_name("name")
            if child.type != "variable_assignment" or name is None:
                continue
            value = child.child_by_field_name("value")
            known = "" if value is None else value_of(value, self.scope)
            is_appended = any(part.type == "+=" for part in child.children)
            self.scope.variables[text_of(name)] = None if is_appended else known
        return _Result()

    def _tokens(self, node: Node) -> Iterator[str | None]:
        """Give the words of ``[ ... ]``, which the grammar has made expressions of."""
        for child in node.children:
            if child.type in ("[", "]", "[[", "]]"):
                continue
            if child.type.endswith("_expression"):
                yield from self._tokens(child)
            elif not child.is_named or child.type == "test_operator":
                yield text_of(child)
            else:
                words = expand(child, self.scope)
                yield from (word.value for word in words)

    def _if(self, node: Node) -> _Result:
        condition, body, rest = parts_of_if(node)
        status = self._all(condition).status
        return self._choose(status, body, rest)

    def _choose(self, status: Truth, then: list[Node], otherwise: list[Node]) -> _Result:
        """Follow one of two ways, or both if nobody knows which."""
        if status is not None:
            return self._otherwise(otherwise) if status is False else self._all(then)
        return self._branch([lambda: self._all(then), lambda: self._otherwise(otherwise)])

    def _otherwise(self, nodes: list[Node]) -> _Result:
        if nodes and nodes[0].type == "elif_clause":
            condition, body, _ = parts_of_if(nodes[0])
            return self._choose(self._all(condition).status, body, nodes[1:])
        return self.block(nodes[0]) if nodes else _Result()

    def _branch(self, ways: Sequence[_Way]) -> _Result:
        """Follow several ways of which one is taken; a way that fails is none."""
        was_certain, start = self.is_certain, len(self.found)
        before = dict(self.scope.variables)
        taken: list[tuple[_Result, list[Step], dict[str, str | None]]] = []
        for way in ways:
            self.is_certain = False
            self.scope.variables = dict(before)
            result = way()
            if result.end is not _End.FAILURE:
                taken.append((result, self.found[start:], self.scope.variables))
            del self.found[start:]
        self.is_certain = was_certain
        if not taken:
            return _Result(False, _End.FAILURE)
        if len(taken) == 1:
            return self._only(*taken[0])
        return self._merged(taken)

    def _only(
        self, result: _Result, found: list[Step], variables: dict[str, str | None]
    ) -> _Result:
        self.found += [replace(step, is_certain=self.is_certain) for step in found]
        self.scope.variables = variables
        return result

    def _merged(
        self, taken: Sequence[tuple[_Result, list[Step], dict[str, str | None]]]
    ) -> _Result:
        self.found += [step for _, found, _ in taken for step in found]
        scopes = [variables for result, _, variables in taken if result.end is None]
        scopes = scopes or [taken[0][2]]
        names = {name for variables in scopes for name in variables}
        self.scope.variables = {
            name: _agreed([each.get(name, "") for each in scopes]) for name in sorted(names)
        }
        ends = {result.end for result, _, _ in taken}
        statuses = {result.status for result, _, _ in taken}
        status = statuses.pop() if len(statuses) == 1 else None
        if len(ends) == 1:
            return _Result(status, ends.pop())
        # One way goes on: all that follows is uncertain.
        self.is_certain = False
        self.may_return |= _End.RETURN in ends
        self.may_exit |= _End.EXIT in ends
        return _Result(status)

    def _case(self, node: Node) -> _Result:
        subject = node.child_by_field_name("value")
        value = None if subject is None else value_of(subject, self.scope)
        ways: list[_Way] = []
        for item in node.named_children:
            if item.type != "case_item":
                continue
            matches = self._matches(item, value)
            body = [child for child in item.named_children if child not in patterns(item)]
            if matches:
                if not ways:
                    return self._all(body)
                ways.append(_way(self, body))
                return self._branch(ways)
            if matches is None:
                ways.append(_way(self, body))
        return self._branch([*ways, _Result]) if ways else _Result()

    def _matches(self, item: Node, value: str | None) -> Truth:
        truths: list[Truth] = []
        for pattern in patterns(item):
            text = text_of(pattern)
            if text == "*":
                return True
            literal = value_of(pattern, self.scope)
            if value is None or literal is None:
                truths.append(None)
            else:
                truths.append(fnmatchcase(value, literal))
        return True if True in truths else None if None in truths else False

    def _for(self, node: Node) -> _Result:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        if variable is None or body is None:
            return _Result(None)
        name = text_of(variable)
        listed = [
            word
            for child in node.children_by_field_name("value")
            for word in expand(child, self.scope)
        ]
        if any(word.value is None for word in listed):
            self.scope.variables[name] = None
            return self._perhaps(body)
        was_certain = self.is_certain
        for word in listed:
            self.scope.variables[name] = word.value
            result = self._statement(body)
            if result.end not in (None, _End.LOOP):
                return result
        if not self.may_return:
            self._settle(was_certain)
        return _Result()

    def _while(self, node: Node) -> _Result:
        body = node.child_by_field_name("body")
        condition = node.child_by_field_name("condition")
        if body is None:
            return _Result(None)
        status = None if condition is None else self._statement(condition).status
        if node.children and text_of(node.children[0]) == "until":
            status = opposite(status)
        return _Result() if status is False else self._perhaps(body)

    def _perhaps(self, body: Node) -> _Result:
        """Follow the body of a loop that runs any number of times."""

        def ended() -> _Result:
            result = self._statement(body)
            return replace(result, end=None) if result.end is _End.LOOP else result

        return self._branch([ended, _Result])

    def _list(self, node: Node) -> _Result:
        left, *operators = node.children
        result = self._statement(left)
        if result.end is not None or len(operators) < 2:
            return result
        operator, right = text_of(operators[0]), operators[-1]
        joins = both if operator == "&&" else either
        needed = operator == "&&"
        if result.status is (not needed):
            return result
        if result.status is needed:
            return self._statement(right)
        first = result.status
        second = self._branch([_way(self, [right]), _Result])
        return replace(second, status=joins(first, second.status) if second.end is None else None)

    def _redirected(self, node: Node) -> _Result:
        writes: list[str] = []
        body = node.child_by_field_name("body")
        for child in node.children_by_field_name("redirect"):
            writes += self._written(child)
        start = len(self.found)
        result = _Result() if body is None else self._statement(body)
        if writes and len(self.found) == start:
            self._note((Word("", text_of(node).partition("\n")[0]),))
        for at in range(start, len(self.found) if writes else start):
            self.found[at] = replace(self.found[at], writes=(*self.found[at].writes, *writes))
        if writes and len(self.found) > start and not self.found[-1].writes:
            self.found[-1] = replace(self.found[-1], writes=tuple(writes))
        if body is not None and body.type == "command" and len(self.found) == start + 1:
            only = self.found[start]
            output = output_of(node, only.words, self.scope)
            self.found[start] = replace(only, output=output)
        for path in writes:
            self._mark(path, is_there=True)
        return result

    def _written(self, redirect: Node) -> list[str]:
        """Return the file that a redirection writes to, if it is one that remains."""
        operator = next((text_of(each) for each in redirect.children if not each.is_named), "")
        target = redirect.child_by_field_name("destination")
        if redirect.type != "file_redirect" or target is None or ">" not in operator:
            # Nested in the body of a here-document, the grammar has what stands behind it.
            return [
                each
                for child in redirect.named_children
                for each in (self._written(child) if child.type == "file_redirect" else [])
            ]
        path = value_of(target, self.scope)
        if "&" in operator and (path or "").isdecimal():
            return []
        text = path if path is not None else text_of(target)
        return [] if text.startswith("/dev/") or text == "-" else [text]

    def _pipeline(self, node: Node) -> _Result:
        results = []
        for child in node.named_children:
            with self._apart():
                results.append(self._statement(child))
        return _Result(results[-1].status if results else None)

    def _subshell(self, node: Node) -> _Result:
        with self._apart():
            result = self.block(node)
        return _Result(False if result.end is _End.FAILURE else result.status)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Keep what a part that runs by itself sets, and how certain it was, from the rest."""
        variables, arguments = dict(self.scope.variables), self.scope.arguments
        was_certain = self.is_certain
        yield
        self.scope.variables, self.scope.arguments = variables, arguments
        self.is_certain = was_certain

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            if name.isidentifier():
                self.scope.variables[name] = None


_Way = Callable[[], _Result]


def _way(reader: _Reader, nodes: list[Node]) -> _Way:
    return lambda: reader._all(nodes)


def _agreed(values: list[str | None]) -> str | None:
    return values[0] if all(value == values[0] for value in values) else None
