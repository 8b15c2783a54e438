"""One question to a registry and its answer: authorized, led on, tried again, explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from lamina.registry.challenge import Scopes
from lamina.registry.endpoint import Endpoint
from lamina.registry.errors import (
    BODY_LIMIT,
    BadAnswer,
    Refusal,
    Refused,
    Unreachable,
    refused,
)
from lamina.registry.patience import Patience, Sleep, retry_after
from lamina.transport.protocol import BrokenTransfer, Request, Response, Transport, TransportError

CHUNK = 1 << 18
"""How much is read at a time."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5


class Meter(Protocol):
    """Is told what goes over the network; called from several threads."""

    def requested(self) -> None:
        """One request is sent."""
        ...

    def sent(self, count: int) -> None:
        """So many bytes of a request's body are on their way."""
        ...

    def received(self, count: int) -> None:
        """So many bytes of an answer's body have come."""
        ...


class NoMeter:
    """Counts nothing."""

    def requested(self) -> None:
        """See `Meter.requested`."""

    def sent(self, count: int) -> None:
        """See `Meter.sent`."""

    def received(self, count: int) -> None:
        """See `Meter.received`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A question to a registry."""

    action: str
    """What it does, as in ``Failed to ...``."""
    method: str
    url: str = field(repr=False)
    scopes: Scopes = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Callable[[], Iterable[bytes]] | None = field(default=None, repr=False)
    """If it comes in pieces, what gives them from their start each time."""
    size: int | None = None
    """Of a body in pieces."""
    accepts: frozenset[int] = frozenset({200})
    """The answers that are no errors."""
    is_retried: bool = True
    """Whether it may be asked again after a failure of which nobody knows how far it came."""
    meter: Meter = field(default_factory=NoMeter, repr=False)
    who: str = "registry"
    """Who answers, as errors name it."""
    is_led: bool = True
    """Whether redirects are followed; not where ``headers`` or ``body`` hold a secret."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """What ``headers`` or ``body`` hold that must not be shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Authorizer(Protocol):
    """Knows what a registry wants to see."""

    def authorization(self, scopes: Scopes) -> str | None:
        """Return the value of the header for a request, or nothing so far."""
        ...

    def learn(self, challenge: str, scopes: Scopes, shown: str | None) -> bool:
        """Take what a registry answered (401) to what it was shown; say whether to try again."""
        ...

    @property
    def is_known(self) -> bool:
        """Whether credentials were found when the registry asked for some."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown to anybody."""
        ...


class Exchange:
    """Asks one registry; safe to share among threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        sleep: Sleep,
        authorizer: Authorizer | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._transport = transport
        self._sleep = sleep
        self._authorizer = authorizer

    def patience(self) -> Patience:
        """Return a count of tries that waits as all others do."""
        return Patience(self._sleep)

    @contextmanager
    def open(self, call: Call) -> Iterator[Response]:
        """Ask, and give an accepted answer whose body is yet to be read.

        Raises `Refused`, `Unreachable` and `BadAnswer`; reading the body raises `BrokenTransfer`.
        """
        with ExitStack() as stack:
            yield self._answered(call, stack)

    def read(self, call: Call, limit: int = BODY_LIMIT) -> Answer:
        """Ask, and return an accepted answer with its body, of at most ``limit`` bytes."""
        patience = self.patience()
        while True:
            try:
                with self.open(call) as response:
                    body = _body(response, limit)
                    status, headers = response.status, response.headers
            except BrokenTransfer as error:
                if not patience.wait():
                    raise Unreachable(call.action, error) from error
                continue
            if len(body) > limit:
                raise BadAnswer(f"Failed to {call.action}: over {limit} bytes")
            return Answer(status, headers, body)

    def _answered(self, call: Call, stack: ExitStack) -> Response:
        patience = Patience(self._sleep) if call.is_retried else Patience(self._sleep, tries=1)
        while True:
            answer = self._tried(call, stack)
            if not isinstance(answer, Refused | Unreachable):
                return answer
            if not (answer.may_pass and patience.wait(answer.retry_after)):
                raise answer

    def _tried(self, call: Call, stack: ExitStack) -> Response | Refused | Unreachable:
        with ExitStack() as attempt:
            try:
                response = self._led(call, attempt)
            except TransportError as error:
                failure = Unreachable(call.action, error)
                failure.__cause__ = error
                return failure
            if response.status in call.accepts:
                stack.push(attempt.pop_all())
                return response
            return self._refusal(call, response)

    def _led(self, call: Call, stack: ExitStack) -> Response:
        """Ask where redirects lead, and once more where the registry wants to see more.

        Only the registry's own address sees credentials, and only its challenges count.
        """
        url, redirects, is_challenged = call.url, 0, False
        while True:
            authorizer = self._authorizer if self.endpoint.is_own(url) else None
            shown = authorizer.authorization(call.scopes) if authorizer else None
            with ExitStack() as attempt:
                response = attempt.enter_context(self._sent(call, url, shown))
                location = response.headers.get("Location")
                if response.status == 401 and authorizer and not is_challenged:
                    challenge = response.headers.get("WWW-Authenticate", "")
                    is_challenged = True
                    again = authorizer.learn(challenge, call.scopes, shown)
                elif again := call.is_led and response.status in _REDIRECTS and bool(location):
                    url = self._next(call, response.status, location or "", url)
                    redirects += 1
                if not again or redirects > _MOST_REDIRECTS:
                    stack.push(attempt.pop_all())
                    return response
                _body(response, BODY_LIMIT)  # Only a connection that is read out is used again.

    def _next(self, call: Call, status: int, location: str, url: str) -> str:
        """Return where a redirect leads; one that would change the method is not followed."""
        if call.method not in ("GET", "HEAD") and status not in (307, 308):
            raise BadAnswer(f"Failed to {call.action}: {call.who} answered {status}")
        return self.endpoint.resolve(location, url)

    @contextmanager
    def _sent(self, call: Call, url: str, authorization: str | None) -> Iterator[Response]:
        headers = dict(call.headers)
        if authorization:
            headers["Authorization"] = authorization
        body = call.body() if callable(call.body) else call.body
        if isinstance(body, bytes):
            call.meter.sent(len(body))
        elif body is not None:
            body = _counted(body, call.meter)
        call.meter.requested()
        request = Request(call.method, url, headers, body, call.size, is_once=True)
        with self._transport.send(request) as response:
            yield _Metered(response, call.meter)

    def _refusal(self, call: Call, response: Response) -> Refused:
        authorizer = self._authorizer
        try:
            body = _body(response, BODY_LIMIT)
        except BrokenTransfer:
            body = b""
        return refused(
            Refusal(
                call.action,
                self.endpoint.host,
                response.status,
                body,
                response.headers.get("Content-Type", ""),
                call.who,
                bool(call.secrets) or (authorizer is not None and authorizer.is_known),
                (*call.secrets, *(authorizer.secrets if authorizer else ())),
                retry_after(response.headers),
            )
        )


class _Metered:
    """An answer whose bytes are counted."""

    def __init__(self, response: Response, meter: Meter) -> None:
        self._response = response
        self._meter = meter
        self.status = response.status
        self.headers = response.headers

    def chunks(self, size: int) -> Iterator[bytes]:
        """See `Response.chunks`."""
        for chunk in self._response.chunks(size):
            self._meter.received(len(chunk))
            yield chunk


def _counted(body: Iterable[bytes], meter: Meter) -> Iterator[bytes]:
    for piece in body:
        yield piece
        meter.sent(len(piece))


def _body(response: Response, limit: int) -> bytes:
    """Return the body, and no more than it takes to see that it is over the limit."""
    found = bytearray()
    for chunk in response.chunks(CHUNK):
        found += chunk
        if len(found) > limit:
            break
    return bytes(found)
