"""HTTP as a protocol of one method; the only module that speaks it."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

import urllib3

from lamina.errors import LaminaError
from lamina.urls import is_loopback, redacted

_RETRIED = (429, 500, 502, 503, 504)
_TRIES = 4
_MOST_REDIRECTS = 5
_CONNECT_TIMEOUT = 10.0
_LONGEST_WAIT = 30.0
"""Before another try, in seconds, however long the server asks for."""


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


class SocketUnusable(TransportError):
    """A Unix socket behind which nobody is reached."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Unable to reach `{path}`: {_reason(error)}")
        self.code = error.errno
        """The system's number for the reason."""


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
        self._connections = _Connections(self._ended, network.socket)

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
        except _Carried as carried:
            raise carried.error from carried.error.__cause__
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            self._check(where)
            raise TransportError(
                f"Unable to reach `{where}`: {_reason(error)}",
                hint=_hint(error),
                may_pass=_may_pass(error),
            ) from error

    def _pieces(self, body: Iterable[bytes], where: str) -> Iterator[bytes]:
        """Give the pieces of a body, keeping its own errors apart from the connection's."""
        try:
            for piece in body:
                self._check(where)
                yield piece
        except Exception as error:
            raise _Carried(error) from error

    def _check(self, where: str) -> None:
        if self._ended.is_set():
            raise Interrupted(where)

    def _pool_for(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxies = self._network.proxies
        proxy = proxies.get(parts.scheme, proxies.get("all", ""))
        if self._network.socket or _is_direct(url, proxies.get("no", "")):
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
            "retries": _Retries.until(self._ended, network.backoff),
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


class _Connections:
    """All connections that are open, so that those on which nobody answers can be broken off."""

    def __init__(self, ended: threading.Event, path: Path | None) -> None:
        opened = self._opened = weakref.WeakSet[urllib3.connection.HTTPConnection]()
        lock = self._lock = threading.Lock()

        class Plain(urllib3.connection.HTTPConnection):
            def connect(self) -> None:
                if path is None:
                    super().connect()
                else:
                    self.sock = _connected(path, self.timeout)
                _note(self)

        class Secure(urllib3.connection.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                _note(self)

        def _note(connection: urllib3.connection.HTTPConnection) -> None:
            with lock:
                opened.add(connection)
            if ended.is_set():
                _shut(connection)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Secure

        self.pools: dict[str, Any] = {"http": PlainPool, "https": SecurePool}

    def break_off(self) -> None:
        """Let whoever waits on any of them wait no longer."""
        with self._lock:
            for connection in list(self._opened):
                _shut(connection)


def _connected(path: Path, timeout: float | None) -> socket.socket:
    """Return a connection to whoever listens at a Unix socket. Raises `SocketUnusable`, carried."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise _Carried(SocketUnusable(path, error)) from error
    return connection


def _shut(connection: urllib3.connection.HTTPConnection) -> None:
    sock = connection.sock
    if sock is not None:
        with suppress(OSError, ValueError):  # It has just been closed.
            sock.shutdown(socket.SHUT_RDWR)


class _Carried(Exception):
    """Carries an error past urllib3, which would take a body's `OSError` for the network's."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Retries(urllib3.Retry):
    """Tries again what may pass, unless all has been ended meanwhile."""

    _ended: threading.Event

    @classmethod
    def until(cls, ended: threading.Event, backoff: float) -> Self:
        # What fails otherwise than by connecting or reading, a certificate say, fails each time.
        retries = cls(
            total=None,
            connect=_TRIES,
            read=_TRIES,
            status=_TRIES,
            other=0,
            redirect=_MOST_REDIRECTS,
            backoff_factor=backoff,
            status_forcelist=_RETRIED,
            raise_on_status=False,
        )
        retries._ended = ended
        return retries

    def new(self, **kw: Any) -> Self:  # noqa: ANN401
        again = super().new(**kw)
        again._ended = self._ended
        return again

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return min(super().parse_retry_after(retry_after), _LONGEST_WAIT)
        except urllib3.exceptions.InvalidHeader:
            return 0

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        asked = self.get_retry_after(response) if response is not None else None
        self._ended.wait(asked if asked is not None else self.get_backoff_time())

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        *args: Any,  # noqa: ANN401
        **kw: Any,  # noqa: ANN401
    ) -> Self:
        if self._ended.is_set():
            reason = urllib3.exceptions.ResponseError("interrupted")
            raise urllib3.exceptions.MaxRetryError(kw["_pool"], url or "", reason)
        return super().increment(method, url, *args, **kw)


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
                f"The transfer from `{self._where}` broke off: {_reason(error)}",
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


def _reason(error: BaseException) -> str:
    """Return the innermost cause, without the URL that urllib3 puts around it."""
    match error:
        case urllib3.exceptions.MaxRetryError(reason=Exception() as reason):
            return _reason(reason)
        case urllib3.exceptions.ProxyError(original_error=cause):
            return f"the proxy fails ({_reason(cause)})"
        case urllib3.exceptions.NewConnectionError(__cause__=BaseException() as cause):
            return _reason(cause)
        case urllib3.exceptions.SSLError(args=(Exception() as cause, *_)):
            return _reason(cause)
        case urllib3.exceptions.ProtocolError(args=(_, Exception() as cause, *_)):
            return _reason(cause)
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case urllib3.exceptions.TimeoutError() | TimeoutError():
            return "no answer in time"
        case urllib3.exceptions.IncompleteRead():
            return f"{error.partial} bytes came, {error.expected} more were due"
        case urllib3.exceptions.ResponseError():
            return str(error)
        case urllib3.exceptions.ProxySchemeUnknown():
            return "proxies of such a scheme are not supported"
        case urllib3.exceptions.URLSchemeUnknown(scheme=scheme):
            return f"the scheme `{scheme}` is not supported"
        case ssl.SSLError(reason=str() as reason):
            return reason.replace("_", " ").lower()
        case http.client.RemoteDisconnected():
            return "it hung up without an answer"
        case http.client.HTTPException():
            return "what it answers is not HTTP"
        case OSError(strerror=str() as text) | OSError(args=(str() as text,)):
            return text
        case ValueError():
            return "not a URL"
        case _:
            return type(error).__name__


def _hint(error: BaseException) -> str:
    if _reason(error).startswith("its certificate is not trusted"):
        return "To trust who has signed it, name a bundle of certificates in `LAMINA_CA_BUNDLE`"
    return "Check the network, and the proxy settings if there are any"


def _may_pass(error: BaseException) -> bool:
    """Say whether another try may do better: a certificate, or a URL, stays as it is."""
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        return _may_pass(error.reason)
    return not isinstance(error, urllib3.exceptions.SSLError | ValueError)


def _is_direct(url: str, exceptions: str) -> bool:
    """Say whether a server is to be reached without a proxy: this machine always.

    ``exceptions`` are names, with or without a port, and networks such as ``10.0.0.0/8``.

    >>> [_is_direct("https://a.b.example:5000/", no) for no in ("b.example", ".b.example", "*")]
    [True, True, True]
    >>> [_is_direct("https://a.example:5000/", no) for no in ("a.example:5000", "a.example:1", "")]
    [True, False, False]
    >>> [_is_direct("http://10.1.2.3/", no) for no in ("10.0.0.0/8", "11.0.0.0/8")]
    [True, False]
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    names = {host, f"{host}:{parts.port}"}
    for each in filter(None, (each.strip().lower() for each in exceptions.split(","))):
        name = each.lstrip(".")
        if each == "*" or name in names or host.endswith(f".{name}") or _is_within(host, each):
            return True
    return is_loopback(url)


def _is_within(host: str, network: str) -> bool:
    """Say whether a host is an address of a network."""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
