"""The version of musl, which no interpreter knows: its loader says it (PEP 656)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_VERSION = re.compile(rb"^Version ([0-9]+\.[0-9]+)", re.MULTILINE)
_PATIENCE = 10
"""In seconds."""


def find_musl(folder: Path = Path("/lib")) -> str | None:
    """Return such as ``musl 1.2``, of the loader in a folder; None if there is none."""
    for loader in sorted(folder.glob("ld-musl-*.so.1")):
        try:
            done = subprocess.run(  # noqa: S603
                [str(loader)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        if match := _VERSION.search(done.stderr):
            return f"musl {match[1].decode()}"
    return None
