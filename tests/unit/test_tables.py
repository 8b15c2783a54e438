from __future__ import annotations

import datetime

import pytest

from lamina.tables import InvalidConfig, Problems, Table, integer, kind, string, text


def test_every_problem_is_told_at_once_sorted_by_place() -> None:
    problems = Problems()
    table = Table("top", {"b": 1, "a": "", "n": "x", "list": [1, "y"]}, problems)
    table.read("b", string)
    table.read("a", text)
    table.read("n", integer(1, 2))
    table.items("list", string)

    with pytest.raises(InvalidConfig) as caught:
        problems.check("some.toml")

    assert str(caught.value) == (
        "Unable to read `some.toml`\n"
        "  top.a: is empty\n"
        "  top.b: expected a string, got an integer\n"
        "  top.list[0]: expected a string, got an integer\n"
        "  top.n: expected an integer, got a string"
    )


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "a boolean"),
        (1, "an integer"),
        (1.5, "a float"),
        ("", "a string"),
        ([], "an array"),
        ({}, "a table"),
        (datetime.date(2020, 1, 1), "a date or time"),
    ],
)
def test_a_value_is_named_as_toml_names_it(value: object, name: str) -> None:
    assert kind(value) == name


def test_a_key_that_nobody_asked_for_is_a_problem() -> None:
    problems = Problems()
    table = Table("", {"known": "x", "knwon": "y", "odd key": 1}, problems)
    table.read("known", string)
    table.finish()

    assert sorted(problems.found) == [
        ("'odd key'", "unknown key"),
        ("knwon", "unknown key (did you mean `known`?)"),
    ]


def test_what_is_no_table_is_a_problem_and_reads_as_empty() -> None:
    problems = Problems()
    table = Table("top", {"sub": 3, "many": {"a": 1}, "list": "x"}, problems)

    assert table.table("sub").keys() == []
    assert table.tables("many") is None
    assert table.items("list", string) is None
    assert problems.found == [
        ("top.sub", "expected a table, got an integer"),
        ("top.many", "expected an array of tables, got a table"),
        ("top.list", "expected an array, got a string"),
    ]
