"""A loopback server that has a tiny wheel for every filename that a lockfile names.

With the addresses of a lock pointed at it, the real uv installs from that lock in a moment, and
what it asked for is what it chose, however large the true wheels are.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

_WHEEL = re.compile(r'\{ url = "(?P<url>[^"]+\.whl)"[^}]*\}')


def tiny_wheel(filename: str) -> bytes:
    """Return a wheel with nothing in it but what an installer insists on."""
    name, version, *_, python, abi, platform = filename.removesuffix(".whl").split("-")
    info = f"{name}-{version}.dist-info"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in (
            ("METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
            ("WHEEL", f"Wheel-Version: 1.0\nTag: {python}-{abi}-{platform}\n"),
            ("RECORD", ""),
        ):
            # A fixed date, or the hash would be another one at each call.
            archive.writestr(zipfile.ZipInfo(f"{info}/{path}"), text)
    return buffer.getvalue()


@dataclass
class WheelServer:
    """What is served at an address, and what was asked for."""

    address: str
    wheels: dict[str, bytes] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def take_over(self, lock: str) -> str:
        """Return the lock with each of its wheels on this server, under the hash it has here."""
        urls: dict[str, str] = {}

        def entry(match: re.Match[str]) -> str:
            filename = match["url"].rpartition("/")[2]
            data = self.wheels.setdefault(unquote(filename), tiny_wheel(unquote(filename)))
            urls[match["url"]] = f"{self.address}/{filename}"
            digest = hashlib.sha256(data).hexdigest()
            return f'{{ url = "{urls[match["url"]]}", hash = "sha256:{digest}" }}'

        text = _WHEEL.sub(entry, lock)
        # A direct URL stands in the source too, and on the edges that name it.
        for before, after in urls.items():
            text = text.replace(f'"{before}"', f'"{after}"')
        return text


@contextmanager
def serve_wheels() -> Iterator[WheelServer]:
    """Serve on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            filename = unquote(self.path.rpartition("/")[2])
            data = state.wheels.get(filename)
            state.asked.add(filename)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = WheelServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
