"""``lamina lock`` of Debian's own packages, built from a mirror that has no index any more."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3

from integration.lamina_program import Lamina
from integration.local_projects import write_project
from lamina.cli.mirrors import debian_settings
from lamina.project.config import Config

pytestmark = [pytest.mark.integration, pytest.mark.network]

SETTINGS = """
[tool.lamina]
base = "debian:bookworm"
apt = ["libgomp1"]
copy = []
"""


@dataclass
class Pool:
    """What passes packages on from this machine's mirrors, and has nothing else."""

    address: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve_pool(mirrors: list[str]) -> Iterator[Pool]:
    """Serve on a free port of loopback until the block ends."""
    http = urllib3.PoolManager()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pool.asked.append(self.path)
            data = b""
            if self.path.startswith("/pool/"):
                answers = (http.request("GET", f"{mirror}{self.path}") for mirror in mirrors)
                data = next((each.data for each in answers if each.status == 200), b"")
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pool = Pool(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield pool
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_build_needs_the_packages_of_the_lock_and_no_index(
    lamina: Lamina, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "app", [], SETTINGS)
    target = f"oci:{tmp_path / 'out'}"
    archives = debian_settings(
        "bookworm", "amd64", {}, Config(), pytest.fail, folder=tmp_path
    ).archives
    done = lamina.run("lock", project)
    assert done.returncode == 0, done.stderr
    before = lamina.build(project, "-o", target)

    with serve_pool([*dict.fromkeys(each.url for each in archives)]) as pool:
        elsewhere = Lamina(tmp_path / "empty", lamina.environment).within(
            LAMINA_DEBIAN_MIRROR=pool.address, LAMINA_DEBIAN_SECURITY_MIRROR=pool.address
        )
        after = elsewhere.build(project, "-o", target)
        second = elsewhere.build(project, "-o", target)

    (platform,) = tomllib.loads((project / "lamina.lock").read_text())["platform"]
    packages = [*platform["base-package"], *platform["package"]]
    assert after["digest"] == second["digest"] == before["digest"]
    assert sorted(pool.asked) == sorted({f"/{each['path']}" for each in packages})
    assert second["transfer"]["requests"] == 0
    assert "libgomp1" in {each["name"] for each in platform["package"]}
