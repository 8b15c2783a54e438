"""A registry that is far away: passes TCP on, each HTTP request some time after it came.

    python tools/slow_proxy.py HOST:PORT SECONDS    says on which port it listens, and goes on

Connections are kept as both sides keep them, and answers are passed on as they come: what is added
is the time of one round trip for each request, and none for connecting.
"""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from io import BufferedIOBase

_PIECE = 1 << 18


class Malformed(Exception):
    """What came is no request of HTTP/1.1; the connection is dropped."""


class Server(socketserver.ThreadingTCPServer):
    """Listens on a port that nobody has."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, upstream: tuple[str, int], delay: float) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.upstream = upstream
        self.delay = delay


class Connection(socketserver.StreamRequestHandler):
    """One connection of a client, and one to the server for it alone."""

    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Pass requests on until either side ends."""
        with socket.create_connection(self.server.upstream) as upstream:
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = threading.Thread(target=pass_on, args=(upstream, self.connection))
            answers.start()
            try:
                while head := read_head(self.rfile):
                    time.sleep(self.server.delay)
                    upstream.sendall(head)
                    for piece in body(head, self.rfile):
                        upstream.sendall(piece)
            except (OSError, Malformed):
                pass
            finally:
                end(upstream)
                answers.join()


def read_head(stream: BufferedIOBase) -> bytes:
    """Return a request up to its empty line; nothing, where the connection ended before it."""
    lines: list[bytes] = []
    while line := stream.readline(_PIECE):
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)
    return b""


def body(head: bytes, stream: BufferedIOBase) -> Iterator[bytes]:
    """Give the bytes that belong to a request, as they come (RFC 9112, 6)."""
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    if b"transfer-encoding" not in fields:
        yield from pieces(int(fields.get(b"content-length", b"0")), stream)
        return
    while True:
        yield (line := stream.readline(_PIECE))
        size = int(line.partition(b";")[0], 16)
        yield from pieces(size + 2, stream) if size else [read_head(stream)]
        if not size:
            return


def pieces(size: int, stream: BufferedIOBase) -> Iterator[bytes]:
    """Give just so many bytes."""
    while size:
        piece = stream.read(min(size, _PIECE))
        if not piece:
            raise Malformed("the request breaks off")
        size -= len(piece)
        yield piece


def pass_on(source: socket.socket, target: socket.socket) -> None:
    """Copy answers until there are no more."""
    try:
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    except OSError:
        pass
    finally:
        end(target)


def end(connection: socket.socket) -> None:
    """Say that nothing more comes, so that a reader at the other side goes on."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def main() -> int:
    """Listen until ended."""
    where, delay = sys.argv[1:]
    host, _, port = where.rpartition(":")
    with Server((host, int(port)), float(delay)) as server:
        print("listening on {}:{}".format(*server.server_address), flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
