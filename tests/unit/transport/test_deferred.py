"""A transport that is made when it is needed."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest

from lamina.transport.deferred import Deferred
from lamina.transport.offline import Offline
from lamina.transport.protocol import Request, Response, TransportError


class Told(Offline):
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def send(self, request: Request) -> AbstractContextManager[Response]:
        self.told.append("send")
        return super().send(request)

    def pause(self, seconds: float) -> None:
        self.told.append(f"pause {seconds}")

    def interrupt(self) -> None:
        self.told.append("interrupt")

    def close(self) -> None:
        self.told.append("close")


class Making:
    """Makes transports, and keeps them."""

    def __init__(self) -> None:
        self.made: list[Told] = []

    def __call__(self) -> Told:
        self.made.append(Told())
        return self.made[-1]


REQUEST = Request("GET", "https://example.com/")


def test_nothing_is_made_before_something_is_asked() -> None:
    making = Making()
    transport = Deferred(making)

    transport.interrupt()
    transport.close()

    assert making.made == []


def test_one_is_made_and_told_everything() -> None:
    making = Making()
    transport = Deferred(making)

    with pytest.raises(TransportError):
        transport.send(REQUEST)
    transport.pause(2)
    transport.interrupt()
    transport.close()

    assert [each.told for each in making.made] == [["send", "pause 2", "interrupt", "close"]]


def test_what_is_interrupted_before_it_is_made_is_so_afterwards() -> None:
    making = Making()
    transport = Deferred(making)
    transport.interrupt()

    with pytest.raises(TransportError):
        transport.send(REQUEST)

    assert making.made[0].told == ["interrupt", "send"]
