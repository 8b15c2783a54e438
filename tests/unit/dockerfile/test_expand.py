from __future__ import annotations

import pytest

from lamina.dockerfile.expand import ExpansionError, Lexer, expand

VALUES = {"A": "a", "EMPTY": "", "FILE": "x.tar.gz", "PATH": "/usr/local/bin", "A_1": "b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "a"),
        ("${A}b", "ab"),
        ("$Ab", ""),
        ("$A_1", "b"),
        ("$", "$"),
        ("$/", "$/"),
        ("~/$A", "~/a"),
        ("'$A'", "$A"),
        ('"$A"', "a"),
        (r"\$A", "$A"),
        (r'"\$A"', "$A"),
        (r'"\x"', r"\x"),
        (r"\x", "x"),
        ("${NO:-b}", "b"),
        ("${NO-b}", "b"),
        ("${EMPTY:-b}", "b"),
        ("${EMPTY-b}", ""),
        ("${A:-b}", "a"),
        ("${A:+b}", "b"),
        ("${EMPTY:+b}", ""),
        ("${EMPTY+b}", "b"),
        ("${NO+b}", ""),
        ("${NO:-${A}c}", "ac"),
        ("${NO:-'$A'}", "$A"),
        ("${A:?no}", "a"),
        ("${EMPTY?no}", ""),
        ("${FILE#*.}", "tar.gz"),
        ("${FILE##*.}", "gz"),
        ("${FILE%.*}", "x.tar"),
        ("${FILE%%.*}", "x"),
        ("${FILE#?}", ".tar.gz"),
        ("${FILE#y}", "x.tar.gz"),
        ("${FILE/tar/b}", "x.b.gz"),
        ("${FILE/./-}", "x-tar.gz"),
        ("${FILE//./-}", "x-tar-gz"),
        (r"${PATH//\//-}", "-usr-local-bin"),
        ("${A#*}", "a"),
        ("${A##*}", ""),
    ],
)
def test_variables_are_replaced(text: str, expected: str) -> None:
    assert expand(text, VALUES.get).text == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${A", "unsupported modifier in `${A...}`"),
        ("${", "syntax error: bad substitution"),
        ("${}", "syntax error: bad substitution"),
        ("${:x}", "syntax error: bad substitution"),
        ("${A!b}", "unsupported modifier in `${A...}`"),
        ("${A:b}", "unsupported modifier in `${A...}`"),
        ("${NO:?is wanted}", "NO: is wanted"),
        ("${NO?}", "NO: is not allowed to be unset"),
        ("'a", "a single quote is not closed"),
        ('"a', "a double quote is not closed"),
        ("${A:-b", "syntax error: missing `}`"),
        ("${A#\\a}", "invalid pattern `\\a`: `\\a` escapes nothing"),
        ("${A:-" * 100, "substitutions are nested too deeply"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ExpansionError) as caught:
        expand(text, VALUES.get)

    assert str(caught.value) == message


def test_what_nothing_sets_is_told() -> None:
    assert expand("$HOME/$A/${X:-y}", VALUES.get).unset == {"HOME", "X"}


def test_words_are_divided_after_expansion() -> None:
    assert Lexer("a '$A b' ${X} c", "\\", {"X": "d e"}.get).words() == ["a", "$A b", "d", "e", "c"]


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert expand("${X##" + "*a" * 30 + "b}", {"X": "a" * 2000}.get).text == "a" * 2000
