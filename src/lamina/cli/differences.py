"""The difference between two texts of a file, as `patch` and `git apply` read it."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Sequence

from lamina.cli.style import harmless, styled, wants_colour
from lamina.dockerfile.secrets import masked

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NOTHING = "/dev/null"
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def difference(name: str, before: str | None, after: str) -> list[str]:
    r"""Return the lines of a unified diff; none if nothing differs. No secret is in it.

    >>> difference("a", "1\n", "2")
    ['--- a', '+++ a', '@@ -1 +1 @@', '-1', '+2', '\\ No newline at end of file']
    """
    old, new = _LINE.findall(before or ""), _LINE.findall(after)
    head = name if before is not None else _NOTHING
    return [
        line for made in difflib.unified_diff(old, new, head, name) for line in _ended(masked(made))
    ]


def _ended(line: str) -> Iterator[str]:
    yield line.removesuffix("\n")
    if not line.endswith("\n"):
        yield "\\ No newline at end of file"


def shown(lines: Sequence[str]) -> list[str]:
    """Return the lines of a diff for standard output, in colours where it can show them."""
    if not wants_colour(sys.stdout):
        # A program may read it, for which the ends of lines are to be as they are.
        return [line if line.isprintable() else _plain(line) for line in lines]
    return [_coloured(_plain(line.removesuffix("\r"))) for line in lines]


def _plain(line: str) -> str:
    end = "\r" if line.endswith("\r") else ""
    return "\t".join(harmless(part) for part in line.removesuffix("\r").split("\t")) + end


def _coloured(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return styled(line, bold=True, stream=sys.stdout)
    return styled(line, fg=_COLOURS.get(line[:1]), stream=sys.stdout)
