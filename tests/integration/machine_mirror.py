"""The Debian mirror that apt of this machine uses: no test names another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import urllib3

from lamina.deb.sources import parse_sources

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT = Path("/etc/apt")
_SUFFIXES = ("", "-updates", "-security")
_STEMS = ("bookworm", "trixie", "stable", "oldstable")


@dataclass(frozen=True)
class MirroredSuite:
    """A suite of Debian, and where this machine gets it from."""

    url: str
    suite: str


def machine_suites(codename: str) -> list[MirroredSuite]:
    """Return the suites of a release: itself, its updates, its security updates."""
    paths = [_APT / "sources.list", *sorted((_APT / "sources.list.d").iterdir())]
    found: dict[str, str] = {}
    for path in paths:
        if path.suffix not in (".list", ".sources") or not path.exists():
            continue
        for source in parse_sources(path.read_bytes(), path.name):
            for suite in source.suites:
                stem, dash, rest = suite.partition("-")
                if stem in _STEMS and "main" in source.components:
                    found.setdefault(dash + rest, source.uris[0])
    assert "" in found, "These tests need a Debian mirror in the apt sources of this machine"
    return [
        MirroredSuite(found[suffix], codename + suffix) for suffix in _SUFFIXES if suffix in found
    ]


def sources_text(suites: Iterable[MirroredSuite], keyring: Path = KEYRING) -> str:
    """Write apt sources as Debian's own images have them (`debian.sources`)."""
    return "\n".join(
        f"Types: deb\nURIs: {each.url}\nSuites: {each.suite}\nComponents: main\n"
        f"Signed-By: {keyring}\n"
        for each in suites
    )


@dataclass
class Http:
    """The `Fetch` of tests: files are kept by their hash."""

    folder: Path
    pool: urllib3.PoolManager

    def read(self, url: str) -> bytes | None:
        response = self.pool.request("GET", url)
        assert response.status in (200, 404), response.status
        return response.data if response.status == 200 else None

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        path = self.folder / sha256
        if not path.exists():
            data = self.read(url)
            assert data is not None, name
            assert (len(data), hashlib.sha256(data).hexdigest()) == (size, sha256), name
            path.write_bytes(data)
        return path
