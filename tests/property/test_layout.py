"""`[tool.lamina]` goes into a `pyproject.toml` of which nothing else changes."""

from __future__ import annotations

import tomli
from hypothesis import assume, given
from hypothesis import strategies as st

from lamina.init.document import NoPlace, with_table
from lamina.init.settings import Setting, table_text

_TABLES = (
    '[project]\nname = "a" # why\n',
    "[tool.uv]\npackage  =  true\n",
    "[tool.other]\na = '''\n[tool.lamina]\n'''\n",
    "[ tool . ruff.lint ]\nselect = [\n  'E',\n  # All.\n  'F',\n]\n",
    "[[tool.uv.index]]\nurl = 'x'\n",
    "[dependency-groups]\ndev = [\n]\n",
)
_COMMENTS = ("", "# A comment.\n", "\n", "\n# One.\n# Two.\n", "\n\n   # Indented.\n")
_OURS = (
    '[tool.lamina]\nbase = "x"\n',
    "[tool.lamina.env]\nA = '1'\n",
    "[[tool.lamina.copy]]\nfrom = 'a'\nto = 'b'\n",
    '[tool."lamina".labels]\n"a.b" = "c"\n',
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
settings = st.lists(
    st.builds(
        Setting,
        st.sampled_from(["base", "cmd", "env"]),
        texts | st.lists(texts, max_size=3) | st.dictionaries(texts, texts, max_size=4),
        st.sampled_from(["", "Why.\nAnd how."]),
    ),
    unique_by=lambda setting: setting.key,
)


@given(settings)
def test_what_is_written_is_read_again(settings: list[Setting]) -> None:
    table = tomli.loads(table_text(settings))["tool"]["lamina"]

    assert table == {each.key: each.value for each in settings}


@st.composite
def documents(draw: st.DrawFn, newline: str) -> list[str]:
    """Return tables in any order, with comments above them."""
    tables = draw(st.permutations(_TABLES))[: draw(st.integers(0, len(_TABLES)))]
    return [(draw(st.sampled_from(_COMMENTS)) + each).replace("\n", newline) for each in tables]


@given(st.data(), st.sampled_from(["\n", "\r\n"]), settings)
def test_a_new_table_leaves_all_else(
    data: st.DataObject, newline: str, settings: list[Setting]
) -> None:
    before = "".join(data.draw(documents(newline)))

    after = with_table(before, table_text(settings))

    assert after.startswith(before)
    rest = after[len(before) :].lstrip("\r\n")
    # A document of one line or none says nothing of how lines end.
    assert rest == table_text(settings).replace("\n", newline if newline in before else "\n")


@given(st.data(), st.sampled_from(["\n", "\r\n"]))
def test_a_table_in_pieces_is_replaced_and_all_else_left(data: st.DataObject, newline: str) -> None:
    pieces = data.draw(documents(newline))
    ours = data.draw(st.permutations(_OURS))[: data.draw(st.integers(1, len(_OURS)))]
    before = [*pieces]
    for each in ours:
        before.insert(data.draw(st.integers(0, len(before))), each.replace("\n", newline))
    try:
        tomli.loads("".join(before))
    except tomli.TOMLDecodeError:
        assume(False)  # A table of ours is declared twice, or after what it is within.

    after = with_table("".join(before), '[tool.lamina]\nbase = "new"\n')

    new = '[tool.lamina]\nbase = "new"\n'.replace("\n", newline)
    assert after.count(new) == 1
    kept = after.replace(new, "")
    # Empty lines around what is gone are the only thing that may be another.
    assert _lines(kept) == _lines("".join(pieces))


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines(keepends=True) if line.strip()]


@given(st.text(alphabet="[]tol.amin=\"' {}#\n", max_size=40))
def test_whatever_the_text_is_it_is_kept_or_refused(text: str) -> None:
    try:
        before = tomli.loads(text)
    except tomli.TOMLDecodeError:
        return
    try:
        after = tomli.loads(with_table(text, '[tool.lamina]\nbase = "x"\n'))
    except NoPlace:
        return

    assert after.pop("tool").pop("lamina") == {"base": "x"}
    assert after == {key: value for key, value in before.items() if key != "tool"}
