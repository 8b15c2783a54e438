"""Dockerfiles in the fenced blocks of Markdown, as reports have them."""

from __future__ import annotations

import re

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`\n]*$")
_BEGINS = re.compile(r"(?:FROM|ARG)\s", re.IGNORECASE)


def fenced_dockerfile(text: str) -> str | None:
    """Return the first Dockerfile in a fenced block; None if there is none.

    The lines before it are empty ones, so that places in it are those in the whole text.
    """
    lines = text.split("\n")
    start, mark = 0, ""
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if not mark and fence is not None:
            start, mark = number + 1, fence[1]
        elif mark and fence is not None and line.strip().startswith(mark):
            if _is_dockerfile(lines[start:number]):
                return "\n".join([*[""] * start, *lines[start:number], ""])
            mark = ""
    return None


def _is_dockerfile(block: list[str]) -> bool:
    instructions = [line for line in block if line.strip() and not line.lstrip().startswith("#")]
    has_from = any(re.match(r"FROM\s", line, re.IGNORECASE) for line in instructions)
    return has_from and _BEGINS.match(instructions[0]) is not None
