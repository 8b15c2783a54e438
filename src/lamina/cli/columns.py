"""Columns of text, in which nothing that an image says can steer the terminal."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Collection, Mapping, Sequence

import click

from lamina.cli.style import harmless, is_terminal, styled, wants_colour

_GAP = "  "
_LEAST_TEXT = 30
"""The narrowest that a last column becomes, however narrow the terminal is."""
_LONGEST = 120
"""Of a text on one line, where no terminal limits it."""


def one_line(text: str, most: int | None = None) -> str:
    r"""Return a text on one line, cut where it is longer than ``most``.

    >>> one_line("RUN  a;\\n  b", 8)
    'RUN a...'
    """
    line = harmless(" ".join(text.split()))
    return line if most is None or len(line) <= most else f"{line[: most - 3].rstrip()}..."


def table(
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int] = (),
    cut: Collection[int] = (),
    indent: str = "",
    width: int | None = None,
) -> list[str]:
    """Return lines of aligned columns; those in ``right`` end alike, the others begin alike.

    What does not fit into ``width`` goes on below in the last column; in the rows of ``cut`` that
    column is cut instead.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    if not cells:
        return []
    last = len(cells[0]) - 1
    widths = [max(len(row[column]) for row in cells) for column in range(last)]
    room = None
    if width is not None:
        taken = len(indent) + sum(widths) + len(_GAP) * last
        room = max(_LEAST_TEXT, width - taken)
    lines: list[str] = []
    for number, row in enumerate(cells):
        padded = [
            cell.rjust(size) if column in right else cell.ljust(size)
            for column, (cell, size) in enumerate(zip(row, widths, strict=False))
        ]
        head = indent + "".join(f"{cell}{_GAP}" for cell in padded)
        text = row[last] if number not in cut else one_line(row[last], room or _LONGEST)
        for piece in _wrapped(text, room):
            lines.append(f"{head}{piece}".rstrip())
            head = " " * len(head)
    return lines


def _wrapped(text: str, room: int | None) -> list[str]:
    if room is None or len(text) <= room:
        return [text]
    return textwrap.wrap(text, room, break_on_hyphens=False)


def terminal_width() -> int | None:
    """Return how wide the terminal on standard output is; None where there is none."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None


def heading(text: str) -> str:
    """Return the title of a part, in bold where that can be shown."""
    return styled(text, bold=True, stream=sys.stdout)


def signed(line: str) -> str:
    """Return a line that begins with ``+``, ``-`` or ``~`` in the colour of that sign."""
    colours = {"+": "green", "-": "red", "~": "yellow"}
    return styled(line, fg=colours.get(line.lstrip()[:1]), stream=sys.stdout)


def write(lines: Sequence[str]) -> None:
    """Write lines to standard output, whatever its encoding, unless it is closed."""
    if sys.stdout is None:
        return
    encoding = sys.stdout.encoding or "utf-8"
    text = "\n".join(lines).encode(encoding, "replace").decode(encoding)
    click.echo(text, color=wants_colour(sys.stdout))


def write_json(document: Mapping[str, object]) -> None:
    """Write a document to standard output, in ASCII: a terminal obeys nothing of it."""
    click.echo(json.dumps(document, indent=2).replace("\x7f", "\\u007f"))
