"""`.python-version`: which Python a folder is pinned to, as uv and pyenv write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lamina.pythons.request import PythonRequest, UnknownRequest, parse_request

NAMES = (".python-version", ".python-versions")
_UNRELEASED = "-dev"
"""As pyenv names what is built of a branch."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A request that a file makes."""

    request: PythonRequest
    path: Path

    @property
    def version(self) -> str | None:
        """The version, as in ``3.12``, ``3.12.4`` or ``3.13t``; None of a range, or of any."""
        asked = self.request
        if asked.minor is None:
            return None
        is_exact = asked.patch is not None or bool(asked.stage)
        rest = f".{asked.patch or 0}{asked.stage}" if is_exact else ""
        return f"3.{asked.minor}{rest}{'t' if asked.free_threaded else ''}"


def find_pin(folder: Path, last: Path | None, warn: Callable[[str], None]) -> Pin | None:
    """Return what the nearest file of pins says, in a folder or above, but not above ``last``.

    Of its lines, the first counts that asks for a Python; others are told of.
    """
    for place in (folder, *folder.parents):
        for name in NAMES:
            try:
                text = (place / name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            return _first(text, place / name, warn)
        if place == last:
            break
    return None


def _first(text: str, path: Path, warn: Callable[[str], None]) -> Pin | None:
    for line in _lines(text):
        try:
            request = parse_request(line.removesuffix(_UNRELEASED), path.parent)
        except UnknownRequest as error:
            warn(f"`{path}` is passed over: {error}")
            continue
        if request.name is None:
            return Pin(request, path)
        warn(f"`{path}` is passed over: it names no version of Python, but `{line}`")
    return None


def _lines(text: str) -> Iterator[str]:
    """Give the requests: a line each, without comments and empty ones."""
    for line in text.splitlines():
        if bare := line.partition("#")[0].strip():
            yield bare
