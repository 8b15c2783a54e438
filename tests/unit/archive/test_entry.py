"""Entries and their content."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from lamina.archive.entry import (
    CHUNK,
    ContentChanged,
    Entry,
    Kind,
    Literal,
    Streamed,
    chunks,
    directory,
    file,
    symlink,
)


@dataclass(frozen=True)
class Pieces:
    """Content that may not be as large as it says."""

    size: int
    pieces: Iterable[bytes]

    def chunks(self) -> Iterator[bytes]:
        yield from self.pieces


def test_the_short_forms_say_what_they_mean() -> None:
    assert directory("a") == Entry("a", Kind.DIRECTORY, 0o755)
    assert symlink("a", "b") == Entry("a", Kind.SYMLINK, 0o777, target="b")
    assert file("a", b"x") == Entry("a", Kind.FILE, 0o644, Literal(b"x"))


def test_streamed_content_is_opened_when_it_is_read() -> None:
    opened: list[io.BytesIO] = []

    def source() -> io.BytesIO:
        opened.append(io.BytesIO(bytes(CHUNK + 1)))
        return opened[-1]

    content = Streamed(CHUNK + 1, source)

    assert not opened
    assert [len(chunk) for chunk in content.chunks()] == [CHUNK, 1]
    assert opened[0].closed


def test_content_of_the_right_size_is_given() -> None:
    assert list(chunks(Entry("a", content=Pieces(3, (b"a", b"", b"bc"))))) == [b"a", b"", b"bc"]
    assert b"".join(chunks(Entry("a"))) == b""


@pytest.mark.parametrize(
    "content", [Pieces(3, (b"ab",)), Pieces(3, ()), Pieces(3, (b"ab", b"cd")), Pieces(0, (b"a",))]
)
def test_a_file_that_changes_while_it_is_read_is_named(content: Pieces) -> None:
    with pytest.raises(ContentChanged) as caught:
        list(chunks(Entry("app/model.bin", content=content)))

    assert str(caught.value) == (
        "Unable to archive `/app/model.bin`: its size changed while it was read"
    )
    assert caught.value.hint == "Build again when nothing writes to it any more"


def test_a_file_that_grows_for_ever_is_not_read_for_ever() -> None:
    given: list[bytes] = []
    log = Pieces(CHUNK, itertools.repeat(bytes(CHUNK)))

    with pytest.raises(ContentChanged):
        given.extend(chunks(Entry("var/log", content=log)))

    assert sum(map(len, given)) == CHUNK
