"""The tables of a lockfile: a key, the type that it must have, and what to make of it.

What is wrong is told with its place, which each level that it passes through completes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

T = TypeVar("T")
Table = Mapping[str, Any]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Misfit(Exception):
    """What is wrong, and where; each level that it passes through puts its own key in front."""

    def __init__(self, cause: str, place: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.place = place

    def inside(self, key: str) -> Misfit:
        """Return it as it is seen from a level further out."""
        join = "." if self.place and not self.place.startswith("[") else ""
        return Misfit(self.cause, f"{key}{join}{self.place}")


def optional(table: Table, key: str, kind: type[T]) -> T | None:
    """Return a value of exactly that type, or None where there is none."""
    value = table.get(key)
    # `type() is`, since a bool is an int to `isinstance`.
    if value is None or type(value) is kind:
        return value
    raise Misfit(f"Unexpected type {type(value).__name__} (expected {kind.__name__})", key)


def required(table: Table, key: str, kind: type[T]) -> T:
    """Return a value of exactly that type."""
    value = optional(table, key, kind)
    if value is None:
        raise Misfit(f"Missing `{key}`")
    return value


def each(table: Table, key: str, read: Callable[[Any], T], kind: type = dict) -> tuple[T, ...]:
    """Read each value of a list, all of which are of one type; none where there is no list."""
    items = optional(table, key, list)
    if not items:
        return ()
    result = []
    for number, item in enumerate(items):
        try:
            if type(item) is not kind:
                raise Misfit(f"Unexpected type {type(item).__name__} (expected {kind.__name__})")
            result.append(read(item))
        except Misfit as misfit:
            raise misfit.inside(f"[{number}]").inside(key) from None
    return tuple(result)


def inside(key: str, table: Table, read: Callable[[Table], T]) -> T:
    """Read a table that lies under ``key``."""
    try:
        return read(table)
    except Misfit as misfit:
        raise misfit.inside(key) from None


def each_of(table: Table, key: str, read: Callable[[Table], T]) -> Mapping[str, tuple[T, ...]]:
    """Read a table of lists, such as the dependencies of each extra."""
    groups = optional(table, key, dict) or {}
    return inside(key, groups, lambda inner: {as_name(k): each(inner, k, read) for k in inner})


def as_name(text: str) -> str:
    """Return a name as it is compared (PEP 503)."""
    if _NAME.fullmatch(text):
        return text
    normalized = canonicalize_name(text)
    if not _NAME.fullmatch(normalized):
        raise Misfit(f"Not a name: {text!r}")
    return normalized


def as_names(table: Table, key: str) -> tuple[str, ...]:
    """Return a list of names."""
    return each(table, key, as_name, str)


def as_version(table: Table) -> Version | None:
    """Return what stands under ``version`` (PEP 440)."""
    text = optional(table, "version", str)
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        raise Misfit("Not a version of PEP 440", "version") from None


def texts(table: Table, key: str) -> tuple[str, ...]:
    """Return a list of texts."""
    return each(table, key, str, str)


def by_name(table: Table, key: str, read: Callable[[Any], str]) -> Mapping[str, str]:
    """Read a table whose keys are names."""
    values = optional(table, key, dict) or {}
    return inside(key, values, lambda inner: {as_name(k): read(inner[k]) for k in inner})
