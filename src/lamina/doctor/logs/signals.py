"""Lines that say by themselves what is wrong, whoever writes them."""

from __future__ import annotations

import re

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Signal

_SIGNS: tuple[tuple[str, str, str | None], ...] = (
    # code, a text that must be there, and a pattern that must then be found.
    ("201", "Failed to initialize cache at", None),
    (
        "203",
        "failed to create directory",
        r"failed to create directory `[^`]{0,500}(?:cache|nonexist)",
    ),
    ("302", "Failed to hardlink files; falling back to full copy", None),
    ("304", "Failed to clear cache", None),
    ("306", "Must revalidate requirement: ", None),
    ("307", "Failed to deserialize cache entry", None),
    ("307", "array had incorrect length, expected", None),
    ("307", "Broken cache entry at", None),
    ("308", "Downloading ", r"Downloading (?:cpython|pypy|graalpy)-"),
    ("312", "Try increasing UV_HTTP_TIMEOUT", None),
    ("404", "Distribution not found at: file:", None),
    ("406", "needs to be updated, but `--locked` was provided", None),
    ("102", "Usage of undefined variable '$HOME'", None),
    ("104", "must be an absolute path", r"invalid container path"),
    ("110", "Missing a value on flag: mount", None),
    ("110", "unexpected key '", r"unexpected key '[^']{0,100}' (?:in|for)"),
    ("501", "--mount option requires BuildKit", None),
    ("501", "Unknown flag: mount", None),
    ("504", 'unrecognized value for "sharing"', None),
    ("510", "is missing an id argument", r"--mount=type=cache"),
    ("510", "Cache mounts MUST be in the format", None),
    (
        "509",
        " --no-cache",
        r"\b(?:docker|buildx|podman|buildah|nerdctl)\b.{0,200}? (?:build|bud)\b",
    ),
)
_TABLE = tuple(
    (f"LAM{code}", text, re.compile(pattern) if pattern else None) for code, text, pattern in _SIGNS
)
_ANY = re.compile("|".join(re.escape(text) for _, text, _ in _SIGNS))


def signal_in(line: Line) -> Signal | None:
    """Return what a line says is wrong, if it says so."""
    if _ANY.search(line.text) is None:
        return None
    for code, text, pattern in _TABLE:
        if text in line.text and (pattern is None or pattern.search(line.text)):
            return Signal(code, line)
    return None
