"""A file from a URL to the disk, whole and verified, or an error."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from lamina.errors import LaminaError
from lamina.transport.protocol import BrokenTransfer, Request, Response, Transport, TransportError
from lamina.urls import redacted

_CHUNK = 1 << 18
_FRUITLESS_TRIES = 3
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:([0-9]{1,18})|\*)")

OnBytes = Callable[[int], object]
"""Told of each run of bytes that has come; it may raise to end the transfer."""


class HashMismatch(LaminaError):
    """A file whose bytes are not those that were locked."""

    def __init__(self, name: str, expected: str, got: str) -> None:
        super().__init__(
            f"Hash mismatch for `{name}`\n  expected: {expected}\n  got:      {got}",
            hint="The file is not the one that was locked; if it was published anew, run `uv lock`",
        )
        self.expected = expected
        self.got = got


class SizeMismatch(LaminaError):
    """A file that is longer or shorter than expected."""

    def __init__(self, name: str, expected: int, got: int | None) -> None:
        """``got`` is None for a file that was given up when it became too long."""
        said = "more" if got is None else f"{got} bytes"
        super().__init__(
            f"Size mismatch for `{name}`\n  expected: {expected} bytes\n  got:      {said}",
            hint="The file is not the one that was locked; if it was published anew, run `uv lock`",
        )
        self.expected = f"{expected} bytes"
        self.got = said


class Refused(TransportError):
    """A server that answers, and does not give the file."""

    def __init__(
        self, url: str, status: int, *, said: str | None = None, hint: str | None = None
    ) -> None:
        """``said`` and ``hint`` are for who knows more than the status."""
        super().__init__(
            f"Unable to download `{redacted(url)}`: {said or f'the server answered {status}'}",
            hint=hint or _HINTS.get(status),
        )
        self.status = status


_GONE = "The file is gone; to lock another one, run `uv lock --upgrade`"
_HINTS = {
    401: "The server wants credentials",
    403: "The server wants credentials, or other ones",
    404: _GONE,
    410: _GONE,
    429: "The server is asked too often; run the command again later",
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
        shown = redacted(self.url)
        return unquote(shown.rpartition("/")[2]) or shown


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that lies on the disk."""

    path: Path
    sha256: str
    """In hex."""
    size: int


class Hashes:
    """The SHA-256 of a file, and the hash that it must have if that is another one.

    The algorithms are those of lockfiles; ``blake2b`` has 256 bits there, as on package indexes.
    """

    def __init__(self, name: str, expected: str | None) -> None:
        self._name = name
        self._expected = expected
        self._sha256 = hashlib.sha256()
        algorithm, _, hex_ = expected.partition(":") if expected else ("sha256", "", "")
        self._other = None if algorithm == "sha256" else _hasher(algorithm, len(hex_) // 2)
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


def _hasher(algorithm: str, size: int) -> hashlib._Hash | hashlib.blake2b:
    if algorithm == "blake2b":
        return hashlib.blake2b(digest_size=size)
    # Where policy forbids MD5 for security, it may still tell whether a file is the locked one.
    return hashlib.new(algorithm, usedforsecurity=False)


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
        # Some servers say 0 where they do not know; no file that is asked for is empty.
        return (int(length) or None) if length.isascii() and length.isdigit() else None


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
        """Read the file to its end, asking anew for the rest while answers bring it further."""
        furthest, fruitless = 0, 0
        while True:
            try:
                self._ask()
            except BrokenTransfer:
                if self.hashes.size == self._remote.size:
                    return  # It broke behind the last byte.
                fruitless = 0 if self.hashes.size > furthest else fruitless + 1
                furthest = max(furthest, self.hashes.size)
                if fruitless == _FRUITLESS_TRIES:
                    raise
            else:
                return

    def _ask(self) -> None:
        if not self._can_resume():
            self._restart()
        headers = {}
        if self.hashes.size:
            headers["Range"] = f"bytes={self.hashes.size}-"
            if self._etag:
                headers["If-Range"] = self._etag
        with self._transport.send(Request("GET", self._remote.url, headers)) as response:
            if response.status == 200:
                self._restart()
                self._etag = _strong(response.headers.get("ETag", ""))
                self._read(response)
            elif response.status == 206 and self.hashes.size:
                self._read_rest(response)
            elif response.status == 416 and self.hashes.size:
                raise self._no_rest()
            else:
                raise Refused(self._remote.url, response.status)

    def _can_resume(self) -> bool:
        """Say whether the pieces of two answers can be told from those of two files."""
        return self._remote.hash is not None or self._etag != ""

    def _read_rest(self, response: Response) -> None:
        """Read a part, which may be less than was asked for (RFC 9110, 15.3.7)."""
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != self.hashes.size:
            raise self._no_rest()
        self._read(response)
        if match[3] is not None and self.hashes.size < int(match[3]):
            raise self._broken("there is more of it")

    def _read(self, response: Response) -> None:
        limit = self._remote.size
        for piece in response.chunks(_CHUNK):
            self._file.write(piece)
            self.hashes.update(piece)
            self._on_bytes(len(piece))
            if limit is not None and self.hashes.size > limit:
                raise SizeMismatch(self._remote.name, limit, None)

    def _no_rest(self) -> BrokenTransfer:
        """Drop what has come, since the server has nothing that would follow it."""
        self._restart()
        return self._broken("the server has not the rest of it")

    def _broken(self, why: str) -> BrokenTransfer:
        return BrokenTransfer(
            f"The transfer from `{redacted(self._remote.url)}` broke off: {why}",
            hint="Run the command again",
        )

    def _restart(self) -> None:
        if self.hashes.size:
            self._on_bytes(-self.hashes.size)
            self._file.seek(0)
            self._file.truncate()
            self.hashes = Hashes(self._remote.name, self._remote.hash)


def _strong(etag: str) -> str:
    """Return an ETag if it may stand in ``If-Range``: a weak one may not (RFC 9110, 13.1.5)."""
    return etag if etag.startswith('"') else ""
