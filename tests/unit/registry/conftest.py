"""A fake registry, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakes.registry import FakeRegistry, serve_registry
from unit.registry.setting import Clients


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with serve_registry() as server:
        yield server


@pytest.fixture
def clients(server: FakeRegistry) -> Clients:
    return Clients(server)
