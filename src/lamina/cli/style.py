"""What the terminal can show: colour, and bars."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import TextIO

import click

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Of Unicode: controls, marks that turn the order of letters about, and ends of lines."""


def wants_colour(stream: TextIO | None = None) -> bool:
    """Say whether a stream may be coloured, standard error if none is given.

    See no-color.org and force-color.org.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream)


def wants_bars() -> bool:
    """Say whether bars can be drawn on standard error: never in a log that is kept."""
    return is_terminal() and not os.environ.get("CI")


def is_terminal(stream: TextIO | None = None) -> bool:
    """Say whether a stream, or standard error, is a terminal that can move its cursor."""
    stream = stream or sys.stderr
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def styled(
    text: str, *, fg: str | None = None, bold: bool = False, stream: TextIO | None = None
) -> str:
    """Return the text with colour for a stream, or standard error; or as it is."""
    return click.style(text, fg=fg, bold=bold) if wants_colour(stream) else text


def harmless(text: str) -> str:
    r"""Return a text in which what a terminal would obey is replaced.

    >>> harmless("a\x1b[2Jb\u202e\n")
    'a?[2Jb?\n'
    """
    if text.isprintable():
        return text
    return "".join(
        "?" if each != "\n" and unicodedata.category(each) in _UNSEEN else each for each in text
    )


def say(text: str) -> None:
    """Write a line to standard error."""
    click.echo(text, err=True, color=wants_colour())
