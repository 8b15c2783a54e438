"""Whether a registry speaks plain HTTP."""

from __future__ import annotations

import pytest

from fakes.transport import Answer, Lost, Reply, ScriptedTransport
from lamina.registry.exchange import NoMeter
from lamina.registry.plain import speaks_plain_http

HUNG_UP = Lost()
WANTS_TLS = Reply(b"Client sent an HTTP request to an HTTPS server.\n", status=400)


def found(host: str, url: str, answer: Answer, *, insecure: bool = False) -> tuple[bool, list[str]]:
    transport = ScriptedTransport({url: [answer]})
    plain = speaks_plain_http(host, transport, NoMeter(), insecure=insecure)
    return plain, [request.url for request in transport.asked]


@pytest.mark.parametrize(
    ("answer", "plain"),
    [(Reply(b"{}"), True), (Reply(b"", status=401), True), (WANTS_TLS, False), (HUNG_UP, False)],
)
def test_on_this_machine_plain_http_is_tried_first(answer: Answer, plain: bool) -> None:
    url = "http://localhost:5000/v2/"

    assert found("localhost:5000", url, answer) == (plain, [url])


@pytest.mark.parametrize(("answer", "plain"), [(Reply(b"", status=401), False), (HUNG_UP, True)])
def test_one_that_is_called_insecure_is_asked_for_tls_first(answer: Answer, plain: bool) -> None:
    url = "https://registry.example/v2/"

    assert found("registry.example", url, answer, insecure=True) == (plain, [url])


def test_any_other_is_not_asked() -> None:
    url = "https://registry.example/v2/"

    assert found("registry.example", url, HUNG_UP) == (False, [])
