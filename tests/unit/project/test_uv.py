from __future__ import annotations

from collections.abc import Callable

import pytest
from packaging.specifiers import SpecifierSet

from lamina.project.uv import BuildRules, Refusal, parse_default_groups, parse_pythons, parse_rules
from lamina.tables import InvalidConfig


def defaults(stated: object, *declared: str) -> frozenset[str] | None:
    groups: dict[str, list[str]] = {name: [] for name in declared}
    uv = {"default-groups": stated}
    return parse_default_groups({"dependency-groups": groups, "tool": {"uv": uv}})


def test_the_group_dev_is_the_default() -> None:
    assert parse_default_groups({}) == frozenset({"dev"})


def test_default_groups_are_names_or_all_of_them() -> None:
    assert defaults("all") is None
    assert defaults([]) == frozenset()
    assert defaults(["Lint", "dev"], "lint") == frozenset({"lint", "dev"})


def test_what_is_not_done_is_said_of_all_or_of_some() -> None:
    rules = parse_rules({"no-build": True, "no-binary-package": ["A", "b_c"]}, "uv.toml")

    assert rules == BuildRules(Refusal(all=True), Refusal(names=frozenset({"a", "b-c"})))
    assert parse_rules({"no-build": False}, "uv.toml") == BuildRules(Refusal(all=False))


def test_a_group_may_ask_for_a_python() -> None:
    groups = {"Lint": {"requires-python": ">=3.12"}, "dev": {}}

    found = parse_pythons({"tool": {"uv": {"dependency-groups": groups}}}, "pyproject.toml")

    assert found == {"lint": SpecifierSet(">=3.12")}


def failure(read: Callable[[], object]) -> str:
    with pytest.raises(InvalidConfig) as caught:
        read()

    return str(caught.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    groups = {"dev": {"requires-python": "3"}, "lint": 1}

    assert failure(lambda: defaults(["dev", "nope", 3, "-"])) == (
        "Unable to read `pyproject.toml`\n"
        "  tool.uv.default-groups[1]: there is no dependency group `nope`\n"
        "  tool.uv.default-groups[2]: expected a string, got an integer\n"
        "  tool.uv.default-groups[3]: is no name"
    )
    assert failure(lambda: defaults("some")) == (
        "Unable to read `pyproject.toml`\n"
        '  tool.uv.default-groups: expected an array of names, or "all"'
    )
    assert failure(
        lambda: parse_pythons({"tool": {"uv": {"dependency-groups": groups}}}, "a/pyproject.toml")
    ) == (
        "Unable to read `a/pyproject.toml`\n"
        "  tool.uv.dependency-groups.dev.requires-python: is no valid version specifier\n"
        "  tool.uv.dependency-groups.lint: expected a table, got an integer"
    )


def test_a_fault_in_a_rule_is_placed_in_its_file() -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse_rules({"no-binary": 1, "no-build-package": ["/"]}, "x.toml", place="tool.uv")

    assert str(caught.value) == (
        "Unable to read `x.toml`\n"
        "  tool.uv.no-binary: expected a boolean, got an integer\n"
        "  tool.uv.no-build-package[0]: is no name"
    )
