"""Which of two packages has a file that both bring."""

from __future__ import annotations

import pytest

from lamina.deb.control import parse_paragraph
from lamina.deb.replaces import Claimant, replacers_first


def claimant(name: str, fields: str = "", version: str = "1") -> Claimant:
    text = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n{fields}"
    return Claimant.of(parse_paragraph(text.encode(), where="a test"))


@pytest.mark.parametrize(
    ("relation", "is_replaced"),
    [
        ("a", True),
        ("x, a (<< 2)", True),
        ("a (<< 1)", False),
        ("a (<= 1)", True),
        ("a (< 1)", True),
        ("a (> 1)", True),
        ("a:any", True),
        ("a:amd64", True),
        ("a:i386", False),
        ("v", False),
    ],
)
def test_a_relation_is_about_name_version_and_architecture(
    relation: str, is_replaced: bool
) -> None:
    other = claimant("a", "Provides: v\n")

    assert claimant("b", f"Replaces: {relation}\n").replaces(other) is is_replaced


def test_of_two_that_replace_each_other_the_one_that_is_unpacked_last_wins() -> None:
    b = claimant("b", "Replaces: a\n")
    needing, plain = claimant("a", "Replaces: b\nDepends: b\n"), claimant("a", "Replaces: b\n")

    assert (b.wins_over(plain), plain.wins_over(b)) == (True, False)
    assert (b.wins_over(needing), needing.wins_over(b)) == (False, True)


def test_each_is_before_those_whose_files_it_takes() -> None:
    packages = [
        claimant("a"),
        claimant("b", "Replaces: a\n"),
        claimant("c"),
        claimant("d", "Replaces: b, c\n"),
    ]

    assert [each.name for each in replacers_first(packages)] == ["d", "b", "a", "c"]
