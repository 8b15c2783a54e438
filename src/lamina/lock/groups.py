"""Dependency groups as a ``pyproject.toml`` declares them: inclusions (PEP 735), Pythons (uv).

As in `declared`, what is of no known shape is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from lamina.lock.declared import Table, table, text


def groups(pyproject: Table) -> dict[str, list[object]]:
    """Return the dependency groups, inclusions (PEP 735) followed, and uv's older ``dev``."""
    written: dict[str, list[object]] = {
        canonicalize_name(name): entries
        for name, entries in table(pyproject, "dependency-groups").items()
        if isinstance(entries, list)
    }
    found: dict[str, list[object]] = {
        name: list(_flat(name, written, frozenset())) for name in written
    }
    older = table(pyproject, "tool", "uv").get("dev-dependencies")
    if isinstance(older, list):
        found["dev"] = [*found.get("dev", ()), *older]
    return found


def group_markers(pyproject: Table, name: str) -> tuple[str, ...]:
    """Return where all of a group applies: where its Python does, and that of what it includes.

    uv has it in ``tool.uv.dependency-groups``, and writes it to each requirement.
    """
    limits: dict[str, str] = {
        canonicalize_name(group): text(settings, "requires-python")
        for group, settings in table(pyproject, "tool", "uv", "dependency-groups").items()
        if isinstance(settings, Mapping)
    }
    found = []
    for group in included_groups(name, pyproject):
        try:
            clauses = SpecifierSet(limits.get(group, ""))
        except InvalidSpecifier:
            continue
        found += [f"python_full_version {each.operator} '{each.version}'" for each in clauses]
    return tuple(sorted(set(found)))


def included_groups(
    name: str, pyproject: Table, above: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Give a group and all that it includes, by their normalised names; ``above`` includes it."""
    if name in above:
        return
    yield name
    for group, entries in table(pyproject, "dependency-groups").items():
        if canonicalize_name(group) == name and isinstance(entries, list):
            for entry in entries:
                if isinstance(entry, dict) and isinstance(to := entry.get("include-group"), str):
                    yield from included_groups(canonicalize_name(to), pyproject, above | {name})


def _flat(
    name: str, written: Mapping[str, list[object]], above: frozenset[str]
) -> Iterator[object]:
    if name in above:
        return
    for entry in written.get(name, ()):
        if isinstance(entry, dict) and isinstance(included := entry.get("include-group"), str):
            yield from _flat(canonicalize_name(included), written, above | {name})
        else:
            yield entry
