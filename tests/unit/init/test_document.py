"""The table in its document, of which nothing else changes."""

from __future__ import annotations

import pytest

from lamina.init.document import NoPlace, has_settings, with_table

STRING = 'a = """\n[tool.lamina]\n"""\n'
TABLE = '[tool.lamina]\nbase = "x"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", TABLE),
        ('[project]\nname = "a"\n', f'[project]\nname = "a"\n\n{TABLE}'),
        ('[project]\nname = "a"', f'[project]\nname = "a"\n\n{TABLE}'),
        ('[project]\nname = "a"\n\n', f'[project]\nname = "a"\n\n{TABLE}'),
        ("[a]\r\nb=1\r\n", "[a]\r\nb=1\r\n\r\n" + TABLE.replace("\n", "\r\n")),
        ("tool.uv.package = true\n", f"tool.uv.package = true\n\n{TABLE}"),
        ("[tool]\nuv.package = true # why\n", f"[tool]\nuv.package = true # why\n\n{TABLE}"),
    ],
    ids=["empty", "end", "no newline", "empty line", "crlf", "dotted", "dotted in tool"],
)
def test_a_new_table_goes_to_the_end(before: str, after: str) -> None:
    assert with_table(before, TABLE) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[tool.lamina]\nbase = "y"\n', TABLE),
        ('# above\n[ tool . "lamina" ] # here\nbase = "y"', f"# above\n{TABLE}"),
        (
            '[tool.lamina]\nbase = "y"\n# old\n\n# of uv\n[tool.uv]\n',
            f"{TABLE}\n# of uv\n[tool.uv]\n",
        ),
        ('[tool.lamina]\nbase = "y"\n# stuck\n[a]\n', f"{TABLE}# stuck\n[a]\n"),
        ('[tool.lamina]\nbase = "y"\n# last\n', TABLE),
        ('[tool.lamina]\nbase = "y"\n\n# vim: ts=2\n', f"{TABLE}\n# vim: ts=2\n"),
        (
            '[tool.lamina]\n[[tool.lamina.copy]]\nfrom = "a"\nto = "b"\n\n'
            "[tool.lamina.env]\nA = 1\n",
            TABLE,
        ),
        (
            '[tool.lamina.env]\nA = 1\n\n[b]\n\n[tool.lamina]\nbase = "y"\n\n\n# c\n[c]\n',
            f"{TABLE}\n[b]\n\n# c\n[c]\n",
        ),
        ('[tool.lamina]\r\nbase = "y"\r\n[a]\r\n', TABLE.replace("\n", "\r\n") + "[a]\r\n"),
        ("[tool.lamina]\ncmd = [\n'a',\n]\n[a]\nb = [\n[1],\n]\n", TABLE + "[a]\nb = [\n[1],\n]\n"),
        (f"{STRING}[tool.lamina]\nb = 1\n", f"{STRING}{TABLE}"),
    ],
    ids=[
        "alone", "spelt otherwise", "comment of the next", "right above the next",
        "comment of ours", "comment at the end", "tables within", "in pieces", "crlf", "arrays",
        "strings",
    ],
)  # fmt: skip
def test_a_table_is_replaced_where_it_is(before: str, after: str) -> None:
    assert with_table(before, TABLE) == after


@pytest.mark.parametrize(
    "text", ["tool = { uv = { package = true } }\n", "a = 1\n[tool]\nlamina = {}\nb = 2\n"]
)
def test_what_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(NoPlace) as caught:
        with_table(text, TABLE)

    assert caught.value.hint == (
        "To see what would be written, pass `--dry-run`; then write it there by hand"
    )


def test_what_is_written_in_another_form_is_not_replaced() -> None:
    text = '[tool.lamina.env]\nA = "1"\n[tool]\nlamina.base = "y"\n'

    with pytest.raises(NoPlace) as caught:
        with_table(text, TABLE)

    assert str(caught.value) == (
        "Unable to put `[tool.lamina]` into `pyproject.toml` without changing what else it says: "
        "`tool`, or the table itself, is written in another form"
    )


def test_an_empty_table_is_one() -> None:
    assert has_settings({"tool": {"lamina": {}}})
    assert not has_settings({"tool": {"uv": {}}})
    assert not has_settings({})
