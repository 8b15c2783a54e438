"""Colour, where the terminal has it and the user wants it (no-color.org)."""

from __future__ import annotations

import os
import sys

import click


def wants_colour() -> bool:
    """Say whether standard error may be coloured."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """Return the text with colour, or as it is."""
    return click.style(text, fg=fg, bold=bold) if wants_colour() else text
