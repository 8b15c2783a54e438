"""Addresses, challenges, waits and complaints, as they are read."""

from __future__ import annotations

import json

import pytest

from lamina.oci.digest import Digest
from lamina.registry.challenge import Challenge, parse_challenges, parse_scopes
from lamina.registry.endpoint import Endpoint
from lamina.registry.errors import (
    BadAnswer,
    BlobsMissing,
    Denied,
    NotFound,
    Refusal,
    Refused,
    Unreachable,
    parse_complaints,
    refused,
)
from lamina.registry.patience import Patience, retry_after
from lamina.transport.protocol import TransportError

HTTPS = Endpoint("registry.example")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("docker.io", "https://registry-1.docker.io"),
        ("ghcr.io", "https://ghcr.io"),
        ("registry.example:5000", "https://registry.example:5000"),
        ("localhost:5000", "http://localhost:5000"),
        ("127.0.0.2:5000", "http://127.0.0.2:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("10.0.0.1", "https://10.0.0.1"),
    ],
)
def test_a_registry_has_an_address(host: str, address: str) -> None:
    assert Endpoint(host).address == address


def test_an_insecure_registry_speaks_plain_http() -> None:
    assert Endpoint("registry.example", insecure=True).address == "http://registry.example"


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://registry.example/v2/", True),
        ("https://registry.example:443/v2/", True),
        ("https://REGISTRY.example/v2/", True),
        ("https://registry.example:444/v2/", False),
        ("http://registry.example/v2/", False),
        ("https://registry.example.evil.example/", False),
        ("https://me@registry.example/", False),
        ("https://registry.example:x/", False),
        ("https://[/", False),
    ],
)
def test_credentials_are_for_the_registry_alone(url: str, own: bool) -> None:
    assert HTTPS.is_own(url) is own


@pytest.mark.parametrize(
    ("realm", "may"),
    [
        ("https://tokens.example/token", True),
        ("http://127.0.0.1:5001/token", True),
        ("http://tokens.example/token", False),
        ("http://registry.example/token", False),
        ("ftp://127.0.0.1/token", False),
        ("token", False),
    ],
)
def test_a_token_server_sees_credentials_over_tls(realm: str, may: bool) -> None:
    assert HTTPS.may_see_credentials(realm) is may


def test_an_insecure_registry_may_give_its_tokens_itself() -> None:
    endpoint = Endpoint("registry.example:5000", insecure=True)

    assert endpoint.may_see_credentials("http://registry.example:5001/token")
    assert not endpoint.may_see_credentials("http://tokens.example/token")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/v2/a?b=c", "https://registry.example/v2/a?b=c"),
        ("next", "https://registry.example/v2/next"),
        ("https://cdn.example/x", "https://cdn.example/x"),
        ("http://registry.example/x?y", "https://registry.example/x?y"),
        ("http://registry.example:80/x", "https://registry.example/x"),
    ],
)
def test_an_answer_leads_on(location: str, url: str) -> None:
    assert HTTPS.resolve(location, "https://registry.example/v2/") == url


@pytest.mark.parametrize("location", ["ftp://a/b", "https://me:x@a/b", "https://[a", "/a\nb"])
def test_an_answer_that_leads_astray_is_refused(location: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        HTTPS.resolve(location, "https://registry.example/v2/")

    assert str(caught.value) == "Registry `registry.example` leads to what is not a URL"


def test_nothing_leads_from_tls_to_plain_http() -> None:
    with pytest.raises(BadAnswer) as caught:
        HTTPS.resolve("http://cdn.example/x?signature=secret", "https://registry.example/v2/")

    assert str(caught.value) == (
        "Registry `registry.example` leads from TLS to plain HTTP: `http://cdn.example/x`"
    )


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("", []),
        ("Basic", [Challenge("basic")]),
        ('Basic realm="a \\"b\\", c"', [Challenge("basic", 'a "b", c')]),
        (
            'Bearer realm="https://t.example/x",service="s",scope="repository:a:b:pull,push x"',
            [
                Challenge(
                    "bearer",
                    "https://t.example/x",
                    "s",
                    frozenset({("repository:a:b", "pull"), ("repository:a:b", "push")}),
                )
            ],
        ),
        ("Basic realm=a, Bearer realm=b", [Challenge("basic", "a"), Challenge("bearer", "b")]),
        ('Negotiate, Basic realm="x"', [Challenge("negotiate"), Challenge("basic", "x")]),
        ('BASIC REALM="x", CHARSET="UTF-8"', [Challenge("basic", "x")]),
        ('Basic realm="never closed', [Challenge("basic", "")]),
    ],
)
def test_challenges_are_read(header: str, challenges: list[Challenge]) -> None:
    assert list(parse_challenges(header)) == challenges


def test_a_challenge_without_end_is_read_in_no_time() -> None:
    assert len(parse_challenges("Basic, " * 1_000_000)) < 2000
    assert parse_challenges('Bearer realm="' + "\\" * 1_000_000) == (Challenge("bearer"),)


def test_scopes_are_read() -> None:
    assert parse_scopes("a:b:c,d  :e f:") == {("a:b", "c"), ("a:b", "d")}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": "9" * 100}, 999_999_999),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 01 Jan 2001 00:00:09 GMT"}, None),
        (
            {
                "Retry-After": "Mon, 01 Jan 2001 00:00:09 GMT",
                "Date": "Mon, 01 Jan 2001 00:00:02 GMT",
            },
            7,
        ),
        (
            {
                "Retry-After": "Mon, 01 Jan 2001 00:00:09",
                "Date": "Mon, 01 Jan 2001 00:00:02 +0100",
            },
            None,
        ),
    ],
)
def test_a_server_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_patience_ends_and_nobody_waits_for_an_hour() -> None:
    waits: list[float] = []
    patience = Patience(waits.append, tries=3)

    assert [patience.wait(3600), patience.wait(), patience.wait()] == [True, True, False]
    assert waits == [30, 1]

    patience.renew()
    assert patience.wait()
    assert waits[-1] == 0.5


def refusal(status: int, *codes: str) -> Refusal:
    errors = [{"code": code, "message": f"says {code}"} for code in codes]
    return Refusal("do it", "r.example", status, json.dumps({"errors": errors}).encode())


@pytest.mark.parametrize(
    ("status", "codes", "kind", "hint"),
    [
        (401, ("UNAUTHORIZED",), Denied, "To log in, run `docker login r.example`"),
        (403, ("DENIED",), Denied, "To log in, run `docker login r.example`"),
        (404, ("MANIFEST_UNKNOWN",), NotFound, None),
        (404, ("MANIFEST_BLOB_UNKNOWN",), BlobsMissing, None),
        (409, (), Refused, "If tags of this repository cannot be moved, push another tag"),
        (
            429,
            ("TOOMANYREQUESTS",),
            Refused,
            "The registry is asked too often; log in, or run the command again later",
        ),
        (501, (), Refused, "The registry has a fault; run the command again later"),
        (400, ("MANIFEST_INVALID",), Refused, None),
    ],
)
def test_a_refusal_has_its_kind_and_hint(
    status: int, codes: tuple[str, ...], kind: type[Refused], hint: str | None
) -> None:
    error = refused(refusal(status, *codes))

    said = f" ({codes[0]}: says {codes[0]})" if codes else ""
    assert str(error) == f"Failed to do it: registry answered {status}{said}"
    assert (type(error), error.hint) == (kind, hint)


def test_many_complaints_are_counted() -> None:
    assert str(refused(refusal(400, *"ABCDE"))) == (
        "Failed to do it: registry answered 400 (A: says A; B: says B; C: says C; 2 more)"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"errors": {}}',
        b'{"errors": [5, {}, {"code": 5}]}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_complaint_is_not_shown(body: bytes) -> None:
    assert parse_complaints(body) == ()


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("wrong version number", "If the registry speaks plain HTTP, pass `--insecure`"),
        ("[SSL] record layer failure", "If the registry speaks plain HTTP, pass `--insecure`"),
        ("Connection refused", "Check the network"),
    ],
)
def test_a_registry_without_tls_has_a_flag(reason: str, hint: str) -> None:
    cause = TransportError(
        f"Unable to reach `https://r.example`: {reason}", hint="Check the network"
    )

    error = Unreachable("do it", cause)

    assert str(error) == f"Failed to do it: unable to reach `https://r.example`: {reason}"
    assert error.hint == hint


@pytest.mark.parametrize("detail", ['{"digest": "%s"}', '{"Digest": "%s"}', '"%s"'])
def test_a_complaint_may_name_a_blob(detail: str) -> None:
    digest = Digest.of(b"x")
    body = '{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "detail": %s}]}' % (detail % digest)

    error = refused(Refusal("do it", "r.example", 400, body.encode()))

    assert isinstance(error, BlobsMissing)
    assert error.digests == (digest,)
