"""One blob on its way to a registry, taken up again where it broke off."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from urllib.parse import urlsplit

from lamina.oci.blob import DamagedBlob
from lamina.oci.descriptor import Descriptor
from lamina.registry.errors import Denied, NotFound, Refusal, Refused, RegistryError, Unreachable
from lamina.registry.exchange import Answer
from lamina.registry.namespace import Namespace, check_digest

Source = Callable[[], Iterator[bytes]]
"""Gives the bytes of a blob in pieces, from the start each time."""

_CHUNK_OF_RELUCTANT = 16 << 20
"""Where all at once was too large."""
_TOO_LARGE = 413
_NO_CHUNKS = frozenset({400, 404, 405, 411, 415, 416, 501})
"""How registries answer to a chunk which know no such thing, or lost what came before."""
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")
_BINARY = {"Content-Type": "application/octet-stream"}


class Upload:
    """One blob to one repository (distribution-spec, "Pushing blobs").

    All at once at first, which every registry takes; in chunks where that is wished, or too large
    for the registry; what is left of it, after a break of which the registry knows the place.
    """

    def __init__(
        self,
        namespace: Namespace,
        descriptor: Descriptor,
        source: Source,
        *,
        chunk: int | None = None,
        session: str = "",
    ) -> None:
        """``session`` is the URL of an upload that the registry has begun already."""
        self._namespace = namespace
        self._descriptor = descriptor
        self._pieces = _Pieces(descriptor, source)
        self._action = f"push blob {descriptor.digest} to {namespace.shown}"
        self._chunk = chunk
        self._session = session
        self._offset = 0
        self._is_broken = False
        self._has_chunks = True

    def run(self) -> None:
        """Push the blob. Raises `RegistryError`, and what the source raises."""
        patience, furthest = self._namespace.exchange.patience(), 0
        try:
            while self._is_due():
                try:
                    return self._send()
                except (Refused, Unreachable) as error:
                    if error is self._pieces.failure:
                        raise
                    if self._offset > furthest:
                        furthest = self._offset
                        patience.renew()
                    self._recover(error)
                    if not patience.wait(error.retry_after if error.may_pass else 0):
                        raise
        finally:
            self._pieces.close()

    def _is_due(self) -> bool:
        """Begin an upload, or find where it broke off; say no if all has come nevertheless."""
        if self._is_broken:
            self._find_place()
            if not self._session and self._is_there():
                return False
        if not self._session:
            self._begin()
        return True

    def _recover(self, error: Refused | Unreachable) -> None:
        """Decide how to go on after a failure; raise it if there is no way."""
        in_chunks = self._offset > 0 or self._chunk is not None
        if error.may_pass:
            self._is_broken = True
        elif isinstance(error, Denied) or not isinstance(error, Refused):
            raise error
        elif in_chunks and error.status in _NO_CHUNKS:
            self._chunk, self._has_chunks = None, False
            self._restart()
        elif error.status == _TOO_LARGE and self._has_chunks and self._can_shrink():
            self._chunk = _CHUNK_OF_RELUCTANT
            self._restart()
        elif isinstance(error, NotFound):  # The registry has given the upload up.
            self._restart()
        else:
            raise error

    def _can_shrink(self) -> bool:
        return self._chunk is None and self._descriptor.size > _CHUNK_OF_RELUCTANT

    def _restart(self) -> None:
        self._session, self._offset, self._is_broken = "", 0, False

    def _begin(self) -> None:
        url = self._namespace.url("blobs/uploads/")
        answer = self._ask("POST", url, {202})
        self._session = self._namespace.led(answer.headers, url, self._action)
        least = answer.headers.get("OCI-Chunk-Min-Length", "")
        if self._chunk is not None and least.isascii() and least.isdecimal():
            self._chunk = max(self._chunk, int(least[:18]))

    def _find_place(self) -> None:
        """Ask how much has come; of less than two bytes, a registry cannot say how many."""
        session, is_in_parts = self._session, self._has_chunks
        self._restart()
        if not is_in_parts:
            return
        try:
            answer = self._ask("GET", session, {200, 204})
        except Denied:
            raise
        except Refused:
            return
        match = _RANGE.fullmatch(answer.headers.get("Range", ""))
        came = int(match[1]) + 1 if match else 0
        if 1 < came <= self._descriptor.size:
            self._offset = came
            self._session = self._onward(answer, session)

    def _is_there(self) -> bool:
        """Say whether the blob has come, though the answer that said so was lost."""
        url = self._namespace.url(f"blobs/{self._descriptor.digest}")
        try:
            answer = self._ask("HEAD", url, {200})
        except NotFound:
            return False
        return answer.headers.get("Content-Length") == str(self._descriptor.size)

    def _send(self) -> None:
        size = self._descriptor.size
        if self._offset == 0 and self._chunk is None:
            return self._finish(size)
        while self._offset < size:
            self._push_chunk(min(size - self._offset, self._chunk or size))
        return self._finish(0)

    def _push_chunk(self, size: int) -> None:
        """Push the next bytes, and go by what the registry says has come."""
        start, end = self._offset, self._offset + size
        headers = {**_BINARY, "Content-Range": f"{start}-{end - 1}"}
        answer = self._ask("PATCH", self._session, {202}, headers=headers, size=size)
        self._session = self._onward(answer, self._session)
        match = _RANGE.fullmatch(answer.headers.get("Range", f"0-{end - 1}"))
        came = int(match[1]) + 1 if match else 0
        if came != end and not max(start, 1) < came < end:  # ``0-0`` may mean nothing at all.
            # Some registries take chunks and keep none; to them all is sent at once.
            raise Refused(Refusal(self._action, self._namespace.exchange.endpoint.host, 416))
        self._offset = came

    def _finish(self, size: int) -> None:
        """Send what is left, and say which digest it all has."""
        parts = urlsplit(self._session)
        query = "&".join(filter(None, (parts.query, f"digest={self._descriptor.digest}")))
        url = parts._replace(query=query).geturl()
        answer = self._ask("PUT", url, {200, 201, 204}, headers=_BINARY, size=size)
        check_digest(answer.headers, self._descriptor.digest, self._action)

    def _ask(
        self,
        method: str,
        url: str,
        accepts: set[int],
        *,
        headers: dict[str, str] | None = None,
        size: int | None = None,
    ) -> Answer:
        """Ask; with ``size``, the next so many bytes of the blob are sent, and sent only once."""
        start = self._offset
        body = None if size is None else lambda: self._pieces.take(start, size)
        return self._namespace.exchange.read(
            self._namespace.call(
                self._action,
                method,
                url,
                headers=headers,
                body=body,
                size=size,
                accepts=frozenset(accepts),
                is_retried=size is None,
            )
        )

    def _onward(self, answer: Answer, asked: str) -> str:
        """Return the session's URL, which may change with each answer."""
        if "Location" not in answer.headers:
            return asked
        return self._namespace.led(answer.headers, asked, self._action)


class _Pieces:
    """The bytes of a blob, any run of them, and no more or less than its descriptor says."""

    def __init__(self, descriptor: Descriptor, source: Source) -> None:
        self._descriptor = descriptor
        self._source = source
        self._at = 0
        self._rest = b""
        self._iterator: Iterator[bytes] = iter(())
        self._is_open = False
        self.failure: Exception | None = None
        """What the source has raised."""

    def take(self, start: int, size: int) -> Iterator[bytes]:
        """Give ``size`` bytes from ``start``; the last of all only if nothing follows it."""
        if not self._is_open or start != self._at:
            self._open(start)
        end = start + size
        while self._at < end:
            piece = self._piece(end - self._at)
            if self._at == self._descriptor.size and self._has_more():
                raise DamagedBlob(self._descriptor.digest, f"{self._descriptor.size} bytes", "more")
            yield piece

    def close(self) -> None:
        """End the source; what it holds open is closed."""
        if isinstance(self._iterator, Generator):
            self._iterator.close()
        self._is_open = False

    def _open(self, start: int) -> None:
        self.close()
        self._iterator, self._is_open = self._source(), True
        self._at, self._rest = 0, b""
        while self._at < start:
            self._piece(start - self._at)

    def _piece(self, most: int) -> bytes:
        if not self._has_more():
            size = self._descriptor.size
            raise DamagedBlob(self._descriptor.digest, f"{size} bytes", f"{self._at} bytes")
        # A whole piece is passed on as it is; to cut one copies it.
        piece, self._rest = self._rest[:most], self._rest[most:]
        self._at += len(piece)
        return piece

    def _has_more(self) -> bool:
        try:
            while not self._rest:
                piece = next(self._iterator, None)
                if piece is None:
                    return False
                self._rest = piece
        except RegistryError as error:  # Another registry's, where the blob comes from.
            self.failure = error
            raise
        return True
