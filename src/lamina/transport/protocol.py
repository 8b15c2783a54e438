"""HTTP as a protocol of one method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from lamina.errors import LaminaError


class TransportError(LaminaError):
    """A server that cannot be reached, or does not answer."""

    def __init__(self, message: str, *, hint: str | None = None, may_pass: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.may_pass = may_pass
        """Whether another try may do better."""


class Interrupted(TransportError):
    """Nothing is asked any more, since everything ends."""

    def __init__(self, where: str) -> None:
        super().__init__(f"Unable to reach `{where}`: interrupted", may_pass=False)


class BrokenTransfer(TransportError):
    """A body that ended before its end; what has come so far is good."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a server."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Iterable[bytes] | None = field(default=None, repr=False)
    size: int | None = None
    """Of a body that comes in pieces, in bytes; there must be exactly so many.

    Without it, the pieces are sent as they come (``chunked``), which not every server takes.
    """
    is_once: bool = False
    """Neither tried again nor led elsewhere: the first answer is the answer, redirects too.

    So is any request whose body comes in pieces, since nobody has them a second time.
    """
    follows: bool = True
    """Whether redirects are followed; else one is the answer. What may pass is tried again."""
    is_patient: bool = False
    """Waits for the answer as long as it takes; an interruption ends it, and nothing else."""


class Response(Protocol):
    """What a server answered; the body is read once."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names are found in any case."""
        ...

    def chunks(self, size: int) -> Iterator[bytes]:
        """Give the body in pieces of about ``size`` bytes. Raises `BrokenTransfer`."""
        ...


class Transport(Protocol):
    """A way to ask servers."""

    def send(self, request: Request) -> AbstractContextManager[Response]:
        """Ask, following redirects and trying again what may pass. Raises `TransportError`.

        User and password in the URL are for its own host: no redirect carries them to another.
        What the body raises while its pieces are taken is passed on as it is.
        """
        ...

    def pause(self, seconds: float) -> None:
        """Wait before something is asked again, but no longer than until an interruption."""
        ...

    def interrupt(self) -> None:
        """Break off everything under way in other threads; nothing can be asked any more."""
        ...
