"""Text that remembers where it came from, so that whatever is said of it can point there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part of a file, as offsets into its text; what `--fix` may rewrite is given so."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Return the span from the beginning of this one to the end of the other."""
        return Span(self.start, other.end)

    def __contains__(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span is, as people and editors count: from 1, the end being behind it."""

    line: int
    column: int
    end_line: int
    end_column: int


class Source:
    """The text of a file, by lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def place(self, span: Span) -> Place:
        """Return where a span is."""
        line, column = self._position(span.start)
        end_line, end_column = self._position(span.end)
        return Place(line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """Return a line, without what ends it."""
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].removesuffix("\r")

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True)
class Joined:
    """Text put together of pieces of a file, as a builder does where a line goes on below.

    Each piece is where it begins in ``text``, and where in the file.
    """

    text: str
    pieces: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, source: str, spans: Iterable[Span]) -> Joined:
        r"""Put pieces of a file together.

        >>> joined = Joined.of("RUN a \\\n  b", [Span(0, 6), Span(8, 11)])
        >>> joined.text, joined.span(6, 9)
        ('RUN a   b', Span(start=8, end=11))
        """
        texts: list[str] = []
        pieces: list[tuple[int, int]] = []
        length = 0
        for span in spans:
            if span.start < span.end:
                pieces.append((length, span.start))
                texts.append(source[span.start : span.end])
                length += span.end - span.start
        return cls("".join(texts), tuple(pieces))

    def span(self, start: int = 0, end: int | None = None) -> Span:
        """Return where in the file a part of the text is."""
        end = len(self.text) if end is None else end
        if end <= start:
            at = self.origin(start)
            return Span(at, at)
        return Span(self.origin(start), self.origin(end - 1) + 1)

    def origin(self, offset: int) -> int:
        """Return where in the file a character is; the last ends where the text does."""
        if not self.pieces:
            return 0
        index = max(bisect_right(self.pieces, offset, key=lambda piece: piece[0]) - 1, 0)
        start, origin = self.pieces[index]
        return origin + offset - start

    def slice(self, start: int, end: int | None = None) -> Joined:
        """Return a part of the text."""
        end = len(self.text) if end is None else end
        pieces = []
        for index, (at, origin) in enumerate(self.pieces):
            behind = self.pieces[index + 1][0] if index + 1 < len(self.pieces) else len(self.text)
            if at < end and start < behind:
                first = max(at, start)
                pieces.append((first - start, origin + first - at))
        if not pieces:
            pieces = [(0, self.origin(start))]
        return Joined(self.text[start:end], tuple(pieces))

    def stripped(self) -> Joined:
        """Return the text without white space around it."""
        start = len(self.text) - len(self.text.lstrip())
        return self.slice(start, max(start, len(self.text.rstrip())))

    def pick(self, offsets: Iterable[tuple[int, str]]) -> Joined:
        """Return a text of single characters of this one, such as a word without its quotes."""
        pieces: list[tuple[int, int]] = []
        characters: list[str] = []
        expected = None
        for offset, character in offsets:
            origin = self.origin(offset)
            if origin != expected:
                pieces.append((len(characters), origin))
            expected = origin + 1
            characters.append(character)
        return Joined("".join(characters), tuple(pieces))


def concatenated(texts: Iterable[Joined]) -> Joined:
    """Return texts, one after another."""
    pieces: list[tuple[int, int]] = []
    whole: list[str] = []
    length = 0
    for each in texts:
        pieces += [(length + at, origin) for at, origin in each.pieces]
        whole.append(each.text)
        length += len(each.text)
    return Joined("".join(whole), tuple(pieces))


NOTHING = Joined("", ((0, 0),))
"""A text without characters."""
