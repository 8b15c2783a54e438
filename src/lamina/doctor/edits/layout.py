"""The layout of a text, so that what is put in looks like what is there."""

from __future__ import annotations

from lamina.dockerfile.instruction import Dockerfile, Instruction
from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edit, Edits

_BLANK = " \t"


def at(text: str, span: Span) -> str:
    """Return what stands somewhere."""
    return text[span.start : span.end]


def newline(text: str) -> str:
    """Return how lines end."""
    return "\r\n" if "\r\n" in text else "\n"


def is_gap(text: str, escape: str) -> bool:
    r"""Say whether words are apart by nothing but blanks and lines that go on below.

    >>> is_gap(" \\\n    ", "\\"), is_gap("\\\n  # why\n", "\\"), is_gap("\n", "\\")
    (True, False, False)
    """
    lines = text.replace("\r\n", "\n").split("\n")
    goes_on = all(line.strip(_BLANK) == escape for line in lines[:-1])
    return goes_on and not lines[-1].strip(_BLANK)


def gap_before(dockerfile: Dockerfile, offset: int) -> Span | None:
    """Return the gap that ends at an offset, also over lines; None if a comment is in it."""
    text, start = dockerfile.text, offset
    while start and (text[start - 1].isspace() or text[start - 1] == dockerfile.escape):
        start -= 1
    gap = Span(start, offset)
    return gap if is_gap(at(text, gap), dockerfile.escape) else None


def gap_behind(dockerfile: Dockerfile, offset: int) -> Span | None:
    """Return the gap that begins at an offset, also over lines; None if a comment is in it."""
    text, end = dockerfile.text, offset
    while end < len(text) and (text[end].isspace() or text[end] == dockerfile.escape):
        end += 1
    gap = Span(offset, end)
    return gap if is_gap(at(text, gap), dockerfile.escape) else None


def line_before(dockerfile: Dockerfile, instruction: Instruction, line: str) -> Edits:
    """Put a line above an instruction, and above the comments that belong to it."""
    text = dockerfile.text
    own = [each.span.start for each in instruction.comments]
    start = min([instruction.span.start, *own])
    start = text.rfind("\n", 0, start) + 1
    return (Edit(Span(start, start), f"{line}{newline(text)}"),)


def line_behind(dockerfile: Dockerfile, instruction: Instruction, line: str) -> Edits:
    """Put a line below an instruction."""
    text, end = dockerfile.text, instruction.span.end
    end = text.find("\n", end)
    if end < 0:
        return (Edit(Span(len(text), len(text)), f"{newline(text)}{line}"),)
    return (Edit(Span(end + 1, end + 1), f"{line}{newline(text)}"),)
