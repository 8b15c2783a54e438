"""Dockerfiles that somebody has spoilt: parts left out, doubled, moved, put in."""

from __future__ import annotations

import os
import random

from dockerfiles import REPORT
from lamina.doctor.rules import RULES

MANY = int(os.environ.get("LAMINA_DOCKERFILES", "300"))
"""How many are tried."""

PIECES = [
    "FROM ", " AS ", "RUN ", "ENV ", "ARG ", "COPY ", "--from=", "--mount=", "type=cache,",
    "target=", "~/.cache/uv", "$HOME", "${A:-", "${A##*", "}", "\\\n", "\n", "# ", "#escape=`\n",
    "<<EOF\n", "EOF\n", "'", '"', "`", "\\", " && ", "uv sync ", "pip install ", "[", '"]', ",",
    "=", "USER ", "WORKDIR ", "ONBUILD ", "HEALTHCHECK CMD ", "$(", "|", ";", "\t", "\r\n", "\x00",
    "\ud800", "ü", "\ufeff", "((", "if ", "{", "# lamina: ignore=LAM101\n", "--no-cache ", "@", ":",
]  # fmt: skip
"""What Dockerfiles are made of, and what they should not have."""

_SEEDS = [REPORT, *(example.dockerfile for rule in RULES for example in (rule.bad, rule.good))]


def spoilt(number: int) -> str:
    """Return a Dockerfile, the same for the same number."""
    source = random.Random(number)
    text = source.choice(_SEEDS)
    for _ in range(source.randint(1, 12)):
        at = source.randint(0, len(text))
        behind = min(len(text), at + source.randint(0, 30))
        match source.randint(0, 3):
            case 0:
                text = text[:at] + text[behind:]
            case 1:
                text = text[:at] + source.choice(PIECES) + text[at:]
            case 2:
                text = text[:at] + text[at:behind] * source.randint(1, 20) + text[behind:]
            case _:
                text = text[:at] + source.choice(_SEEDS)[at : at + 40] + text[at:]
    return text
