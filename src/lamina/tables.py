"""Tables of a TOML document, read with the place of every fault."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from lamina.errors import LaminaError

T = TypeVar("T")

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class InvalidConfig(LaminaError):
    """The configuration says something that cannot be meant; all of it is told at once."""


class Refused(Exception):
    """Why a parser does not take a value; a `Table` turns it into a problem with its place."""


@dataclass(slots=True)
class Problems:
    """What is wrong in one document, gathered while it is read."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, place: str, text: str) -> None:
        """Note that ``text`` is wrong at ``place``."""
        self.found.append((place, text))

    def check(self, document: str) -> None:
        """Raise one error that tells every problem, if there is any."""
        if self.found:
            lines = [f"  {place}: {text}" for place, text in sorted(set(self.found))]
            raise InvalidConfig("\n".join([f"Unable to read `{document}`", *lines]))


def kind(value: object) -> str:
    """Name the TOML type of a value, as TOML's specification names it."""
    names: list[tuple[type, str]] = [
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a float"),
        (str, "a string"),
        (list, "an array"),
        (dict, "a table"),
    ]
    return next((name for type_, name in names if isinstance(value, type_)), "a date or time")


def suggestion(word: str, known: list[str]) -> str:
    """Return `` (did you mean `...`?)`` for the nearest of ``known``, or nothing.

    >>> suggestion("workdri", ["workdir", "user"])
    ' (did you mean `workdir`?)'
    """
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""


class Table:
    """One table: every key is asked for by its type, and what nobody asked for is a problem.

    A value of the wrong type is noted and read as if it were absent, so that one run tells all.
    """

    def __init__(self, place: str, values: object, problems: Problems) -> None:
        self.place = place
        self.problems = problems
        self._asked: set[str] = set()
        self._values: Mapping[str, object] = {}
        if isinstance(values, dict):
            self._values = values
        else:
            problems.add(place, f"expected a table, got {kind(values)}")

    def at(self, key: str) -> str:
        """Return the place of ``key``, as TOML would write it."""
        shown = key if _BARE_KEY.fullmatch(key) else repr(key)
        return f"{self.place}.{shown}" if self.place else shown

    def keys(self) -> list[str]:
        """Return the keys that are there, in order."""
        return sorted(self._values)

    def value(self, key: str) -> object | None:
        """Return what stands at ``key``, of whatever type, or None."""
        self._asked.add(key)
        return self._values.get(key)

    def read(self, key: str, parse: Callable[[object], T]) -> T | None:
        """Return ``parse`` of the value; where it raises `Refused`, note the problem."""
        if (value := self.value(key)) is None:
            return None
        return self._parse(self.at(key), value, parse)

    def required(self, key: str, parse: Callable[[object], T]) -> T | None:
        """Read as `read` does, and note a missing key."""
        if self.value(key) is None:
            self.problems.add(self.at(key), "is missing")
        return self.read(key, parse)

    def items(self, key: str, parse: Callable[[object], T]) -> tuple[T, ...] | None:
        """Return ``parse`` of each value of an array, in order, or None where it is absent."""
        if (values := self.value(key)) is None:
            return None
        if not isinstance(values, list):
            self.problems.add(self.at(key), f"expected an array, got {kind(values)}")
            return None
        place = self.at(key)
        parsed = [self._parse(f"{place}[{i}]", value, parse) for i, value in enumerate(values)]
        return tuple(value for value in parsed if value is not None)

    def mapping(self, key: str, parse: Callable[[object], T]) -> dict[str, T]:
        """Return ``parse`` of each value of a table whose keys are free, sorted by key."""
        if self.value(key) is None:
            return {}
        table = self.table(key)
        found = {name: table.read(name, parse) for name in table.keys()}  # noqa: SIM118
        return {name: value for name, value in found.items() if value is not None}

    def table(self, key: str) -> Table:
        """Return the table at ``key``; an absent one is empty."""
        values = self.value(key)
        return Table(self.at(key), {} if values is None else values, self.problems)

    def tables(self, key: str) -> tuple[Table, ...] | None:
        """Return the tables of an array, in order, or None where it is absent."""
        if (values := self.value(key)) is None:
            return None
        if not isinstance(values, list):
            self.problems.add(self.at(key), f"expected an array of tables, got {kind(values)}")
            return None
        place = self.at(key)
        return tuple(Table(f"{place}[{i}]", v, self.problems) for i, v in enumerate(values))

    def finish(self) -> None:
        """Note each key that nobody asked for."""
        for key in self._values.keys() - self._asked:
            self.problems.add(self.at(key), f"unknown key{suggestion(key, [*self._asked])}")

    def _parse(self, place: str, value: object, parse: Callable[[object], T]) -> T | None:
        try:
            return parse(value)
        except Refused as refusal:
            self.problems.add(place, str(refusal))
            return None


def boolean(value: object) -> bool:
    """Return ``value`` if it is a boolean."""
    if not isinstance(value, bool):
        raise Refused(f"expected `true` or `false`, got {kind(value)}")
    return value


def string(value: object) -> str:
    """Take a string that a process or a file name may hold."""
    if not isinstance(value, str):
        raise Refused(f"expected a string, got {kind(value)}")
    if "\0" in value:
        raise Refused("holds a NUL character")
    return value


def text(value: object) -> str:
    """Take a string that is not empty."""
    if not (found := string(value)).strip():
        raise Refused("is empty")
    return found


def integer(low: int, high: int) -> Callable[[object], int]:
    """Return a parser of integers from ``low`` to ``high``, both included."""

    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Refused(f"expected an integer, got {kind(value)}")
        if not low <= value <= high:
            raise Refused(f"expected {low} to {high}")
        return value

    return parse
