from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from lamina.project.table import InvalidConfig
from lamina.project.uv import BuildRules, GroupSettings, Refusal, parse_groups, parse_rules


def read(uv: dict[str, object], groups: tuple[str, ...] = ()) -> GroupSettings:
    return parse_groups({"dependency-groups": {name: [] for name in groups}, "tool": {"uv": uv}})


def test_the_group_dev_is_the_default() -> None:
    assert parse_groups({}) == GroupSettings(defaults=frozenset({"dev"}))


def test_default_groups_are_names_or_all_of_them() -> None:
    assert read({"default-groups": "all"}).defaults is None
    assert read({"default-groups": []}).defaults == frozenset()
    assert read({"default-groups": ["Lint"]}, ("lint",)).defaults == frozenset({"lint"})


def test_what_is_not_done_is_said_of_all_or_of_some() -> None:
    rules = parse_rules({"no-build": True, "no-binary-package": ["A", "b_c"]}, "uv.toml")

    assert rules == BuildRules(Refusal(all=True), Refusal(names=frozenset({"a", "b-c"})))
    assert parse_rules({"no-build": False}, "uv.toml") == BuildRules(Refusal(all=False))


def test_a_group_may_ask_for_a_python() -> None:
    found = read({"dependency-groups": {"Lint": {"requires-python": ">=3.12"}, "dev": {}}})

    assert found.pythons == {"lint": SpecifierSet(">=3.12")}


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(
            {
                "default-groups": ["dev", "nope", 3, "-"],
                "dependency-groups": {"dev": {"requires-python": "3"}, "lint": 1},
            }
        )

    assert str(caught.value) == (
        "Unable to read `pyproject.toml`\n"
        "  tool.uv.default-groups[1]: there is no dependency group `nope`\n"
        "  tool.uv.default-groups[2]: expected a string, got an integer\n"
        "  tool.uv.default-groups[3]: is no name\n"
        "  tool.uv.dependency-groups.dev.requires-python: is no valid version specifier\n"
        "  tool.uv.dependency-groups.lint: expected a table, got an integer"
    )


def test_default_groups_are_no_other_word() -> None:
    with pytest.raises(
        InvalidConfig, match=r'default-groups: expected an array of names, or "all"'
    ):
        read({"default-groups": "some"})


def test_a_fault_in_a_rule_is_placed_in_its_file() -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse_rules({"no-binary": 1, "no-build-package": ["/"]}, "x.toml", place="tool.uv")

    assert str(caught.value) == (
        "Unable to read `x.toml`\n"
        "  tool.uv.no-binary: expected a boolean, got an integer\n"
        "  tool.uv.no-build-package[0]: is no name"
    )
