"""The commands that a script would run, in order, with what is known of their words.

The script is read, never started. Where a condition is unknown both ways are followed, and what
is found there is uncertain; but a way that ends in failure is not taken, since the package could
not be installed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from lamina.system.scripts.shell.conditions import Truth, both, check, either, opposite, outcome
from lamina.system.scripts.shell.output import output_of, targets_of
from lamina.system.scripts.shell.steps import Step
from lamina.system.scripts.shell.surroundings import Surroundings
from lamina.system.scripts.shell.trace import End, Result, Trace, Way
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
    trace = Trace(scope)
    reader = _Reader(scope, dict(surroundings.answers), trace)
    try:
        result = reader.block(parse(script))
    except RecursionError:
        raise TooMuch from None
    return Followed(
        tuple(trace.found), reader.answers, surroundings.changed, result.end is End.FAILURE
    )


@dataclass(slots=True)
class _Reader:
    scope: Scope
    answers: dict[str, str | None]
    trace: Trace
    depth: int = 0
    visited: int = 0

    def block(self, node: Node) -> Result:
        """Follow the statements within a node."""
        return self._all(node.named_children)

    def _all(self, nodes: Iterable[Node]) -> Result:
        result = Result()
        for node in nodes:
            result = self._statement(node)
            if result.end is not None:
                break
        return result

    def _statement(self, node: Node) -> Result:
        self.visited += 1
        self.depth += 1
        if self.visited > _MOST_COMMANDS or self.depth > _DEEPEST:
            raise TooMuch
        try:
            return self._followed(node)
        finally:
            self.depth -= 1

    def _followed(self, node: Node) -> Result:
        match node.type:
            case "command":
                return self._command(node)
            case "declaration_command" | "variable_assignment" | "variable_assignments":
                return self._assign(node)
            case "test_command":
                return Result(check(list(self._tokens(node)), self.scope.surroundings))
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
                return Result()
            case "unset_command":
                self.scope.variables |= {text_of(each): "" for each in node.named_children}
                return Result()
            case "comment" | "heredoc_body":
                return Result()
            case _:
                # What the grammar does not know may be anything: it is shown as it is written.
                self.trace.note((Word(None, text_of(node)),))
                return Result(None)

    def _command(self, node: Node) -> Result:
        if (asked := only_output(node)) is not None:
            # `if $(f x); then` runs what `f` prints: nothing, so that its own outcome counts.
            with self.trace.apart():
                return self.block(asked)
        words: list[Word] = []
        writes: list[str] = []
        for child in node.named_children:
            if child.type == "file_redirect":
                writes += targets_of(child, self.scope)
            elif child.type not in ("variable_assignment", "herestring_redirect"):
                words += expand(child, self.scope)
        return self._run(tuple(words), tuple(writes))

    def _run(self, words: tuple[Word, ...], writes: tuple[str, ...]) -> Result:
        name = words[0].value if words else ""
        if name in ("exit", "return"):
            return self._end(name, words)
        if name in ("break", "continue"):
            return Result(True, End.LOOP)
        if name == "pathfind" and len(words) == 2:
            # What packages write instead of `command -v` (Developer's Reference 6.4).
            program = words[1].value
            has = None if program is None else self.scope.surroundings.has_program(program)
            return Result(has)
        if name in self.scope.functions:
            return self._call(self.scope.functions[name], words[1:])
        if name == "shift":
            self.scope.arguments = self.scope.arguments[1:]
        elif name == "set" and len(words) > 1 and words[1].value == "--":
            self.scope.arguments = words[2:]
        elif name == "read":
            self.trace.forget(word.value or "" for word in words[1:])
        elif (name or "").startswith("db_"):
            self._ask(words)
        elif name not in ("[", "test", ":", "true", "false"):
            self.trace.note(words, writes)
        return Result(outcome(words, self.scope.surroundings))

    def _ask(self, words: Sequence[Word]) -> None:
        """Take the answers of debconf that are known (debconf-devel(7))."""
        command, question, *rest = [word.value for word in (*words, Word(None, ""))]
        answer = None
        if command == "db_get" and question is not None:
            answer = self.answers.get(question)
        if command in ("db_set", "db_reset"):
            changed = self.answers if question is None else (question,)
            given = rest[0] if rest and self.trace.is_certain and command == "db_set" else None
            self.answers |= dict.fromkeys(changed, given if question is not None else None)
        self.scope.variables["RET"] = answer

    def _end(self, name: str, words: Sequence[Word]) -> Result:
        status = words[1].value if len(words) > 1 else "0"
        succeeds = None if status is None else status == "0"
        if name == "return":
            return Result(succeeds, End.RETURN)
        return Result(succeeds, End.FAILURE if succeeds is False else End.EXIT)

    def _call(self, body: Node, arguments: tuple[Word, ...]) -> Result:
        outer, was_certain, may_return = (
            self.scope.arguments,
            self.trace.is_certain,
            self.trace.may_return,
        )
        self.scope.arguments, self.trace.may_return = arguments, False
        result = self._statement(body)
        status = None if self.trace.may_return else result.status
        self.scope.arguments, self.trace.may_return = outer, may_return
        if result.end not in (None, End.RETURN):
            return result
        self.trace.settle(was_certain)
        return Result(status)

    def _assign(self, node: Node) -> Result:
        own = [node] if node.type == "variable_assignment" else node.named_children
        for child in own:
            name = child.child_by_field_name("name")
            if child.type != "variable_assignment" or name is None:
                continue
            value = child.child_by_field_name("value")
            known = "" if value is None else value_of(value, self.scope)
            is_appended = any(part.type == "+=" for part in child.children)
            self.scope.variables[text_of(name)] = None if is_appended else known
        return Result()

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

    def _if(self, node: Node) -> Result:
        condition, body, rest = parts_of_if(node)
        status = self._all(condition).status
        return self._choose(status, body, rest)

    def _choose(self, status: Truth, then: list[Node], otherwise: list[Node]) -> Result:
        """Follow one of two ways, or both if nobody knows which."""
        if status is not None:
            return self._otherwise(otherwise) if status is False else self._all(then)
        return self.trace.branch([lambda: self._all(then), lambda: self._otherwise(otherwise)])

    def _otherwise(self, nodes: list[Node]) -> Result:
        if nodes and nodes[0].type == "elif_clause":
            condition, body, _ = parts_of_if(nodes[0])
            return self._choose(self._all(condition).status, body, nodes[1:])
        return self.block(nodes[0]) if nodes else Result()

    def _case(self, node: Node) -> Result:
        subject = node.child_by_field_name("value")
        value = None if subject is None else value_of(subject, self.scope)
        ways: list[Way] = []
        for item in node.named_children:
            if item.type != "case_item":
                continue
            matches = self._matches(item, value)
            body = [child for child in item.named_children if child not in patterns(item)]
            if matches:
                if not ways:
                    return self._all(body)
                ways.append(partial(self._all, body))
                return self.trace.branch(ways)
            if matches is None:
                ways.append(partial(self._all, body))
        return self.trace.branch([*ways, Result]) if ways else Result()

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

    def _for(self, node: Node) -> Result:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        if variable is None or body is None:
            return Result(None)
        name = text_of(variable)
        listed = [
            word
            for child in node.children_by_field_name("value")
            for word in expand(child, self.scope)
        ]
        if any(word.value is None for word in listed):
            self.scope.variables[name] = None
            return self._perhaps(body)
        was_certain = self.trace.is_certain
        for word in listed:
            self.scope.variables[name] = word.value
            result = self._statement(body)
            if result.end not in (None, End.LOOP):
                return result
        if not self.trace.may_return:
            self.trace.settle(was_certain)
        return Result()

    def _while(self, node: Node) -> Result:
        body = node.child_by_field_name("body")
        condition = node.child_by_field_name("condition")
        if body is None:
            return Result(None)
        status = None if condition is None else self._statement(condition).status
        if node.children and text_of(node.children[0]) == "until":
            status = opposite(status)
        return Result() if status is False else self._perhaps(body)

    def _perhaps(self, body: Node) -> Result:
        """Follow the body of a loop that runs any number of times."""

        def ended() -> Result:
            result = self._statement(body)
            return replace(result, end=None) if result.end is End.LOOP else result

        return self.trace.branch([ended, Result])

    def _list(self, node: Node) -> Result:
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
        second = self.trace.branch([partial(self._all, [right]), Result])
        return replace(second, status=joins(first, second.status) if second.end is None else None)

    def _redirected(self, node: Node) -> Result:
        writes: list[str] = []
        body = node.child_by_field_name("body")
        for child in node.children_by_field_name("redirect"):
            writes += targets_of(child, self.scope)
        found = self.trace.found
        start = len(found)
        result = Result() if body is None else self._statement(body)
        if writes and len(found) == start:
            self.trace.note((Word("", text_of(node).partition("\n")[0]),))
        self.trace.direct(start, writes)
        if body is not None and body.type == "command" and len(found) == start + 1:
            output = output_of(node, found[start].words, self.scope)
            found[start] = replace(found[start], output=output)
        return result

    def _pipeline(self, node: Node) -> Result:
        results = []
        for child in node.named_children:
            with self.trace.apart():
                results.append(self._statement(child))
        return Result(results[-1].status if results else None)

    def _subshell(self, node: Node) -> Result:
        with self.trace.apart():
            result = self.block(node)
        return Result(False if result.end is End.FAILURE else result.status)
