from __future__ import annotations

from lamina.dockerfile.text import Joined, Place, Source, Span, concatenated

TEXT = "RUN one \\\n  # not this\n  two"
JOINED = Joined.of(TEXT, [Span(0, 8), Span(23, 28)])


def test_places_are_counted_from_one() -> None:
    source = Source("ab\ncd\n")

    assert source.place(Span(0, 2)) == Place(1, 1, 1, 3)
    assert source.place(Span(4, 5)) == Place(2, 2, 2, 3)
    assert source.place(Span(6, 6)) == Place(3, 1, 3, 1)


def test_lines_have_no_ends() -> None:
    source = Source("a\r\nb\n")

    assert [source.line(number) for number in (1, 2, 3)] == ["a", "b", ""]


def test_a_part_of_joined_text_is_found_in_the_file() -> None:
    start = JOINED.text.index("two")
    span = JOINED.span(start, start + 3)

    assert TEXT[span.start : span.end] == "two"


def test_a_slice_remembers_where_it_was() -> None:
    part = JOINED.slice(4).stripped()

    assert part.text == "one   two"
    assert TEXT[part.span().start : part.span().end] == "one \\\n  # not this\n  two"


def test_an_empty_slice_has_a_place() -> None:
    assert JOINED.slice(4, 4).span() == Span(4, 4)


def test_characters_can_be_picked() -> None:
    word = Joined.of("'a'b", [Span(0, 4)]).pick([(1, "a"), (3, "b")])

    assert word.text == "ab"
    assert [word.origin(0), word.origin(1)] == [1, 3]


def test_texts_can_be_put_together() -> None:
    whole = concatenated([JOINED.slice(9), JOINED.slice(0, 3)])

    assert whole.text == " twoRUN"
    assert whole.origin(4) == 0
