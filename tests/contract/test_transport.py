"""What every transport promises, asked of the real one and of the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from fakes.server import Answer, free_port, serve
from fakes.transport import Lost, Reply, ScriptedTransport
from lamina.transport.http import HttpTransport, Network
from lamina.transport.protocol import BrokenTransfer, Request, Transport, TransportError

Scripted = Callable[[Reply], tuple[Transport, str]]
"""Given a reply, a transport and the URL at which it is answered."""


@pytest.fixture(params=["http", "scripted"])
def scripted(request: pytest.FixtureRequest) -> Iterator[Scripted]:
    if request.param == "scripted":
        url = "https://files.example/a"
        yield lambda reply: (ScriptedTransport({url: [reply]}), url)
        return
    with serve() as server, closing(HttpTransport(Network(timeout=5, backoff=0))) as transport:

        def over_http(reply: Reply) -> tuple[Transport, str]:
            answer = Answer(reply.body, reply.status, reply.headers, reply.cut)
            return transport, server.answer("/a", answer)

        yield over_http


@pytest.fixture(params=["http", "scripted"])
def lost(request: pytest.FixtureRequest) -> Iterator[tuple[Transport, str]]:
    """A transport, and a URL that nobody answers."""
    with free_port() as port, closing(HttpTransport(Network(backoff=0))) as transport:
        url = f"http://127.0.0.1:{port}/a"
        fake = ScriptedTransport({url: [Lost()]})
        yield (transport if request.param == "http" else fake), url


def test_a_body_comes_whole_in_pieces_of_about_the_size_asked_for(scripted: Scripted) -> None:
    transport, url = scripted(Reply(bytes(range(250)) * 10))

    with transport.send(Request("GET", url)) as response:
        pieces = list(response.chunks(1000))

    assert b"".join(pieces) == bytes(range(250)) * 10
    assert max(map(len, pieces)) <= 1000


@pytest.mark.parametrize("status", [200, 206, 404, 416])
def test_any_status_is_an_answer(scripted: Scripted, status: int) -> None:
    transport, url = scripted(Reply(b"x", status))

    with transport.send(Request("GET", url)) as response:
        assert response.status == status
        assert b"".join(response.chunks(10)) == b"x"


def test_headers_are_found_in_any_case(scripted: Scripted) -> None:
    transport, url = scripted(Reply(headers={"ETag": '"1"'}))

    with transport.send(Request("GET", url)) as response:
        assert response.headers["etag"] == response.headers["ETAG"] == '"1"'
        assert response.headers.get("X-Missing") is None


def test_a_body_need_not_be_read(scripted: Scripted) -> None:
    transport, url = scripted(Reply(bytes(100_000)))

    for _ in range(2):
        with transport.send(Request("GET", url)) as response:
            assert response.status == 200


def test_what_came_before_a_transfer_broke_is_given(scripted: Scripted) -> None:
    transport, url = scripted(Reply(bytes(5000), cut=3000))
    came: list[bytes] = []

    def read() -> None:
        with transport.send(Request("GET", url)) as response:
            came.extend(response.chunks(1000))

    with pytest.raises(BrokenTransfer):
        read()

    assert b"".join(came) == bytes(3000)


def test_a_server_that_is_not_there_is_an_error(lost: tuple[Transport, str]) -> None:
    transport, url = lost

    with pytest.raises(TransportError) as caught, transport.send(Request("GET", url)):
        pytest.fail("somebody answered")

    assert str(caught.value) == f"Unable to reach `{url}`: Connection refused"


def test_nothing_is_asked_after_an_interruption(scripted: Scripted) -> None:
    transport, url = scripted(Reply())
    transport.interrupt()

    with pytest.raises(TransportError), transport.send(Request("GET", url)):
        pytest.fail("somebody was asked")
