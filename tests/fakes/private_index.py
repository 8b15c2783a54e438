"""A package index on loopback that wants credentials, a user and a password for each of its parts.

``/one/simple/`` lists what lies in ``/one/files/``; another part has other credentials. Who asks
with the wrong ones is told 401, or what the part answers to strangers.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Part:
    """One part of the index, with credentials of its own."""

    header: str | None = None
    """What must stand in ``Authorization``; None for what is open to all."""
    status: int = 401
    """What strangers are told."""
    files: dict[str, bytes] = field(default_factory=dict)
    elsewhere: str = ""
    """Where the files truly are: a redirect leads there."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    authorization: str | None
    status: int


@dataclass
class PrivateIndex:
    """What is served, and what was asked."""

    port: int
    parts: dict[str, Part] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    when_asked: Callable[[], object] = lambda: None
    """Called at each request, while whoever asks waits for the answer."""

    @property
    def address(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def other_address(self) -> str:
        """The same server by another name: another host to whoever sends credentials."""
        return f"http://localhost:{self.port}"

    def part(self, name: str, user: str, password: str, *, status: int = 401) -> Part:
        """Open a part for a user."""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.parts.setdefault(name, Part(f"Basic {pair}", status))

    def url(self, name: str, user: str = "", password: str | None = None) -> str:
        """Return the address of a part as an index, with credentials."""
        given = user + ("" if password is None else f":{password}")
        host = f"{given}@127.0.0.1" if given else "127.0.0.1"
        return f"http://{host}:{self.port}/{name}/simple"

    def file(self, name: str, filename: str) -> str:
        """Return the address of a file."""
        return f"{self.address}/{name}/files/{filename}"

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes, str]:
        """Return status, body and location."""
        name, _, rest = path.lstrip("/").partition("/")
        part = self.parts.get(name)
        if part is None:
            return 404, b"", ""
        if part.header is not None and authorization != part.header:
            return part.status, b"", ""
        kind, _, rest = rest.partition("/")
        if kind == "simple":
            return self._listed(name, part, rest.strip("/"))
        if rest not in part.files:
            return 404, b"", ""
        return (
            (302, b"", f"{part.elsewhere}/{rest}")
            if part.elsewhere
            else (200, part.files[rest], "")
        )

    def _listed(self, name: str, part: Part, project: str) -> tuple[int, bytes, str]:
        links = [
            f'<a href="/{name}/files/{filename}#sha256={hashlib.sha256(data).hexdigest()}">'
            f"{filename}</a>"
            for filename, data in part.files.items()
            if filename.partition("-")[0] == project
        ]
        return (200, "".join(links).encode(), "") if links else (404, b"", "")


@contextmanager
def serve_private_index() -> Iterator[PrivateIndex]:
    """Serve on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, given = self.path.partition("?")[0], self.headers.get("Authorization")
            index.when_asked()
            status, body, location = index.answer(path, given)
            index.asked.append(Asked(self.command, path, given, status))
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index = PrivateIndex(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.005,))
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
