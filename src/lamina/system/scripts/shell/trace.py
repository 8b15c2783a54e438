"""What following a script has come to: the steps found, and how certain they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum

from lamina.system.scripts.shell.conditions import Truth
from lamina.system.scripts.shell.steps import Step
from lamina.system.scripts.shell.touched import touched
from lamina.system.scripts.shell.words import Scope, Word


class End(Enum):
    """What stopped a list of commands early."""

    FAILURE = "exit with an error"
    EXIT = "exit"
    RETURN = "return"
    LOOP = "break or continue"


@dataclass(frozen=True, slots=True)
class Result:
    """How a list of commands ended."""

    status: Truth = True
    """Whether the last of them succeeds."""
    end: End | None = None


Way = Callable[[], Result]
"""Follows some commands."""


@dataclass(slots=True)
class Trace:
    """The steps so far, and what is known of variables and files after them."""

    scope: Scope
    found: list[Step] = field(default_factory=list)
    is_certain: bool = True
    may_return: bool = False
    """Whether the function may have returned already."""
    may_exit: bool = False
    """Whether the script may have ended already."""

    def note(self, words: tuple[Word, ...], writes: tuple[str, ...] = ()) -> None:
        """Add a step, as certain as all is now."""
        self.found.append(Step(words, self.is_certain, writes))
        for path, is_there in touched(words):
            self.mark(path, is_there=is_there)

    def mark(self, path: str, *, is_there: bool) -> None:
        """Remember what the script itself has made or removed: later it may ask for that."""
        if path.startswith("/"):
            self.scope.surroundings.changed[path] = is_there if self.is_certain else None

    def direct(self, start: int, writes: Sequence[str]) -> None:
        """Let all steps from number ``start`` on write to these files, too."""
        for at in range(start, len(self.found)):
            step = self.found[at]
            self.found[at] = replace(step, writes=(*step.writes, *writes))
        for path in writes:
            self.mark(path, is_there=True)

    def settle(self, was_certain: bool) -> None:
        """Leave a function or a loop: what may have ended it early does not reach further."""
        self.is_certain = was_certain and not self.may_exit

    def branch(self, ways: Sequence[Way]) -> Result:
        """Follow several ways of which one is taken; a way that fails is none."""
        was_certain, start = self.is_certain, len(self.found)
        before = dict(self.scope.variables)
        taken: list[tuple[Result, list[Step], dict[str, str | None]]] = []
        for way in ways:
            self.is_certain = False
            self.scope.variables = dict(before)
            result = way()
            if result.end is not End.FAILURE:
                taken.append((result, self.found[start:], self.scope.variables))
            del self.found[start:]
        self.is_certain = was_certain
        if not taken:
            return Result(False, End.FAILURE)
        if len(taken) == 1:
            return self._only(*taken[0])
        return self._merged(taken)

    def _only(self, result: Result, found: list[Step], variables: dict[str, str | None]) -> Result:
        self.found += [replace(step, is_certain=self.is_certain) for step in found]
        self.scope.variables = variables
        return result

    def _merged(self, taken: Sequence[tuple[Result, list[Step], dict[str, str | None]]]) -> Result:
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
            return Result(status, ends.pop())
        # One way goes on: all that follows is uncertain.
        self.is_certain = False
        self.may_return |= End.RETURN in ends
        self.may_exit |= End.EXIT in ends
        return Result(status)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keep what a part that runs by itself sets, and how certain it was, from the rest."""
        variables, arguments = dict(self.scope.variables), self.scope.arguments
        was_certain = self.is_certain
        yield
        self.scope.variables, self.scope.arguments = variables, arguments
        self.is_certain = was_certain

    def forget(self, names: Iterable[str]) -> None:
        """Let nobody know what variables hold."""
        for name in names:
            if name.isidentifier():
                self.scope.variables[name] = None


def _agreed(values: list[str | None]) -> str | None:
    return values[0] if all(value == values[0] for value in values) else None
