"""The transport over urllib3, the library that speaks HTTP for us."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from lamina.transport.connections import Carried, OpenConnections
from lamina.transport.protocol import BrokenTransfer, Interrupted, Request, Response, TransportError
from lamina.transport.proxies import is_direct
from lamina.transport.reasons import hint_for, may_pass, reason_of
from lamina.transport.retries import Retries
from lamina.urls import redacted

_CONNECT_TIMEOUT = 10.0


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
    socket: Path | None = None
    """A Unix socket behind which all servers are, whatever a URL says."""


class HttpTransport:
    """HTTP over urllib3, whose pools are safe to share among threads."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._open: set[urllib3.BaseHTTPResponse] = set()
        self._connections = OpenConnections(self._ended, network.socket)

    @contextmanager
    def send(self, request: Request) -> Iterator[Response]:
        """See `Transport.send`."""
        where = str(self._network.socket or redacted(request.url))
        response = self._ask(request, where)
        with self._lock:
            self._open.add(response)
        try:
            self._check(where)
            yield _Answer(response, where)
        finally:
            with self._lock:
                self._open.discard(response)
                # A body that was not read to its end cannot be followed by another on the
                # connection; reading the end, though there is nothing, gives it back.
                response.drain_conn() if response.length_remaining == 0 else response.close()

    def pause(self, seconds: float) -> None:
        """See `Transport.pause`."""
        self._ended.wait(seconds)

    def interrupt(self) -> None:
        """See `Transport.interrupt`."""
        self._ended.set()
        self._connections.break_off()
        with self._lock:
            for response in self._open:
                with suppress(OSError, RuntimeError, ValueError):  # It has just come to its end.
                    response.shutdown()

    def close(self) -> None:
        """Close the connections that are kept open for another request."""
        with self._lock:
            for pool in self._pools.values():
                pool.clear()

    def _ask(self, request: Request, where: str) -> urllib3.BaseHTTPResponse:
        self._check(where)
        headers = {"Accept-Encoding": "identity", "User-Agent": self._network.user_agent}
        body, more = request.body, dict[str, Any]()
        if body is not None and not isinstance(body, bytes):
            if request.size is not None:
                headers["Content-Length"] = str(request.size)
            body = self._pieces(body, where)
        if request.is_once or body is not request.body:
            more = {"retries": False, "redirect": False}
        if not request.follows:
            more["redirect"] = False
        if request.is_patient:
            more["timeout"] = urllib3.Timeout(connect=None, read=None)
        try:
            url, credentials = _without_credentials(request.url)
            return self._pool_for(url).request(
                request.method,
                url,
                headers={**headers, **credentials, **request.headers},
                body=body,
                preload_content=False,
                decode_content=False,
                **more,
            )
        except Carried as carried:
            raise carried.error from carried.error.__cause__
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            self._check(where)
            raise TransportError(
                f"Unable to reach `{where}`: {reason_of(error)}",
                hint=hint_for(error),
                may_pass=may_pass(error),
            ) from error

    def _pieces(self, body: Iterable[bytes], where: str) -> Iterator[bytes]:
        """Give the pieces of a body, keeping its own errors apart from the connection's."""
        try:
            for piece in body:
                self._check(where)
                yield piece
        except Exception as error:
            raise Carried(error) from error

    def _check(self, where: str) -> None:
        if self._ended.is_set():
            raise Interrupted(where)

    def _pool_for(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxies = self._network.proxies
        proxy = proxies.get(parts.scheme, proxies.get("all", ""))
        if self._network.socket or is_direct(url, proxies.get("no", "")):
            proxy = ""
        name = f"{parts.scheme} {proxy}"
        with self._lock:
            if name not in self._pools:
                self._pools[name] = self._pool(proxy, is_tls="https" in (parts.scheme, proxy[:5]))
            return self._pools[name]

    def _pool(self, proxy: str, *, is_tls: bool) -> urllib3.PoolManager:
        network = self._network
        arguments: dict[str, Any] = {
            "maxsize": 48,
            "timeout": urllib3.Timeout(
                connect=min(_CONNECT_TIMEOUT, network.timeout), read=network.timeout
            ),
            "retries": Retries.until(self._ended, network.backoff),
        }
        if is_tls:  # To read the system's certificates takes longer than many an answer.
            arguments["ssl_context"] = _ssl_context(network.ca_bundle)
        pool: urllib3.PoolManager
        if not proxy:
            pool = urllib3.PoolManager(**arguments)
        else:
            address, credentials = _without_credentials(proxy)
            if credentials:
                credentials = {"Proxy-Authorization": credentials["Authorization"]}
            pool = urllib3.ProxyManager(address, proxy_headers=credentials, **arguments)
        pool.pool_classes_by_scheme = self._connections.pools
        return pool


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
                f"The transfer from `{self._where}` broke off: {reason_of(error)}",
                hint="Run the command again",
            ) from error


def _without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """Return a URL without user and password, and the header that says them."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    user, _, password = userinfo.partition(":")
    header = urllib3.util.make_headers(basic_auth=f"{unquote(user)}:{unquote(password)}")
    return parts._replace(netloc=host).geturl(), {"Authorization": header["authorization"]}


def _ssl_context(ca_bundle: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise TransportError(
            f"Unable to read the certificates in `{ca_bundle}`: {error.strerror}",
            hint="The environment names this file; mend it, or name another",
        ) from error
