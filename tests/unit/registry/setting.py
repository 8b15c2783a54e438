"""What the tests of registries share: a blob, and a client that never waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from fakes.registry import FakeRegistry
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.registry.client import Registry, Repository
from lamina.registry.credentials import Credentials
from lamina.transport.http import HttpTransport, Network

DATA = Random(1).randbytes(2_000_000)
BLOB = Descriptor(mediatype.LAYER, Digest.of(DATA), len(DATA))
ME = Credentials("me", "open sesame")
NAME = "team/app"


def pieces() -> Iterator[bytes]:
    """Give the blob in pieces."""
    return (DATA[at : at + 50_000] for at in range(0, len(DATA), 50_000))


@dataclass
class Clients:
    """Makes clients of a fake registry, and remembers how long they would have waited."""

    server: FakeRegistry
    credentials: Credentials | None = None
    now: float = 0
    waits: list[float] = field(default_factory=list)
    transport: HttpTransport = field(
        default_factory=lambda: HttpTransport(Network(timeout=5, backoff=0))
    )

    def registry(self) -> Registry:
        return Registry(
            self.server.host,
            self.transport,
            credentials=lambda registry, repository: self.credentials,
            sleep=self.waits.append,
            clock=lambda: self.now,
        )

    def repository(self, name: str = NAME, *, push: bool = True) -> Repository:
        return self.registry().repository(name, push=push)
