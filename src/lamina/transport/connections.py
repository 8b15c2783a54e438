"""Open connections, broken off by an interruption; some lead to a Unix socket."""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import urllib3

from lamina.transport.protocol import TransportError
from lamina.transport.reasons import reason_of

_HEED = 0.1
"""How long an interruption is not noticed while a connection is made, in seconds at most."""


class SocketUnusable(TransportError):
    """A Unix socket behind which nobody is reached."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Unable to reach `{path}`: {reason_of(error)}")
        self.code = error.errno
        """The system's number for the reason."""


class Carried(Exception):
    """Carries an error past urllib3, which would take a body's `OSError` for the network's."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class OpenConnections:
    """All connections that are open, so that those on which nobody answers can be broken off."""

    def __init__(self, ended: threading.Event, path: Path | None) -> None:
        opened = self._opened = weakref.WeakSet[urllib3.connection.HTTPConnection]()
        lock = self._lock = threading.Lock()

        class Plain(urllib3.connection.HTTPConnection):
            def connect(self) -> None:
                if path is None:
                    _until(ended, super().connect)
                else:
                    self.sock = _connected(path, self.timeout)
                _note(self)

        class Secure(urllib3.connection.HTTPSConnection):
            def connect(self) -> None:
                _until(ended, super().connect)
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


def _until(ended: threading.Event, connect: Callable[[], None]) -> None:
    """Connect in a thread that is left behind when all has ended.

    There is no socket yet that could be shut while a name is looked up or nobody answers.
    """
    connected = Future[None]()

    def run() -> None:
        try:
            connect()
        except Exception as error:
            connected.set_exception(error)
        else:
            connected.set_result(None)

    threading.Thread(target=run, name="connect", daemon=True).start()
    while not wait([connected], timeout=_HEED).done:
        if ended.is_set():
            raise urllib3.exceptions.HTTPError("interrupted")
    connected.result()


def _connected(path: Path, timeout: float | None) -> socket.socket:
    """Return a connection to whoever listens at a Unix socket. Raises `SocketUnusable`, carried."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise Carried(SocketUnusable(path, error)) from error
    return connection


def _shut(connection: urllib3.connection.HTTPConnection) -> None:
    sock = connection.sock
    if sock is not None:
        with suppress(OSError, ValueError):  # It has just been closed.
            sock.shutdown(socket.SHUT_RDWR)
