"""A file from a URL to the disk, whole and verified, or an error."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from lamina.errors import LaminaError
from lamina.transport import (
    BrokenTransfer,
    Request,
    Response,
    Transport,
    TransportError,
)
from lamina.urls import redacted

_CHUNK = 1 << 18
_FRUITLESS_TRIES = 3

OnBytes = Callable[[int], object]
"""Told of each run of bytes that has come; it may raise to end the transfer."""


class HashMismatch(LaminaError):
    """A file whose bytes are not those that were locked."""

    def __init__(self, name: str, expected: str, got: str) -> None:
        super().__init__(
            f"Hash mismatch for `{name}`\n  expected: {expected}\n  got:      {got}",
            hint="The file is not the one that was locked; if it was published anew, run `uv lock`",
        )


class SizeMismatch(LaminaError):
    """A file that is longer or shorter than expected."""

    def __init__(self, name: str, expected: int, got: int) -> None:
        super().__init__(
            f"Size mismatch for `{name}`\n  expected: {expected} bytes\n  got:      {got} bytes",
            hint="The file is not the one that was locked; if it was published anew, run `uv lock`",
        )


class Refused(TransportError):
    """A server that answers, and does not give the file."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(
            f"Unable to download `{redacted(url)}`: the server answered {status}",
            hint=_HINTS.get(status),
        )


_HINTS = {
    401: "The package index wants credentials",
    403: "The package index wants credentials",
    404: "The file is gone; to lock another one, run `uv lock --upgrade`",
}


@dataclass(frozen=True, slots=True)
class Remote:
    """A file to be had."""

    url: str = field(repr=False)
    hash: str | None = None
    """What its bytes must have, as ``algorithm:hex``; None, where nobody knows."""
    size: int | None = None

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return unquote(urlsplit(self.url).path.rpartition("/")[2]) or redacted(self.url)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that lies on the disk."""

    path: Path
    sha256: str
    """In hex."""
    size: int


class Hashes:
    """The SHA-256 of a file, and the hash that it must have if that is another one."""

    def __init__(self, name: str, expected: str | None) -> None:
        self._name = name
        self._expected = expected
        self._sha256 = hashlib.sha256()
        algorithm = expected.partition(":")[0] if expected else "sha256"
        self._other = None if algorithm == "sha256" else hashlib.new(algorithm)
        self.size = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self._sha256.update(data)
        if self._other is not None:
            self._other.update(data)
        self.size += len(data)

    def check(self, size: int | None) -> str:
        """Return the SHA-256 in hex. Raises `SizeMismatch` and `HashMismatch`."""
        if size is not None and size != self.size:
            raise SizeMismatch(self._name, size, self.size)
        hasher = self._other or self._sha256
        got = f"{hasher.name}:{hasher.hexdigest()}"
        if self._expected is not None and got != self._expected:
            raise HashMismatch(self._name, self._expected, got)
        return self._sha256.hexdigest()


def download(
    remote: Remote, path: Path, transport: Transport, on_bytes: OnBytes = lambda count: None
) -> Fetched:
    """Fetch a file to ``path``, taking up a broken transfer where it broke.

    Raises `TransportError`, `HashMismatch`, `SizeMismatch` and `OSError` of the disk.
    """
    with path.open("wb") as file:
        transfer = _Transfer(remote, file, transport, on_bytes)
        transfer.run()
        return Fetched(path, transfer.hashes.check(remote.size), transfer.hashes.size)


def remote_size(remote: Remote, transport: Transport) -> int | None:
    """Ask the server how long a file is, without reading it; None if it does not say."""
    with transport.send(Request("HEAD", remote.url)) as response:
        if response.status != 200:
            raise Refused(remote.url, response.status)
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isascii() and length.isdigit() else None


class _Transfer:
    """One file on its way: what has come so far, and its hashes."""

    def __init__(
        self, remote: Remote, file: IO[bytes], transport: Transport, on_bytes: OnBytes
    ) -> None:
        self._remote = remote
        self._file = file
        self._transport = transport
        self._on_bytes = on_bytes
        self._etag = ""
        self.hashes = Hashes(remote.name, remote.hash)

    def run(self) -> None:
        """Read the file to its end, asking anew for the rest while each answer brings some."""
        fruitless = 0
        while True:
            before = self.hashes.size
            try:
                self._ask()
            except BrokenTransfer:
                fruitless = 0 if self.hashes.size > before else fruitless + 1
                if fruitless == _FRUITLESS_TRIES:
                    raise
            else:
                return

    def _ask(self) -> None:
        headers = {}
        if self.hashes.size:
            headers["Range"] = f"bytes={self.hashes.size}-"
            if self._etag:
                headers["If-Range"] = self._etag
        with self._transport.send(Request("GET", self._remote.url, headers)) as response:
            if response.status == 416 and self.hashes.size:
                self._restart()
                raise BrokenTransfer(f"The rest of `{redacted(self._remote.url)}` is not there")
            if response.status not in (200, 206):
                raise Refused(self._remote.url, response.status)
            if self.hashes.size and not self._continues(response):
                self._restart()
            self._etag = response.headers.get("ETag", "")
            self._read(response)

    def _continues(self, response: Response) -> bool:
        """Say whether the answer is the rest of the file; else it is the whole."""
        start = f"bytes {self.hashes.size}-"
        return response.status == 206 and response.headers.get("Content-Range", "").startswith(
            start
        )

    def _read(self, response: Response) -> None:
        limit = self._remote.size
        for piece in response.chunks(_CHUNK):
            self._file.write(piece)
            self.hashes.update(piece)
            self._on_bytes(len(piece))
            if limit is not None and self.hashes.size > limit:
                raise SizeMismatch(self._remote.name, limit, self.hashes.size)

    def _restart(self) -> None:
        self._on_bytes(-self.hashes.size)
        self._file.seek(0)
        self._file.truncate()
        self.hashes = Hashes(self._remote.name, self._remote.hash)
