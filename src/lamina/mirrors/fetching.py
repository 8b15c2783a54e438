"""What reads the documents and files of a mirror, as a protocol."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from lamina.errors import LaminaError


class DamagedDownload(LaminaError):
    """A file that is not the one that the archive's signature vouches for."""

    def __init__(self, name: str, expected: str, got: str) -> None:
        super().__init__(
            f"Hash mismatch for `{name}`\n  expected: sha256:{expected}\n  got:      sha256:{got}"
        )


class Fetch(Protocol):
    """Where documents and files of a mirror come from."""

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        """Return a file of that size and SHA-256, which stays where it is during the build."""
        ...

    def read(self, url: str) -> bytes | None:
        """Return a small document as it is now; ``None`` if the server has none there."""
        ...


def check(path: Path, sha256: str, name: str) -> Path:
    """Return ``path`` if its content has that SHA-256: also of a file that was kept for long."""
    with path.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != sha256:
        raise DamagedDownload(name, sha256, got)
    return path
