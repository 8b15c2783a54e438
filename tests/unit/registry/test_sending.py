"""Bodies that the transport sends: once, in pieces, and with whose errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakes.registry import FakeRegistry, Fault
from lamina.transport.protocol import Request, TransportError
from unit.registry.setting import Clients


def test_a_body_comes_in_pieces_of_known_length(server: FakeRegistry, clients: Clients) -> None:
    request = Request("PUT", f"{server.address}/x", body=iter([b"ab", b"c"]), size=3)

    with clients.transport.send(request) as response:
        assert response.status == 404

    assert server.asked[0].size == 3
    assert "transfer-encoding" not in server.asked[0].headers


@pytest.mark.parametrize("status", [307, 429, 500])
def test_what_is_asked_once_has_one_answer(
    server: FakeRegistry, clients: Clients, status: int
) -> None:
    headers = {"Location": "/y", "Retry-After": "0"}
    server.fail("GET", "/x", Fault(status=status, headers=headers))

    with clients.transport.send(Request("GET", f"{server.address}/x", is_once=True)) as response:
        assert response.status == status

    assert len(server.asked) == 1


def test_a_body_in_pieces_is_sent_but_once(server: FakeRegistry, clients: Clients) -> None:
    """Nobody has its pieces a second time."""
    server.fail("PUT", "/x", Fault(takes=0))

    request = Request("PUT", f"{server.address}/x", body=iter([b"abc"]), size=3)
    with pytest.raises(TransportError) as caught, clients.transport.send(request):
        pass

    assert caught.value.may_pass
    assert len(server.asked) == 1


def test_a_body_of_bytes_is_sent_again(server: FakeRegistry, clients: Clients) -> None:
    server.fail("PUT", "/x", Fault(status=500))

    with clients.transport.send(Request("PUT", f"{server.address}/x", body=b"abc")) as response:
        assert response.status == 404

    assert [asked.size for asked in server.asked] == [3, 3]


def test_an_error_of_the_body_is_passed_on(server: FakeRegistry, clients: Clients) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise OSError(28, "No space left on device")

    request = Request("PUT", f"{server.address}/x", body=broken(), size=3)
    with pytest.raises(OSError, match="No space left"), clients.transport.send(request):
        pass


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://[/"])
def test_what_can_never_be_asked_does_not_pass(clients: Clients, url: str) -> None:
    with pytest.raises(TransportError) as caught, clients.transport.send(Request("GET", url)):
        pass

    assert not caught.value.may_pass


def test_an_interruption_does_not_pass(server: FakeRegistry, clients: Clients) -> None:
    clients.transport.interrupt()

    request = Request("GET", f"{server.address}/x")
    with pytest.raises(TransportError) as caught, clients.transport.send(request):
        pass

    assert not caught.value.may_pass


def test_no_header_and_no_body_is_in_what_is_shown_of_a_request() -> None:
    request = Request("PUT", "https://a.example", {"Authorization": "secret"}, b"secret")

    assert "secret" not in repr(request)
