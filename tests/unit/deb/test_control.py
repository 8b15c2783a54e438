"""Paragraphs, relations and versions, as Debian's tools read them."""

from __future__ import annotations

import pytest

from lamina.deb.control import (
    ControlError,
    Relation,
    parse_paragraph,
    parse_paragraphs,
    parse_relations,
    parse_version,
    required,
)


def test_fields_are_found_whatever_their_case_and_keep_their_lines() -> None:
    paragraph = parse_paragraph(b"Package: a\nDescription: short\n long\n .\n", where="`x`")

    assert paragraph["package"] == "a"
    assert paragraph["Description"] == "short\n long\n ."


def test_paragraphs_are_told_apart_by_empty_lines() -> None:
    found = parse_paragraphs(b"A: 1\n\n\n# a comment\nA: 2\n", where="`x`")

    assert [paragraph["A"] for paragraph in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"A: \xff\n", "Expected UTF-8 in `x`"),
        (b"", "Expected one paragraph in `x`, got: 0"),
        (b"A: 1\n\nA: 2\n", "Expected one paragraph in `x`, got: 2"),
        (b"no field here\n", "Expected one paragraph in `x`, got: 0"),
    ],
)
def test_what_is_not_one_paragraph_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ControlError) as caught:
        parse_paragraph(data, where="`x`")

    assert str(caught.value) == message


def test_all_missing_fields_are_named() -> None:
    with pytest.raises(ControlError) as caught:
        required({"Package": "a", "Size": ""}, "Package", "Version", "Size", where="`x`")

    assert str(caught.value) == "Missing in `x`: `Version`, `Size`"


def test_relations_have_groups_of_alternatives() -> None:
    found = parse_relations("a (>=1.0), b:any|c ( << 2~ ) ,\n d (= 1:2-3),", where="`x`")

    assert found == (
        (Relation("a", ">=", "1.0"),),
        (Relation("b", qualifier="any"), Relation("c", "<<", "2~")),
        (Relation("d", "=", "1:2-3"),),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a (> 1)", "Malformed relation in `x`: a (> 1)"),
        ("a | ", "Malformed relation in `x`: "),
        ("a (>= a:2)", "Malformed version in `x`: a:2"),
        ("$a", "Malformed relation in `x`: $a"),
    ],
)
def test_malformed_relations_are_refused(text: str, message: str) -> None:
    with pytest.raises(ControlError) as caught:
        parse_relations(text, where="`x`")

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("relation", "admitted", "refused"),
    [
        (">=", ["1.0-1", "1.0-1+b1", "1:0"], ["1.0~rc1-1", "1.0-0"]),
        (">>", ["1.0-1.1"], ["1.0-1", "1.0~"]),
        ("<=", ["1.0-1", "1.0~rc1"], ["1.0-2"]),
        ("<<", ["1.0~"], ["1.0-1"]),
        ("=", ["1.0-1"], ["1.0-1+b1"]),
    ],
)
def test_versions_compare_as_the_policy_says(
    relation: str, admitted: list[str], refused: list[str]
) -> None:
    wanted = Relation("a", relation, "1.0-1")

    assert [version for version in admitted + refused if wanted.admits(version)] == admitted


def test_what_is_provided_without_a_version_satisfies_only_who_asks_for_none() -> None:
    assert Relation("a").admits(None)
    assert not Relation("a", ">=", "0").admits(None)


def test_a_malformed_version_is_refused() -> None:
    with pytest.raises(ControlError, match="Malformed version in `x`: a_b"):
        parse_version("a_b", where="`x`")
