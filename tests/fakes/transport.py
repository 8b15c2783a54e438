"""A transport that answers from a script, and remembers what it was asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from urllib3 import HTTPHeaderDict

from lamina.transport.protocol import BrokenTransfer, Request, Response, TransportError


@dataclass(frozen=True)
class Reply:
    """What a server answers."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    """After so many bytes of the body the connection breaks."""


@dataclass(frozen=True)
class Lost:
    """No answer: the server cannot be reached."""


Answer = Reply | Lost | Callable[[Request], Reply]


class _Scripted:
    """See `Response`."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers: Mapping[str, str] = HTTPHeaderDict(reply.headers)
        self._reply = reply

    def chunks(self, size: int) -> Iterator[bytes]:
        """See `Response.chunks`."""
        body = self._reply.body[: self._reply.cut]
        for at in range(0, len(body), size):
            yield body[at : at + size]
        if self._reply.cut is not None:
            raise BrokenTransfer("The transfer broke off")


class ScriptedTransport:
    """Gives the answers of a URL one after the other; the last one again and again."""

    def __init__(self, script: Mapping[str, list[Answer]]) -> None:
        self._script = {url: deque(answers) for url, answers in script.items()}
        self.asked: list[Request] = []
        self.pauses: list[float] = []
        self.is_interrupted = False

    def answer(self, url: str, *answers: Answer) -> None:
        """Answer so at a URL, whatever was said of it before."""
        self._script[url] = deque(answers)

    @contextmanager
    def send(self, request: Request) -> Iterator[Response]:
        """See `Transport.send`."""
        self.asked.append(request)
        answers = self._script.get(request.url)
        if not answers or self.is_interrupted:
            raise TransportError(f"Unable to reach `{request.url}`: not in the script")
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, Lost):
            raise TransportError(f"Unable to reach `{request.url}`: Connection refused")
        yield _Scripted(answer if isinstance(answer, Reply) else answer(request))

    def pause(self, seconds: float) -> None:
        """See `Transport.pause`; here nobody waits."""
        self.pauses.append(seconds)

    def interrupt(self) -> None:
        """See `Transport.interrupt`."""
        self.is_interrupted = True


def ranged(body: bytes, *, etag: str = "") -> Callable[[Request], Reply]:
    """Return what answers as a server does that knows ranges."""

    def answer(request: Request) -> Reply:
        headers = {"ETag": etag} if etag else {}
        wanted = request.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
        if not wanted or request.headers.get("If-Range", etag) != etag:
            return Reply(body, headers=headers)
        start = int(wanted)
        if start >= len(body):
            return Reply(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
        place = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return Reply(body[start:], 206, {**headers, "Content-Range": place})

    return answer
