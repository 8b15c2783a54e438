"""A Unix socket that leads to another, and counts what is sent through it."""

from __future__ import annotations

import socket
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fakes.engine import hang_up

_CHUNK = 1 << 16


class Relay:
    """Where it is, and what went through."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sent = 0
        """Bytes that clients sent so far."""
        self.lock = threading.Lock()

    def count(self, size: int) -> None:
        with self.lock:
            self.sent += size


@contextmanager
def relay_to(target: Path) -> Iterator[Relay]:
    """Lead to the socket ``target`` until the block ends."""
    opened: list[socket.socket] = []

    class Handler(socketserver.BaseRequestHandler):
        request: socket.socket

        def handle(self) -> None:
            opened.append(self.request)
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(str(target))
                back = threading.Thread(target=self._copy, args=(engine, self.request, False))
                back.start()
                self._copy(self.request, engine, True)
                back.join()

        def _copy(self, source: socket.socket, sink: socket.socket, is_counted: bool) -> None:
            with suppress(OSError):  # Either may hang up.
                while data := source.recv(_CHUNK):
                    if is_counted:
                        relay.count(len(data))
                    sink.sendall(data)
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    class Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client sees it for itself."""

    with tempfile.TemporaryDirectory(prefix="lamina-") as folder:
        relay = Relay(Path(folder, "relay.sock"))
        with Listener(str(relay.path), Handler) as listener:
            thread = threading.Thread(target=listener.serve_forever, args=(0.005,))
            thread.start()
            try:
                yield relay
            finally:
                listener.shutdown()
                thread.join()
                hang_up(opened)
