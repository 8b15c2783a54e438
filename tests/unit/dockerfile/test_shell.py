from __future__ import annotations

import pytest

from lamina.dockerfile.shell import Command, commands, exec_command
from lamina.dockerfile.text import Joined

VALUES = {"HOME": "/root", "X": "x"}


def read(text: str) -> list[Command]:
    return commands(Joined(text, ((0, 0),)))


def words(text: str) -> list[list[str | None]]:
    return [[word.value(VALUES.get) for word in command.words] for command in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uv sync --frozen", [["uv", "sync", "--frozen"]]),
        ("a && b || c; d | e & f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"]]),
        ("for x in 1 2; do a $x; done", [["a", None]]),
        ("(a; b)", [["a"], ["b"]]),
        ("{ a; }", [["a"]]),
        ("a > b 2>&1", [["a"]]),
        ("a '$X' \"$X\" $X ${X} ~/y", [["a", "$X", "x", "x", "x", "/root/y"]]),
        ('a "b\\"c" d\\ e "~/f"', [["a", 'b"c', "d e", "~/f"]]),
        ("a $(b c)", [["a", None], ["b", "c"]]),
        ("a ${X:-y}", [["a", None]]),
        ("sh -c 'a; b'", [["sh", "-c", "a; b"], ["a"], ["b"]]),
        ("bash -lc 'a'", [["bash", "-lc", "a"], ["a"]]),
        ("exec sh -c 'a'", [["sh", "-c", "a"], ["a"]]),
        ("sudo -E a b", [["a", "b"]]),
        ("a <<EOF\nb\nEOF\nc", [["a"], ["c"]]),
        ("# a\nb # c", [["b"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("ä 'ü' b", [["ä", "ü", "b"]]),
        ("", []),
    ],
)
def test_commands(text: str, expected: list[list[str | None]]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("text", ["A=~/b uv sync", "env A=~/b uv sync"])
def test_assignments_before_a_command(text: str) -> None:
    [command] = read(text)

    assert command.name == "uv"
    assert [each.name for each in command.assignments] == ["A"]


def test_an_assignment_expands_a_tilde() -> None:
    [command] = read("A=~/b uv sync")

    assert command.assignments[0].value.value(VALUES.get) == "/root/b"


def test_assignments_alone_and_exported() -> None:
    found = read("A=1\nexport B=2")

    assert [(each.name, [a.name for a in each.assignments]) for each in found] == [
        ("", ["A"]),
        ("export", ["B"]),
    ]


def test_words_have_their_places() -> None:
    text = "ä && uv sync"
    [_, command] = read(text)

    assert [text[word.span.start : word.span.end] for word in command.words] == ["uv", "sync"]


def test_a_list_in_json_is_one_command() -> None:
    made = [Joined(word, ((0, 0),)) for word in ("sh", "-c", "a $X")]

    found = exec_command(made)

    assert [command.name for command in found] == ["sh", "a"]
    assert exec_command([]) == []


def test_what_is_in_a_subshell_is_known() -> None:
    assert [(each.name, each.depth) for each in read("a; (b; (c)); d")] == [
        ("a", 0), ("b", 1), ("c", 2), ("d", 0),
    ]  # fmt: skip


def test_what_runs_under_a_condition_is_not_certain() -> None:
    text = "a; if b; then c; fi; case $X in y) sh -c d ;; esac; for i in 1 2; do e; done"

    assert [(each.name, each.is_certain) for each in read(text)] == [
        ("a", True), ("b", False), ("c", False), ("sh", False), ("d", False), ("e", True),
    ]  # fmt: skip
