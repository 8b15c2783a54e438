"""What `[tool.uv]` says beyond what the lock holds: default groups, and what may be built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from lamina.lock.wanted import DEV
from lamina.tables import Problems, Refused, Table, kind, string


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one table says is not done: for all projects, for none (``False``), or for those."""

    all: bool | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BuildRules:
    """What one table says of building wheels, and of taking them."""

    no_build: Refusal = Refusal()
    no_binary: Refusal = Refusal()


def parse_default_groups(document: Mapping[str, object]) -> frozenset[str] | None:
    """Return the groups that are taken unless something is said of them; ``None`` stands for all.

    Every problem of a parsed `pyproject.toml` is told at once.
    """
    problems = Problems()
    top = Table("", document, problems)
    uv = top.table("tool").table("uv")
    declared = {canonicalize_name(name) for name in top.table("dependency-groups").keys()}  # noqa: SIM118
    defaults = _default_groups(uv, declared | {DEV})
    problems.check("pyproject.toml")
    return defaults


def parse_pythons(document: Mapping[str, object], name: str) -> Mapping[str, SpecifierSet]:
    """Return what dependency groups ask of the Python; ``name`` is what errors call the file."""
    problems = Problems()
    table = Table("", document, problems).table("tool").table("uv").table("dependency-groups")
    found = {}
    for group in table.keys():  # noqa: SIM118
        requires = table.table(group).read("requires-python", _specifiers)
        if requires is not None:
            found[str(canonicalize_name(group))] = requires
    problems.check(name)
    return found


def parse_rules(table: Mapping[str, object], name: str, *, place: str = "") -> BuildRules:
    """Read `[tool.uv]`, or all of a `uv.toml`; every problem is told at once.

    ``name`` is what errors call the file, and ``place`` where in it the table is.
    """
    problems = Problems()
    top = Table(place, table, problems)
    rules = BuildRules(_refusal(top, "no-build"), _refusal(top, "no-binary"))
    problems.check(name)
    return rules


def refused(rules: Iterable[Refusal]) -> frozenset[str] | None:
    """Return the projects of which something is not done, ``None`` for all; the first rule wins.

    Names are joined, and a rule for all projects goes before names, as in uv.

    >>> refused([Refusal(None, frozenset({"a"})), Refusal(None, frozenset({"b"}))]) == {"a", "b"}
    True
    >>> refused([Refusal(False), Refusal(True)])
    frozenset()
    """
    rules = tuple(rules)
    for rule in rules:
        if rule.all is not None:
            return None if rule.all else frozenset()
    return frozenset(name for rule in rules for name in rule.names)


def _default_groups(uv: Table, declared: set[str]) -> frozenset[str] | None:
    value = uv.value("default-groups")
    if value is None:
        return frozenset({DEV})
    if isinstance(value, str):
        if value != "all":
            uv.problems.add(uv.at("default-groups"), 'expected an array of names, or "all"')
        return None

    def group(value: object) -> str:
        if (name := _name(value)) not in declared:
            raise Refused(f"there is no dependency group `{name}`")
        return name

    return frozenset(uv.items("default-groups", group) or ())


def _refusal(table: Table, key: str) -> Refusal:
    names = table.items(f"{key}-package", _name) or ()
    return Refusal(table.read(key, _boolean), frozenset(names))


def _name(value: object) -> str:
    try:
        return canonicalize_name(string(value), validate=True)
    except InvalidName:
        raise Refused("is no name") from None


def _specifiers(value: object) -> SpecifierSet:
    try:
        return SpecifierSet(string(value))
    except InvalidSpecifier:
        raise Refused("is no valid version specifier") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"expected a boolean, got {kind(value)}")
    return value
