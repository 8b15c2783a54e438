"""Whether packages that were installed work, asked in a container."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from engines import Engine

WORKS = {
    "libgomp1": 5,
    "libpq5": [True, "python"],
    "libmagic1": "application/pdf",
    "libgl1": 81.0,
    "libglib2.0-0": "glib",
    "ffmpeg": [["ffmpeg", "version"], "opus", True],
    "curl": ["curl", "fetched\n", 60],
    "git": [["git", "version"], "content\n"],
    "libxml2": 2,
    "libgeos-c1v5": "3",
    "tini": 3,
    "poppler-utils": "Pages of Debian",
}
"""What `installed_program` answers. (60: a certificate that curl was not told to trust.)"""


@contextmanager
def https(folder: Path) -> Iterator[str]:
    """Serve a word on loopback, whose server ``ca.pem`` in a folder speaks for; give the URL."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost",
         "-keyout", folder / "key.pem", "-out", folder / "ca.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b"fetched\n")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that refuses the certificate says so itself."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"https://localhost:{server.server_address[1]}/word"
        finally:
            server.shutdown()
            thread.join()


def works(engine: Engine, image: str, packages: Sequence[str], folder: Path) -> Any:
    """Return what the packages of an image answer in it."""
    folder.mkdir()
    program = Path(__file__).parent / "installed_program.py"
    (folder / program.name).write_bytes(program.read_bytes())
    with https(folder) as url:
        said = engine(
            "run", "--rm", "--network=host", f"--volume={folder}:/proof:ro", "--entrypoint=python",
            image, "/proof/installed_program.py", url, *packages,
        )  # fmt: skip
    return json.loads(said)
