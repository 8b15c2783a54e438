"""What reads the documents and files of mirrors, one mirror standing in for another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from lamina.errors import LaminaError
from lamina.transport.protocol import Interrupted, TransportError

_UPDATING = (
    "The mirror is in the middle of an update, or damaged; try again later, or name "
    "another mirror as `debian-mirror` in `[tool.lamina]`"
)


class MirrorUnreachable(TransportError):
    """A mirror that does not answer, or refuses to."""

    def __init__(self, error: TransportError) -> None:
        other = "ame another mirror as `debian-mirror` in `[tool.lamina]`"
        hint = f"{error.hint}; or n{other}" if error.hint else f"N{other}"
        super().__init__(str(error), hint=hint)


class DamagedDownload(LaminaError):
    """A file that is not the one that the archive's signature vouches for."""

    def __init__(self, name: str, expected: str, got: str, *, what: str = "Hash") -> None:
        super().__init__(
            f"{what} mismatch for `{name}`\n  expected: {expected}\n  got:      {got}",
            hint=_UPDATING,
        )


class Gone(LaminaError):
    """A file that a mirror does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Unable to find `{name}`: the mirror does not have it",
            hint=_UPDATING,
        )


class Fetch(Protocol):
    """Where documents and files of a mirror come from."""

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        """Return a file of that size and SHA-256, which stays where it is during the build.

        No byte more than its size is read. Raises `Gone`, `DamagedDownload` and `TransportError`.
        """
        ...

    def read(self, url: str) -> bytes | None:
        """Return a small document as it is now; ``None`` if the server has none there."""
        ...


def fetch_first(urls: Iterable[str], fetch: Fetch, *, sha256: str, size: int, name: str) -> Path:
    """Return the file from the first URL that gives it as it must be.

    Raises what hindered the first that has it, and `Gone` where none has.
    """
    failure: LaminaError = Gone(name)
    for url in urls:
        try:
            path = fetch.fetch(url, sha256=sha256, size=size, name=name)
            return check(path, sha256, name)
        except Interrupted:
            raise
        except (Gone, DamagedDownload, TransportError) as error:
            if isinstance(failure, Gone):
                failure = error
    if isinstance(failure, TransportError) and failure.may_pass:
        raise MirrorUnreachable(failure) from failure
    raise failure


def check(path: Path, sha256: str, name: str) -> Path:
    """Return ``path`` if its content has that SHA-256: also of a file that was kept for long."""
    with path.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != sha256:
        raise DamagedDownload(name, f"sha256:{sha256}", f"sha256:{got}")
    return path
