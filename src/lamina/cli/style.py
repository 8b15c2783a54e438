"""What the terminal can show: colour, and bars."""

from __future__ import annotations

import os
import sys

import click


def wants_colour() -> bool:
    """Say whether standard error may be coloured (no-color.org, force-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal()


def wants_bars() -> bool:
    """Say whether bars can be drawn on standard error: never in a log that is kept."""
    return is_terminal() and not os.environ.get("CI")


def is_terminal() -> bool:
    """Say whether standard error is a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """Return the text with colour, or as it is."""
    return click.style(text, fg=fg, bold=bold) if wants_colour() else text


def say(text: str) -> None:
    """Write a line to standard error."""
    click.echo(text, err=True, color=wants_colour())
