"""The page of a project on a package index: its wheels, with the hashes that it tells of them.

Both forms of the simple repository API are read: HTML (PEP 503) and JSON (PEP 691).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from lamina.pins.releases import PinnedWheel

ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
"""What an index is asked for (PEP 691)."""

_SHA256 = re.compile(r"sha256=([0-9a-f]{64})")


def wheels_of(data: bytes, name: str, version: str) -> tuple[PinnedWheel, ...]:
    """Return the wheels of a release that a page lists; without a SHA-256 one is of no use."""
    found: dict[str, PinnedWheel] = {}
    for file, sha256 in _files(data):
        if _is_of(file, name, version):
            found.setdefault(file, PinnedWheel(file, sha256))
    return tuple(sorted(found.values()))


def _files(data: bytes) -> Iterable[tuple[str, str]]:
    if data.lstrip()[:1] == b"{":
        return [*_of_json(data)]
    page = _Page()
    page.feed(data.decode(errors="replace"))
    return page.found


def _of_json(data: bytes) -> Iterator[tuple[str, str]]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    files = document.get("files") if isinstance(document, dict) else None
    for each in files if isinstance(files, list) else ():
        match each:
            case {"filename": str(file), "hashes": {"sha256": str(sha256)}} if _SHA256.fullmatch(
                f"sha256={sha256}"
            ):
                yield file, sha256


class _Page(HTMLParser):
    """Gathers the files that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        link = dict(attrs).get("href") if tag == "a" else None
        try:
            parts = urlsplit(link or "")
        except ValueError:
            return
        match = _SHA256.fullmatch(parts.fragment)
        if match is not None:
            self.found.append((posixpath.basename(unquote(parts.path)), match[1]))


def _is_of(file: str, name: str, version: str) -> bool:
    if not file.isprintable():
        return False
    try:
        project, found, _, _ = parse_wheel_filename(file)
    except InvalidWheelFilename:
        return False
    return (project, found) == (canonicalize_name(name), Version(version))
