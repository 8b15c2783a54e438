"""What is to be written instead of something, as a value: a fix that a program can make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from lamina.dockerfile.text import Span


class Place(Enum):
    """The file that an edit is of."""

    DOCKERFILE = "Dockerfile"
    DOCKERIGNORE = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of a file, and the text in its place; without a part, something is put in."""

    span: Span
    text: str
    place: Place = Place.DOCKERFILE


Edits = tuple[Edit, ...]
"""One fix: all of them are made, or none. Empty where nobody but a person can decide."""


def applied(text: str, edits: Iterable[Edit], place: Place = Place.DOCKERFILE) -> str:
    r"""Return a file with the edits that are of it; all else stays as it is, to the byte.

    >>> applied("FROM a\nRUN b\n", [Edit(Span(7, 10), "CMD"), Edit(Span(5, 6), "x")])
    'FROM x\nCMD b\n'
    """
    pieces, end = [], len(text)
    # From the end, so that no place moves before its turn.
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        if edit.place is not place:
            continue
        if not edit.span.start <= edit.span.end <= end:
            raise ValueError(f"edits overlap, or are outside of the text: {edit}")
        pieces += [text[edit.span.end : end], edit.text]
        end = edit.span.start
    return "".join(reversed([*pieces, text[:end]]))
