"""The directories that lead to entries."""

from __future__ import annotations

from lamina.archive.entry import Entry, Kind, directory
from lamina.archive.parents import with_parents


def test_parents_come_before_what_lies_in_them_and_once() -> None:
    entries = [Entry("a/b/c"), Entry("a/d"), Entry("e"), Entry("a/b/f")]

    assert list(with_parents(entries)) == [
        directory("a"),
        directory("a/b"),
        Entry("a/b/c"),
        Entry("a/d"),
        Entry("e"),
        Entry("a/b/f"),
    ]


def test_a_directory_of_its_own_is_given_once_and_as_it_is() -> None:
    private = Entry("a", Kind.DIRECTORY, 0o700)

    assert list(with_parents([private, private, Entry("a/b")])) == [private, Entry("a/b")]


def test_a_directory_that_comes_after_its_content_was_there_already() -> None:
    assert list(with_parents([Entry("a/b"), directory("a")])) == [directory("a"), Entry("a/b")]
