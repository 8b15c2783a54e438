"""The layout of a text, so that what is put in looks like what is there."""

from __future__ import annotations

from lamina.doctor.text import Span

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
