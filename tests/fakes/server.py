"""An HTTP server on loopback that answers from a script, well or badly."""

from __future__ import annotations

import socketserver
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request, as it came over the socket."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class Answer:
    """What is answered to one request."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    """After so many bytes of the body the connection is closed."""
    hangs: bool = False
    """Whether there is silence from there on until the server ends; without ``cut``, at once."""
    chunked: bool = False


class Server:
    """A script by path, and what was asked. The last answer of a path stands for all further."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[Asked] = []
        self.is_silent = threading.Event()
        """Set when an answer begins to hang."""
        self.has_answered = threading.Event()
        """Set when the first answer is out."""
        self.connections = 0
        self._script: dict[str, deque[Answer]] = {}

    def answer(self, path: str, *answers: Answer) -> str:
        """Answer so at ``path``; return the URL."""
        self._script[path] = deque(answers)
        return f"{self.address}{path}"

    def next(self, path: str) -> Answer:
        """Return the next answer of the script."""
        answers = self._script.get(path)
        if not answers:
            return Answer(status=404)
        return answers.popleft() if len(answers) > 1 else answers[0]


@contextmanager
def serve() -> Iterator[Server]:
    """Serve on a free port of loopback until the block ends."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Small answers are not to wait for the client's acknowledgement.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            server.connections += 1

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append(Asked(self.command, self.path, headers))
            answer = server.next(self.path.partition("?")[0])
            if answer.hangs and answer.cut is None:
                return self._hang()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            body = b"" if self.command == "HEAD" else answer.body
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            elif "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(body[: answer.cut])
            self.wfile.flush()
            server.has_answered.set()
            if answer.hangs:
                return self._hang()
            self.close_connection |= answer.cut is not None
            return None

        do_HEAD = do_GET

        def _hang(self) -> None:
            server.is_silent.set()
            ended.wait()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        # Connections that clients keep open must not hold up the end.
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A client may well hang up; what is wrong with a test shows in its answers."""

    listener = Listener(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, args=(0.005,))
    thread.start()
    try:
        yield server
    finally:
        ended.set()
        listener.shutdown()
        thread.join()
        listener.server_close()


@contextmanager
def free_port() -> Iterator[int]:
    """Give a port of loopback where nobody listens."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as listener:
        listener.server_close()
        yield listener.server_address[1]
