"""What a registry of ours was asked, by its own access log, and what was sent, by its own files."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engines import Registry

COMPLETE_WITHIN = 2.0

_LINE = re.compile(r'"([A-Z]+) (/v2/\S*) HTTP/[0-9.]+" ([0-9]{3}) ([0-9]+) ')
_BLOB = re.compile(r"/blobs/(sha256:[0-9a-f]{64})$")
_UPLOADED = re.compile(r"/blobs/uploads/.*[?&]digest=(sha256(?::|%3A)[0-9a-f]{64})")
_MANIFEST = re.compile(r"^/v2/(.+)/manifests/([^/]+)$")


@dataclass(frozen=True)
class Exchange:
    """One request, and what was answered."""

    method: str
    path: str
    status: int
    size: int
    """The bytes of the answer's body. The log names some for HEAD, too, that are never sent."""

    @property
    def blob(self) -> str:
        """The digest of the blob that was asked for; empty for other questions."""
        found = _BLOB.search(self.path)
        return found[1] if found else ""

    @property
    def uploaded(self) -> str:
        """The digest of the blob that is complete with this request."""
        found = _UPLOADED.search(self.path)
        is_it = found and self.method == "PUT" and self.status == 201
        return found[1].replace("%3A", ":") if found and is_it else ""

    @property
    def manifest(self) -> tuple[str, str] | None:
        """The repository and the reference of a manifest that was pushed."""
        found = _MANIFEST.match(self.path)
        is_it = found and self.method == "PUT" and self.status == 201
        return (found[1], found[2]) if found and is_it else None

    @property
    def is_found_blob(self) -> bool:
        """Whether it was asked if a blob is there, and it is."""
        return self.method == "HEAD" and bool(self.blob) and self.status == 200


@dataclass(frozen=True)
class Exchanges:
    """What went on between two moments."""

    each: Sequence[Exchange]
    sent: int
    """The bytes of the blobs and manifests that the registry was sent, by what it stored."""

    @property
    def answered(self) -> int:
        """The bytes that the registry gave."""
        return sum(each.size for each in self.each if each.method == "GET")

    @property
    def blobs(self) -> dict[str, int]:
        """What it gave of each blob."""
        found: dict[str, int] = {}
        for each in self.each:
            if each.method == "GET" and each.blob:
                found[each.blob] = found.get(each.blob, 0) + each.size
        return found

    @property
    def uploads(self) -> list[str]:
        """The digests of the blobs that came."""
        return [each.uploaded for each in self.each if each.uploaded]

    @property
    def besides(self) -> int:
        """How many requests there were besides one for each blob that was there."""
        return len(self.each) - sum(each.is_found_blob for each in self.each)


class Log:
    """Reads on from where it was read last."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._position = 0
        self.take()

    def take(self, expected: int = 0) -> Exchanges:
        """Return what is new; a line that is on its way is waited for, if more are ``expected``."""
        until, found = time.monotonic() + COMPLETE_WITHIN, list(self._read())
        while len(found) < expected and time.monotonic() < until:
            found += self._read()
        return Exchanges(found, sum(map(self._sent, found)))

    def _read(self) -> Iterator[Exchange]:
        with (self._registry.folder / "registry.log").open("rb") as file:
            file.seek(self._position)
            whole = file.read()
        whole = whole[: whole.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in _LINE.finditer(whole.decode(errors="replace")):
            yield Exchange(line[1], line[2], int(line[3]), int(line[4]))

    def _sent(self, exchange: Exchange) -> int:
        root = self._registry.folder / "data" / "docker" / "registry" / "v2"
        if exchange.uploaded:
            return _size(root, exchange.uploaded)
        if exchange.manifest:
            name, reference = exchange.manifest
            tags = root / "repositories" / name / "_manifests" / "tags"
            link = tags / reference / "current" / "link"
            return _size(root, link.read_text() if link.exists() else reference)
        return 0


def _size(root: Path, digest: str) -> int:
    algorithm, _, value = digest.partition(":")
    return (root / "blobs" / algorithm / value[:2] / value / "data").stat().st_size
