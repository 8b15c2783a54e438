"""A blob on its way from a registry, taken up again where it broke off."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

from lamina.oci.descriptor import Descriptor
from lamina.registry.errors import BadAnswer, Unreachable
from lamina.registry.exchange import CHUNK
from lamina.registry.namespace import Namespace
from lamina.transport.protocol import BrokenTransfer, Response

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)")


def pieces(
    namespace: Namespace, descriptor: Descriptor, start: int = 0, size: int | None = None
) -> Generator[bytes]:
    """Give the bytes of a blob, or of a part of it, unchecked (distribution-spec, "Pulling blobs").

    Of the whole everything is given that comes, even if it is too much.
    """
    action = f"read blob {descriptor.digest} of {namespace.shown}"
    end = descriptor.size if size is None else start + size
    at, furthest, patience = start, start, namespace.exchange.patience()
    while size is None or at < end:
        try:
            for piece in _answer(namespace, descriptor, action, at, None if size is None else end):
                at += len(piece)
                yield piece
        except BrokenTransfer as error:
            if at == end:  # The registry has promised more than there is.
                return
            if at > furthest:
                furthest = at
                patience.renew()
            if not patience.wait():
                raise Unreachable(action, error) from error
        else:
            return


def _answer(
    namespace: Namespace, descriptor: Descriptor, action: str, at: int, end: int | None
) -> Iterator[bytes]:
    """Give what one answer brings from ``at`` on, and not beyond ``end``."""
    headers = {}
    if at or end is not None:
        headers["Range"] = f"bytes={at}-{(end or descriptor.size) - 1}"
    url = namespace.url(f"blobs/{descriptor.digest}")
    call = namespace.call(action, "GET", url, headers=headers, accepts=frozenset({200, 206}))
    with namespace.exchange.open(call) as response:
        skip = _start(response, at, action)
        left = None if end is None else end - at
        for chunk in response.chunks(CHUNK):
            piece, skip = chunk[skip:], max(0, skip - len(chunk))
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            if piece:
                yield piece
            if left == 0:
                return


def _start(response: Response, at: int, action: str) -> int:
    """Return how many bytes of an answer come before those that were asked for."""
    if response.status == 200:  # The registry knows no ranges, and gives all.
        return at
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != at:
        raise BadAnswer(f"Failed to {action}: registry gave another part than was asked for")
    return 0


def stream(chunks: Generator[bytes]) -> BinaryIO:
    """Return a file that is read once; closing it ends what gives its bytes."""
    return io.BufferedReader(_Raw(chunks), CHUNK)


class _Raw(io.RawIOBase):
    def __init__(self, chunks: Generator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        self._chunks.close()
        super().close()
