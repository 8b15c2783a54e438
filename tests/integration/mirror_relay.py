"""A mirror on loopback that has what Debian's has, and notes what it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

from integration.machine_mirror import machine_suites


@dataclass
class MirrorRelay:
    """Where it is, and what it was asked for."""

    address: str
    asked: list[str] = field(default_factory=list)

    @property
    def environment(self) -> Mapping[str, str]:
        """What lets a program take its packages from here."""
        return {
            "LAMINA_DEBIAN_MIRROR": f"{self.address}/release",
            "LAMINA_DEBIAN_SECURITY_MIRROR": f"{self.address}/security",
        }

    def take(self) -> list[str]:
        """Return what was asked for since the last time."""
        taken, self.asked = self.asked, []
        return taken


def debs(asked: list[str]) -> list[str]:
    """Return the names of the packages that were asked for."""
    return sorted(path.rpartition("/")[2].partition("_")[0] for path in asked if ".deb" in path)


@contextmanager
def mirror_relay(codename: str) -> Iterator[MirrorRelay]:
    """Lead to the mirror of this machine until the block ends."""
    urls = {each.suite: each.url for each in machine_suites(codename)}
    places = {"release": urls[codename], "security": urls[f"{codename}-security"]}
    pool = urllib3.PoolManager(maxsize=8)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, place, path = self.path.split("/", 2)
            relay.asked.append(self.path)
            answer = pool.request("GET", f"{places[place]}/{path}")
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what was asked is kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        relay = MirrorRelay(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()
