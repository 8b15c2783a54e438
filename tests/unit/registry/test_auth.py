"""Who is shown what, and when."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from fakes.registry import FakeRegistry, Fault, serve_registry
from lamina.registry.auth import RealmRefused
from lamina.registry.credentials import Credentials
from lamina.registry.errors import BadAnswer, Denied, RegistryError
from unit.registry.setting import BLOB, DATA, ME, NAME, Clients

BLOB_PATH = f"/v2/{NAME}/blobs/{BLOB.digest}"


@pytest.fixture(autouse=True)
def blob(server: FakeRegistry) -> None:
    server.add_blob(NAME, DATA)
    server.users = {ME.user: ME.secret}


@pytest.fixture
def tokens(server: FakeRegistry, clients: Clients) -> FakeRegistry:
    server.scheme, clients.credentials = "bearer", ME
    return server


def test_nothing_is_shown_to_a_registry_that_does_not_ask(
    server: FakeRegistry, clients: Clients
) -> None:
    server.users, clients.credentials = {}, ME

    clients.repository().has_blob(BLOB.digest)

    assert "authorization" not in server.asked[0].headers


def test_basic_is_answered_once_and_then_kept(server: FakeRegistry, clients: Clients) -> None:
    clients.credentials = ME
    repository = clients.repository()

    for _ in range(3):
        repository.has_blob(BLOB.digest)

    shown = [asked.headers.get("authorization") for asked in server.asked]
    assert shown == [None, ME.basic, ME.basic, ME.basic]


def test_a_wrong_password_is_not_tried_twice(server: FakeRegistry, clients: Clients) -> None:
    clients.credentials = Credentials("me", "guess")

    with pytest.raises(Denied):
        clients.repository().has_blob(BLOB.digest)

    assert len(server.asked) == 2


def test_a_token_is_for_all_that_the_repository_is_for(
    tokens: FakeRegistry, clients: Clients
) -> None:
    repository = clients.repository()
    repository.has_blob(BLOB.digest)
    repository.upload(BLOB, lambda: iter([DATA]))

    assert [asked.method for asked in tokens.asked] == ["HEAD", "GET", "HEAD", "POST", "PUT"]
    query = parse_qs(tokens.asked[1].target.partition("?")[2])
    assert query["scope"] == [f"repository:{NAME}:pull,push"]
    assert query["service"] == [tokens.host]


def test_who_pulls_asks_for_no_more(tokens: FakeRegistry, clients: Clients) -> None:
    clients.repository(push=False).has_blob(BLOB.digest)

    query = parse_qs(tokens.asked[1].target.partition("?")[2])
    assert query["scope"] == [f"repository:{NAME}:pull"]


def test_a_token_is_renewed_before_it_ends(tokens: FakeRegistry, clients: Clients) -> None:
    repository = clients.repository()
    repository.has_blob(BLOB.digest)
    for clients.now in (200, 295):
        repository.has_blob(BLOB.digest)

    assert [asked.method for asked in tokens.asked] == [
        *("HEAD", "GET", "HEAD"),
        "HEAD",
        *("GET", "HEAD"),
    ]


def test_a_registry_may_want_more_than_we_think(tokens: FakeRegistry, clients: Clients) -> None:
    """Its challenge names scopes of its own, which are asked for besides ours."""
    challenge = f'Bearer realm="{tokens.realm}",service="s",scope="registry:catalog:*"'
    refusal = Fault(status=401, headers={"WWW-Authenticate": challenge})
    tokens.fail("HEAD", BLOB_PATH, refusal)

    clients.repository().has_blob(BLOB.digest)

    query = parse_qs(tokens.asked[1].target.partition("?")[2])
    assert query["scope"] == ["registry:catalog:*", f"repository:{NAME}:pull,push"]


def test_an_identity_token_is_posted(tokens: FakeRegistry, clients: Clients) -> None:
    tokens.identity_tokens = {"identity"}
    clients.credentials = Credentials("", "identity", is_identity_token=True)

    assert clients.repository().has_blob(BLOB.digest) == len(DATA)
    assert tokens.trace()[1] == "POST /token"
    assert "authorization" not in tokens.asked[1].headers
    assert "identity" not in tokens.asked[1].target


def test_a_token_server_that_says_no_is_explained(tokens: FakeRegistry, clients: Clients) -> None:
    clients.credentials = Credentials("me", "guess")

    with pytest.raises(Denied) as caught:
        clients.repository().has_blob(BLOB.digest)

    assert str(caught.value) == (
        f"Failed to get a token for `{tokens.host}`: token server answered 401"
        " (incorrect username or password)"
    )
    assert caught.value.hint == (
        "The credentials found do not allow it; to log in with others, run"
        f" `docker login {tokens.host}`"
    )


def test_a_token_server_that_repeats_a_secret_is_not_quoted(
    tokens: FakeRegistry, clients: Clients
) -> None:
    body = json.dumps({"error": "denied", "error_description": f"{ME.secret} is wrong"}).encode()
    tokens.fail("GET", "/token", Fault(status=403, body=body))

    with pytest.raises(Denied) as caught:
        clients.repository().has_blob(BLOB.digest)

    assert str(caught.value).endswith("token server answered 403 (denied: **** is wrong)")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"token": 5}', b'{"token": "a\\r\\nX: y"}', b'{"token": "a b"}']
)
def test_an_answer_without_a_token_is_refused(
    tokens: FakeRegistry, clients: Clients, body: bytes
) -> None:
    tokens.fail("GET", "/token", Fault(status=200, body=body))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().has_blob(BLOB.digest)

    assert str(caught.value) == (
        f"Failed to get a token for `{tokens.host}`: the token server's answer holds none"
    )
    assert caught.value.hint == f"To log in, run `docker login {tokens.host}`"


def test_a_token_server_is_asked_again_after_a_fault(
    tokens: FakeRegistry, clients: Clients
) -> None:
    tokens.fail("GET", "/token", Fault(status=503), Fault(takes=0))

    assert clients.repository().has_blob(BLOB.digest) == len(DATA)


def test_credentials_go_to_no_realm_without_tls(tokens: FakeRegistry, clients: Clients) -> None:
    tokens.realm = "http://tokens.example/token?key=secret"

    with pytest.raises(RealmRefused) as caught:
        clients.repository().has_blob(BLOB.digest)

    assert str(caught.value) == (
        f"Refused to send credentials for `{tokens.host}` to `http://tokens.example/token`:"
        " not over TLS"
    )


def test_a_token_server_leads_nowhere(tokens: FakeRegistry, clients: Clients) -> None:
    """Who follows would carry the password along."""
    with serve_registry() as other:
        place = {"Location": f"{other.address}/token"}
        tokens.fail("GET", "/token", Fault(status=307, headers=place))

        with pytest.raises(RegistryError, match="token server answered 307"):
            clients.repository().has_blob(BLOB.digest)

    assert other.asked == []


@pytest.mark.parametrize("header", ["", "Negotiate", "Bearer", 'Bearer realm=""', "\x7f=,,,"])
def test_a_challenge_that_we_do_not_know_ends_in_a_hint(
    tokens: FakeRegistry, clients: Clients, header: str
) -> None:
    tokens.fail("HEAD", BLOB_PATH, Fault(status=401, headers={"WWW-Authenticate": header}))

    with pytest.raises(Denied) as caught:
        clients.repository().has_blob(BLOB.digest)

    assert len(tokens.asked) == 1
    assert caught.value.status == 401


def test_each_repository_has_its_own_credentials(server: FakeRegistry, clients: Clients) -> None:
    server.users = {"a": "1", "b": "2"}
    registry = clients.registry()
    known = {"team/app": Credentials("a", "1"), "other": Credentials("b", "2")}
    registry._credentials = lambda host, name: known[name]

    registry.repository("team/app").has_blob(BLOB.digest)
    registry.repository("other").has_blob(BLOB.digest)

    shown = [asked.headers.get("authorization") for asked in server.asked]
    assert shown == [None, known["team/app"].basic, None, known["other"].basic]


def test_no_secret_is_in_any_url_or_repr(tokens: FakeRegistry, clients: Clients) -> None:
    repository = clients.repository()
    repository.has_blob(BLOB.digest)

    shown = "".join(asked.target for asked in tokens.asked)
    authenticator = repository._exchange._authorizer
    shown += f"{ME!r}{authenticator!r}{vars(authenticator)!r}{repository._namespace!r}"
    assert ME.secret not in shown
    assert ME.basic.removeprefix("Basic ") not in shown
    assert "token1" not in shown
