from __future__ import annotations

import io
import sys

import pytest

from lamina.cli.columns import heading, one_line, signed, table, write, write_json
from lamina.cli.style import harmless


def test_columns_are_aligned() -> None:
    rows = [("SIZE", "NAME", "WHAT"), ("1 B", "longer", "x"), ("12.3 kB", "a", "")]

    assert table(rows, right={0}, indent="  ") == [
        "     SIZE  NAME    WHAT",
        "      1 B  longer  x",
        "  12.3 kB  a",
    ]
    assert table([]) == []


def test_what_does_not_fit_goes_on_below_or_is_cut() -> None:
    words = "alpha 1.0, beta 2.0, gamma 3.0, delta 4.0"

    assert table([("a", words), ("b", words)], cut={1}, width=36) == [
        "a  alpha 1.0, beta 2.0, gamma 3.0,",
        "   delta 4.0",
        "b  alpha 1.0, beta 2.0, gamma 3.0...",
    ]
    assert table([("a", words)]) == [f"a  {words}"]
    assert table([("a", "x" * 200)], cut={0}) == [f"a  {'x' * 117}..."]


def test_a_narrow_terminal_leaves_some_room() -> None:
    assert table([("a" * 40, "b" * 20)], width=20) == [f"{'a' * 40}  {'b' * 20}"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünïcödé and 日本", "plain, ünïcödé and 日本"),
        ("\x1b]0;title\x07", "?]0;title?"),
        ("\x9b31m", "?31m"),
        ("\x7f\x00", "??"),
        ("a\u202eb\u2066c\u200d", "a?b?c?"),
        ("two\nlines\u2028", "two\nlines?"),
        ("\udc80", "?"),
    ],
)
def test_nothing_steers_the_terminal(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_a_text_of_lines_becomes_one() -> None:
    assert one_line(" a\r\n\tb\u00a0c ") == "a b c"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({}, False)],
)
def test_colour_is_shown_where_it_is_wanted(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert heading("Layers") == ("\x1b[1mLayers\x1b[0m" if coloured else "Layers")
    assert signed("  + a") == ("\x1b[32m\x1b[22m  + a\x1b[0m" if coloured else "  + a")


def test_what_cannot_be_encoded_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)

    write(["日本 é"])
    write_json({"a": "é\x7f\x1b"})

    out.flush()
    assert out.buffer.getvalue() == (b'?? ?\n{\n  "a": "\\u00e9\\u007f\\u001b"\n}\n')
