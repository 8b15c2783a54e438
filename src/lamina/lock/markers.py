"""Markers for one marker environment, with any set of extras and groups active.

The environment of a target never changes, so all of a marker but its extras is decided when it is
first seen. What remains is a condition on extras, kept as a reduced decision diagram: two equal
conditions are the same object, which is how the walk over a lock with conflicts knows its end.

In the edges of a lock ``extra == 'extra-3-foo-cpu'`` says that extra ``cpu`` of ``foo`` is active;
``group-`` and ``project-`` likewise. The number is the length of the package's name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol

from packaging.markers import InvalidMarker as PackagingInvalidMarker
from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, Specifier
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lamina.lock.model import ConflictItem, LockError


class InvalidMarker(LockError):
    """A marker that cannot be parsed, or that compares what cannot be compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What must be active for a marker to hold. Equal conditions of one evaluator are identical."""

    name: str
    otherwise: Condition | bool
    """What must hold as well if ``name`` is not active."""
    then: Condition | bool


Truth = Condition | bool
"""A condition, or the answer where it does not depend on what is active."""

_VERSION_KEYS = frozenset({"implementation_version", "python_full_version", "python_version"})
"""The keys that are compared as versions; all others are strings to uv."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "===": operator.eq,
    "!=": operator.ne,
}


def encode(item: ConflictItem) -> str:
    """Return the name under which an extra, group or project stands in the markers of edges.

    >>> encode(ConflictItem("foo", extra="cpu"))
    'extra-3-foo-cpu'
    """
    package = f"{len(item.package)}-{item.package}"
    if item.extra is not None:
        return f"extra-{package}-{item.extra}"
    if item.group is not None:
        return f"group-{package}-{item.group}"
    return f"project-{package}"


def holds(truth: Truth, active: AbstractSet[str]) -> bool:
    """Say whether a condition holds while exactly ``active`` is."""
    while isinstance(truth, Condition):
        truth = truth.then if truth.name in active else truth.otherwise
    return truth


class _Node(Protocol):
    """A variable, an operator or a text, as packaging parses them."""

    @property
    def value(self) -> str:
        """What is written."""
        ...


class Evaluator:
    """Markers of one marker environment. Each distinct text is parsed once.

    The state is a cache of what was parsed and the table that makes equal conditions identical.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        sets: Mapping[str, AbstractSet[str]] | None = None,
    ) -> None:
        """``sets`` are those of a list (PEP 751), ``extras`` and ``dependency_groups``."""
        self._environment = environment
        self._sets = sets or {}
        self._by_text: dict[str, Truth] = {"": True}
        self._nodes: dict[tuple[str, object, object], Condition] = {}
        self._joined: dict[tuple[object, object, bool], Truth] = {}

    def condition(self, text: str) -> Truth:
        """Return what a marker comes to in this environment; an empty one is always true."""
        truth = self._by_text.get(text)
        if truth is None:
            truth = self._by_text[text] = self._parse(text)
        return truth

    def can_hold(self, markers: Iterable[str]) -> bool:
        """Say whether one of the markers holds, whatever extras it would take."""
        return any(self.condition(text) is not False for text in markers)

    def both(self, one: Truth, other: Truth) -> Truth:
        """Return the condition that both hold."""
        return self._join(one, other, neutral=True)

    def either(self, one: Truth, other: Truth) -> Truth:
        """Return the condition that at least one holds."""
        return self._join(one, other, neutral=False)

    def _parse(self, text: str) -> Truth:
        try:
            return self._any_of(_parsed(text))
        except RecursionError:
            raise InvalidMarker(_TOO_DEEP) from None

    def _any_of(self, parsed: list[Any]) -> Truth:
        """Read packaging's list: atoms and lists, with ``and`` (which binds tighter) and ``or``."""
        result: Truth = False
        term: Truth = True
        for item in parsed:
            if item == "or":
                result, term = self.either(result, term), True
            elif isinstance(item, list):
                term = self.both(term, self._any_of(item))
            elif isinstance(item, tuple):
                term = self.both(term, self._atom(*item))
        return self.either(result, term)

    def _atom(self, left: _Node, op: _Node, right: _Node) -> Truth:
        reversed_ = _is_text(left)
        key = right.value if reversed_ else left.value
        if key == "extra":
            return self._extra(op.value, left.value if reversed_ else right.value)
        if key in self._sets and reversed_:
            return self._member(left.value, op.value, key)
        if key not in self._environment:
            raise InvalidMarker(f"Unsupported name in a marker: {key}")
        value = self._environment[key]
        one, other = (left.value, value) if reversed_ else (value, right.value)
        return _compare(one, other, op.value, as_versions=key in _VERSION_KEYS)

    def _member(self, name: str, op: str, key: str) -> Truth:
        if op not in ("in", "not in"):
            raise InvalidMarker(f"Unsupported comparison of `{key}` in a marker: {op}")
        return (canonicalize_name(name) in self._sets[key]) is (op == "in")

    def _extra(self, op: str, name: str) -> Truth:
        if op == "==":
            return self._node(name, otherwise=False, then=True)
        if op == "!=":
            return self._node(name, otherwise=True, then=False)
        raise InvalidMarker(f"Unsupported comparison of `extra` in a marker: {op}")

    def _node(self, name: str, *, otherwise: Truth, then: Truth) -> Truth:
        if otherwise is then:
            return then
        key = (name, otherwise, then)
        if key not in self._nodes:
            self._nodes[key] = Condition(name, otherwise, then)
        return self._nodes[key]

    def _join(self, one: Truth, other: Truth, *, neutral: bool) -> Truth:
        """Join two diagrams by ``and`` (which ``True`` leaves alone) or by ``or`` (``False``)."""
        if one is other or other is neutral:
            return one
        if one is neutral:
            return other
        if not isinstance(one, Condition) or not isinstance(other, Condition):
            return not neutral
        key = (one, other, neutral)
        if key not in self._joined:
            name = min(one.name, other.name)
            here = [c if c.name == name else None for c in (one, other)]
            low = [c.otherwise if c else side for c, side in zip(here, (one, other), strict=True)]
            high = [c.then if c else side for c, side in zip(here, (one, other), strict=True)]
            self._joined[key] = self._node(
                name,
                otherwise=self._join(*low, neutral=neutral),
                then=self._join(*high, neutral=neutral),
            )
        return self._joined[key]


def literals(text: str) -> Iterator[tuple[str, str]]:
    """Give each key of a marker with the text that it is compared with."""
    pending = list(_parsed(text))
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, tuple):
            left, _, right = item
            yield (right.value, left.value) if _is_text(left) else (left.value, right.value)


_TOO_DEEP = "Unable to parse a marker: it is nested too deeply"


def _parsed(text: str) -> list[Any]:
    try:
        # packaging has no public view of a parsed marker, and its `evaluate` takes a single
        # extra and looks at the running interpreter. `_markers` is what it pickled for years.
        return Marker(text)._markers if text else []
    except PackagingInvalidMarker as error:
        reason = str(error).partition("\n")[0]
        raise InvalidMarker(f"Unable to parse marker `{text}`: {reason}") from error
    except RecursionError:
        raise InvalidMarker(_TOO_DEEP) from None


def _is_text(node: _Node) -> bool:
    # A text that happens to be the name of a key is still a text: ask for the kind of node.
    return type(node).__name__ == "Value"


def _compare(left: str, right: str, op: str, *, as_versions: bool) -> bool:
    if as_versions:
        try:
            return _compare_versions(left, right, op)
        except (InvalidVersion, InvalidSpecifier):
            pass
    if op == "in":
        return left in right
    if op == "not in":
        return left not in right
    # `~=` of strings means nothing; uv warns and takes it as false.
    return op in _COMPARE and _COMPARE[op](left, right)


def _compare_versions(left: str, right: str, op: str) -> bool:
    """Compare the releases alone: to uv, and so to its locks, 3.14.0rc1 is 3.14.0 in a marker."""
    if op in ("in", "not in"):
        # A list of versions to uv, where PEP 508 would look for one text in another.
        return any(_release(one) == _release(left) for one in right.split()) is (op == "in")
    return Specifier(f"{op}{_release(right)}").contains(_release(left))


def _release(text: str) -> str:
    return text if text.endswith(".*") else Version(text).base_version
