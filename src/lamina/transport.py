"""HTTP as a protocol of one method; the only module that speaks it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from lamina.errors import LaminaError
from lamina.urls import redacted

_RETRIED = (429, 500, 502, 503, 504)
_TRIES = 4
_MOST_REDIRECTS = 5


class TransportError(LaminaError):
    """A server that cannot be reached, or does not answer."""


class BrokenTransfer(TransportError):
    """A body that ended before its end; what has come so far is good."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a server."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


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
        """Ask, following redirects and trying again what may pass. Raises `TransportError`."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """How the network is reached: what the environment says of it."""

    timeout: float = 60.0
    """Of silence, in seconds."""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the scheme of the URL; ``no`` lists the hosts reached without."""
    ca_bundle: str | None = None
    backoff: float = 0.5
    """Before the second try, in seconds; it doubles each time."""
    user_agent: str = "lamina"


class HttpTransport:
    """HTTP over urllib3, whose pools are safe to share among threads."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._direct = self._pool(None)
        self._proxied = {
            scheme: self._pool(url) for scheme, url in network.proxies.items() if scheme != "no"
        }

    @contextmanager
    def send(self, request: Request) -> Iterator[Response]:
        """See `Transport.send`."""
        where = redacted(request.url)
        try:
            response = self._pool_for(request.url).request(
                request.method,
                request.url,
                headers={"Accept-Encoding": "identity", **request.headers},
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise TransportError(
                f"Unable to reach `{where}`: {_reason(error)}",
                hint="Check the network, and the proxy settings if there are any",
            ) from error
        try:
            yield _Answer(response, where)
        finally:
            # A body that was not read to its end cannot be followed by another on the connection.
            response.close() if response.length_remaining else response.release_conn()

    def _pool_for(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        if _is_direct(parts.hostname or "", self._network.proxies.get("no", "")):
            return self._direct
        return self._proxied.get(parts.scheme, self._proxied.get("all", self._direct))

    def _pool(self, proxy: str | None) -> urllib3.PoolManager:
        network = self._network
        arguments: dict[str, Any] = {
            "maxsize": 16,
            "timeout": urllib3.Timeout(network.timeout),
            "headers": {"User-Agent": network.user_agent},
            "ssl_context": ssl.create_default_context(cafile=network.ca_bundle),
            "retries": urllib3.Retry(
                total=_TRIES,
                redirect=_MOST_REDIRECTS,
                backoff_factor=network.backoff,
                status_forcelist=_RETRIED,
                raise_on_status=False,
            ),
        }
        if proxy is None:
            return urllib3.PoolManager(**arguments)
        return urllib3.ProxyManager(proxy, **arguments)


class _Answer:
    """See `Response`."""

    def __init__(self, response: urllib3.BaseHTTPResponse, where: str) -> None:
        self._response = response
        self._where = where
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    def chunks(self, size: int) -> Iterator[bytes]:
        try:
            yield from self._response.stream(size, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise BrokenTransfer(
                f"The transfer from `{self._where}` broke off: {_reason(error)}"
            ) from error


def _reason(error: Exception) -> str:
    """Return the innermost cause, without the URL that urllib3 puts around it."""
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        return _reason(error.reason)
    if isinstance(error, urllib3.exceptions.NewConnectionError) and error.__cause__ is not None:
        return str(getattr(error.__cause__, "strerror", None) or error.__cause__)
    if isinstance(error, urllib3.exceptions.ProtocolError) and len(error.args) > 1:
        return _reason(error.args[1])
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, urllib3.exceptions.IncompleteRead):
        return f"{error.partial} bytes came, {error.expected} more were due"
    return getattr(error, "strerror", None) or type(error).__name__


def _is_direct(host: str, exceptions: str) -> bool:
    """Say whether a host is among those to be reached without a proxy."""
    names = [name.strip().lstrip(".").lower() for name in exceptions.split(",")]
    host = host.lower()
    return any(name == "*" or host == name or host.endswith(f".{name}") for name in names if name)
