"""What is done with trees in bulk: thousands of system calls, and little between them.

Python's lock lets no two threads do that at a time, so several processes do; see `Hands`. Each is
started to run `serve`, and imports next to nothing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from lamina.store.look import FILES, is_as_made
from lamina.sync.ways import WAYS

BULK = "bulk.json"
"""Beside a tree's index: what of it is brought by `bring`; see `Bulk`."""


def bring(tree: str, site: str, way: str) -> bool:
    """Bring the bulk of a tree into a site-packages.

    False, if anything is in the way: then it may be there in part.
    """
    try:
        with open(f"{tree}/{BULK}", "rb") as file:  # noqa: PTH123
            bulk = json.loads(file.read())
        _bring(f"{tree}/{FILES}", site, WAYS[way], bulk, is_absolute=way == "symlink")
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False
    return True


def _bring(
    files: str,
    site: str,
    way: Callable[[str, str, int, int, int], None],
    bulk: dict[str, list[str]],
    *,
    is_absolute: bool,
) -> None:
    executable = frozenset(bulk["executable"])
    start = f"{files}/" if is_absolute else ""
    there = os.open(files, os.O_RDONLY | os.O_DIRECTORY)
    try:
        here = os.open(site, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for folder in bulk["folders"]:
                os.mkdir(folder, dir_fd=here)
            for path in bulk["paths"]:
                mode = 0o755 if path in executable else 0o644
                way(start + path, path, mode, there, here)
        finally:
            os.close(here)
    finally:
        os.close(there)


TASKS: dict[str, Callable[..., bool]] = {"bring": bring, "is_as_made": is_as_made}


def serve() -> None:
    """Do what each line of standard input asks, and answer it with a line, until it ends."""
    answers = sys.stdout
    with suppress(BrokenPipeError):
        for line in sys.stdin:
            name, *rest = json.loads(line)
            answers.write(f"{json.dumps(TASKS[name](*rest))}\n")
            answers.flush()
