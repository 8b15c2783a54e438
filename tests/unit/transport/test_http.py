"""HTTP over real sockets: what is tried again, what is told, and what is never said."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from fakes.server import Answer, Server, free_port, serve
from lamina.transport.http import HttpTransport, Network
from lamina.transport.protocol import BrokenTransfer, Request, TransportError
from lamina.transport.retries import Retries

HINT = "Check the network, and the proxy settings if there are any"
QUICK = Network(timeout=5, backoff=0)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    with closing(HttpTransport(QUICK)) as transport:
        yield transport


def get_over(network: Network, url: str) -> tuple[int, bytes]:
    with closing(HttpTransport(network)) as transport:
        return get(transport, url)


def get(
    transport: HttpTransport, url: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    with transport.send(Request("GET", url, headers or {})) as response:
        return response.status, b"".join(response.chunks(1000))


def in_thread(
    ask: Callable[[], object], wait: Callable[[], object], transport: HttpTransport
) -> list[Exception]:
    """Ask in a thread, wait, interrupt; return what was raised in it."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            ask()
        except TransportError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait()
    transport.interrupt()
    thread.join(timeout=4)
    assert not thread.is_alive()
    return errors


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_a_body_comes_in_pieces(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(bytes(2500), headers={"ETag": '"1"'}))

    with transport.send(Request("GET", url)) as response:
        pieces = list(response.chunks(1000))

        assert response.headers["etag"] == '"1"'

    assert [len(piece) for piece in pieces] == [1000, 1000, 500]


def test_bytes_are_asked_for_as_they_lie_there(server: Server, transport: HttpTransport) -> None:
    get(transport, server.answer("/a", Answer(b"x")), {"Range": "bytes=5-"})

    assert server.asked[0].headers["accept-encoding"] == "identity"
    assert server.asked[0].headers["user-agent"] == "lamina"
    assert server.asked[0].headers["range"] == "bytes=5-"


def test_a_body_that_says_it_is_packed_is_left_as_it_is(
    server: Server, transport: HttpTransport
) -> None:
    url = server.answer("/a", Answer(b"\x1f\x8bzzz", headers={"Content-Encoding": "gzip"}))

    assert get(transport, url) == (200, b"\x1f\x8bzzz")


def test_answers_that_may_pass_are_asked_for_again(
    server: Server, transport: HttpTransport
) -> None:
    url = server.answer("/a", *(Answer(status=code) for code in (500, 502, 503)), Answer(b"x"))

    assert get(transport, url) == (200, b"x")
    assert len(server.asked) == 4


def test_an_error_that_stays_is_the_answer(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(b"sorry", status=503))

    assert get(transport, url) == (503, b"sorry")
    assert len(server.asked) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_other_errors_are_the_answer_at_once(
    server: Server, transport: HttpTransport, status: int
) -> None:
    assert get(transport, server.answer("/a", Answer(status=status)))[0] == status
    assert len(server.asked) == 1


@pytest.mark.parametrize("wait", ["0", "Mon, 01 Jan 2001 00:00:00 GMT", "soon"])
def test_a_server_says_when_to_ask_again(
    server: Server, transport: HttpTransport, wait: str
) -> None:
    busy = Answer(status=429, headers={"Retry-After": wait})

    assert get(transport, server.answer("/a", busy, Answer(b"x"))) == (200, b"x")


def test_nobody_waits_for_an_hour(server: Server, transport: HttpTransport) -> None:
    """Whoever interrupts is not kept waiting at all."""
    busy = Answer(status=429, headers={"Retry-After": "3600"})
    url = server.answer("/a", busy)
    errors = in_thread(lambda: get(transport, url), lambda: server.has_answered.wait(5), transport)

    assert [str(error) for error in errors] == [f"Unable to reach `{url}`: interrupted"]


def test_nobody_waits_for_a_server_that_is_silent(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(hangs=True))
    errors = in_thread(lambda: get(transport, url), lambda: server.is_silent.wait(5), transport)

    assert [str(error) for error in errors] == [f"Unable to reach `{url}`: interrupted"]


def test_a_server_is_asked_again_after_half_a_minute_at_most() -> None:
    retries = Retries.until(threading.Event(), 0)

    assert retries.parse_retry_after("7") == 7
    assert retries.parse_retry_after("3600") == 30


def test_connections_are_used_again(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(b"x"))

    for _ in range(3):
        get(transport, url)
        with transport.send(Request("HEAD", url)) as response:
            assert response.headers["Content-Length"] == "1"

    assert server.connections == 1


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_that_is_left_unread_does_no_harm(
    server: Server, transport: HttpTransport, chunked: bool
) -> None:
    url = server.answer("/a", Answer(bytes(300_000), chunked=chunked))

    for _ in range(3):
        with transport.send(Request("GET", url)) as response:
            assert len(next(response.chunks(10))) == 10


def test_a_redirect_is_followed(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(status=302, headers={"Location": "/b"}))
    server.answer("/b", Answer(b"x"))

    assert get(transport, url, {"Range": "bytes=5-"}) == (200, b"x")
    assert server.asked[1].headers["range"] == "bytes=5-"


def test_a_redirect_may_be_the_answer(server: Server, transport: HttpTransport) -> None:
    led = Answer(status=302, headers={"Location": "/b"})
    url = server.answer("/a", Answer(status=503), led)

    with transport.send(Request("GET", url, follows=False)) as response:
        assert (response.status, response.headers["Location"]) == (302, "/b")
    assert [asked.target for asked in server.asked] == ["/a", "/a"]


def test_redirects_end(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(status=302, headers={"Location": "/a"}))

    with pytest.raises(TransportError) as caught:
        get(transport, url)

    assert str(caught.value) == f"Unable to reach `{url}`: too many redirects"
    assert len(server.asked) == 6


def test_user_and_password_of_a_url_are_told_to_its_server(
    server: Server, transport: HttpTransport
) -> None:
    url = server.answer("/a", Answer(b"x"))

    get(transport, url.replace("://", "://me:p%40ss@"))

    assert server.asked[0].headers["authorization"] == basic("me:p@ss")


def test_no_redirect_carries_credentials_to_another_host(
    server: Server, transport: HttpTransport
) -> None:
    with serve() as other:
        elsewhere = other.answer("/b", Answer(b"x"))
        url = server.answer("/a", Answer(status=307, headers={"Location": elsewhere}))

        get(transport, url.replace("://", "://me:secret@"), {"Cookie": "session=1"})

    assert other.asked[0].target == "/b"
    assert not {"authorization", "cookie"} & other.asked[0].headers.keys()


def test_a_redirect_of_the_same_host_keeps_them(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(status=307, headers={"Location": "/b"}))
    server.answer("/b", Answer(b"x"))

    get(transport, url.replace("://", "://me:secret@"))

    assert server.asked[1].headers["authorization"] == basic("me:secret")


def test_a_broken_transfer_is_named(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(bytes(5000), cut=3000))

    with pytest.raises(BrokenTransfer) as caught:
        get(transport, f"{url}?token=secret")

    assert str(caught.value) == (
        f"The transfer from `{url}` broke off: 3000 bytes came, 2000 more were due"
    )
    assert caught.value.hint == "Run the command again"


def test_a_chunked_transfer_that_breaks_is_broken(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(bytes(5000), cut=3000, chunked=True))

    with pytest.raises(BrokenTransfer, match="broke off"):
        get(transport, url)


def test_a_server_that_falls_silent_is_given_up(server: Server) -> None:
    url = server.answer("/a", Answer(bytes(5000), cut=3000, hangs=True))

    with pytest.raises(BrokenTransfer) as caught:
        get_over(Network(timeout=0.05, backoff=0), url)

    assert str(caught.value) == f"The transfer from `{url}` broke off: no answer in time"


def test_a_server_that_does_not_answer_is_given_up(server: Server) -> None:
    url = server.answer("/a", Answer(hangs=True))

    with pytest.raises(TransportError) as caught:
        get_over(Network(timeout=0.05, backoff=0), f"{url}?token=secret")

    assert str(caught.value) == f"Unable to reach `{url}`: no answer in time"
    assert caught.value.hint == HINT


def test_a_server_that_is_down_is_named(transport: HttpTransport) -> None:
    with free_port() as port, pytest.raises(TransportError) as caught:
        get(transport, f"http://me:secret@127.0.0.1:{port}/a.whl?token=secret")

    assert str(caught.value) == (
        f"Unable to reach `http://127.0.0.1:{port}/a.whl`: Connection refused"
    )
    assert caught.value.hint == HINT


def test_a_proxy_that_is_down_is_named(server: Server) -> None:
    with free_port() as port:
        network = Network(backoff=0, proxies={"http": f"http://me:secret@127.0.0.1:{port}"})
        with pytest.raises(TransportError) as caught:
            get_over(network, "http://index.example/a.whl")

    assert str(caught.value) == (
        "Unable to reach `http://index.example/a.whl`: the proxy fails (Connection refused)"
    )


def test_a_server_that_speaks_no_tls_is_named(server: Server, transport: HttpTransport) -> None:
    url = server.address.replace("http:", "https:")

    with pytest.raises(TransportError) as caught:
        get(transport, f"{url}/a")

    assert str(caught.value).startswith(f"Unable to reach `{url}/a`: ")
    assert "version number" in str(caught.value) or "record layer" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://files.example/a", "`ftp://files.example/a`: the scheme `ftp` is not supported"),
        ("http://[1/a", "`(an unreadable URL)`: not a URL"),
        ("http://files.example:x/a", "`http://files.example:x/a`: not a URL"),
    ],
)
def test_what_cannot_be_asked_is_refused(transport: HttpTransport, url: str, text: str) -> None:
    with pytest.raises(TransportError) as caught:
        get(transport, url)

    assert str(caught.value) == f"Unable to reach {text}"


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"

    with pytest.raises(TransportError) as caught:
        get_over(Network(ca_bundle=str(missing)), "https://index.example/a")

    assert str(caught.value) == (
        f"Unable to read the certificates in `{missing}`: No such file or directory"
    )
    assert caught.value.hint == "The environment names this file; mend it, or name another"


def test_a_proxy_is_asked_with_its_own_credentials(server: Server) -> None:
    server.answer("http://index.example/a.whl", Answer(b"x"))
    proxy = server.address.replace("://", "://me:secret@")
    network = Network(backoff=0, proxies={"http": proxy})

    assert get_over(network, "http://index.example/a.whl") == (200, b"x")
    assert server.asked[0].headers["proxy-authorization"] == basic("me:secret")
    assert "authorization" not in server.asked[0].headers


def test_this_machine_is_reached_without_the_proxy(server: Server) -> None:
    url = server.answer("/a", Answer(b"x"))
    proxies = {"all": "http://proxy.example:1"}

    assert get_over(Network(backoff=0, proxies=proxies), url) == (200, b"x")


def test_a_proxy_of_a_scheme_that_is_not_known_is_explained() -> None:
    network = Network(backoff=0, proxies={"http": "socks5://127.0.0.1:1"})

    with pytest.raises(TransportError) as caught:
        get_over(network, "http://index.example/a")

    assert str(caught.value) == (
        "Unable to reach `http://index.example/a`: proxies of such a scheme are not supported"
    )


def test_nothing_secret_is_in_what_is_shown_of_values() -> None:
    request = Request("GET", "https://me:secret@index.example/a?token=secret")
    network = Network(proxies={"http": "http://me:secret@proxy.example"})

    assert "secret" not in repr(request) + repr(network)


def test_a_transfer_that_waits_is_interrupted(server: Server, transport: HttpTransport) -> None:
    url = server.answer("/a", Answer(bytes(5000), cut=3000, hangs=True))
    errors = in_thread(lambda: get(transport, url), lambda: server.is_silent.wait(5), transport)

    assert len(errors) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_being_made_is_interrupted(
    transport: HttpTransport, scheme: str
) -> None:
    """Either the other side takes no connection, or it says nothing of TLS."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent, ExitStack() as others:
        address = silent.getsockname()
        if scheme == "http":
            for _ in range(3):  # Now its queue is full.
                waiting = others.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(address)
        url = f"{scheme}://127.0.0.1:{address[1]}/"
        begun = threading.Event()

        def ask() -> None:
            begun.set()
            get(transport, url)

        errors = in_thread(ask, lambda: begun.wait(5), transport)

    assert [str(each) for each in errors] == [f"Unable to reach `{url}`: interrupted"]


def test_a_pause_is_interrupted(transport: HttpTransport) -> None:
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        transport.pause(60)

    assert in_thread(wait, lambda: begun.wait(5), transport) == []


def test_nothing_is_asked_after_an_interruption(server: Server, transport: HttpTransport) -> None:
    transport.interrupt()

    with pytest.raises(TransportError) as caught:
        get(transport, f"{server.address}/a")

    assert str(caught.value) == f"Unable to reach `{server.address}/a`: interrupted"
    assert server.asked == []
