"""A package index on loopback: the simple API over tiny distributions, and files at addresses."""

from __future__ import annotations

import hashlib
import html
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

from tiny import Dist


@dataclass
class IndexServer:
    """What is served at an address."""

    address: str
    files: dict[str, bytes | Path] = field(default_factory=dict)
    """By path, the pages of indexes too; what is large lies in a file."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""

    def add_index(self, name: str, dists: Iterable[Dist], more: Iterable[Path] = ()) -> str:
        """Serve an index of these distributions, and of files on the disk; return its address.

        Its files lie at ``/NAME/files/``.
        """
        pages: dict[str, list[str]] = {}
        for dist in dists:
            for filename, data in dist.files().items():
                self.files[f"/{name}/files/{filename}"] = data
                digest = hashlib.sha256(data).hexdigest()
                python = html.escape(dist.requires_python)
                limit = f' data-requires-python="{python}"' if python else ""
                address = f"/{name}/files/{quote(filename)}#sha256={digest}"
                link = f'<a href="{address}"{limit}>{filename}</a>'
                pages.setdefault(dist.name, []).append(link)
        for path in more:
            self.files[f"/{name}/files/{path.name}"] = path
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            address = f"/{name}/files/{quote(path.name)}#sha256={digest}"
            link = f'<a href="{address}">{path.name}</a>'
            pages.setdefault(canonicalize_name(path.name.partition("-")[0]), []).append(link)
        for project, links in pages.items():
            page = f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>"
            self.files[f"/{name}/simple/{project}/"] = page.encode()
        return f"{self.address}/{name}/simple"


@contextmanager
def serve_index() -> Iterator[IndexServer]:
    """Serve on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def answer(self, *, with_body: bool) -> None:
            path = unquote(self.path.partition("?")[0])
            state.asked.append(path)
            data = state.files.get(path)
            if isinstance(data, Path):
                data = data.read_bytes()
            self.send_response(200 if data is not None else 404)
            is_page = self.path.endswith("/")
            self.send_header("Content-Type", "text/html" if is_page else "application/octet-stream")
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            if with_body:
                self.wfile.write(data or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = IndexServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
