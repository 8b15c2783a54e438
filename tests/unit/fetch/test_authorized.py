from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from fakes.transport import Answer, Reply, ScriptedTransport
from lamina.fetch.authorized import (
    AuthorizedTransport,
    CredentialsForbidden,
    CredentialsMissing,
    CredentialsRefused,
)
from lamina.fetch.credentials import IndexCredentials
from lamina.fetch.download import Refused
from lamina.fetch.finder import Finder, Netrc, Sources
from lamina.fetch.indexes import Authenticate, Index
from lamina.transport.protocol import Request, TransportError

HOST = "https://h.example"
FILE = f"{HOST}/files/a.whl"
GOOD = IndexCredentials("me", "s3cret", source="`UV_INDEX_X_USERNAME`")
BAD = IndexCredentials("me", "0ld", source="`UV_INDEX_X_USERNAME`")
NETRC = Netrc("~/.netrc", {"h.example": ("me", "s3cret")})


def guarded(
    good: IndexCredentials = GOOD, *, status: int = 401, reply: Reply | None = None
) -> Answer:
    """Answer only who is let in."""

    def answer(request: Request) -> Reply:
        is_let_in = request.headers.get("Authorization") == good.header
        return (reply or Reply(b"body")) if is_let_in else Reply(b"who?", status)

    return answer


@dataclass
class Site:
    """A transport, and what was sent by it."""

    sources: Sources = field(default_factory=Sources)
    script: Mapping[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.below = ScriptedTransport({url: [each] for url, each in self.script.items()})
        self.transport = AuthorizedTransport(self.below, Finder(self.sources))

    def ask(self, url: str = FILE, **more: object) -> tuple[int, bytes]:
        with self.transport.send(Request("GET", url, **more)) as response:  # type: ignore[arg-type]
            return response.status, b"".join(response.chunks(100))

    @property
    def sent(self) -> list[tuple[str, str | None]]:
        """URLs and headers, of which only the credentials."""
        return [(each.url, each.headers.get("Authorization")) for each in self.below.asked]


def index(
    credentials: IndexCredentials | None = None,
    *,
    name: str | None = "x",
    authenticate: Authenticate = Authenticate.AUTO,
) -> Sources:
    return Sources(indexes=(Index(f"{HOST}/simple", name, credentials, authenticate),))


def with_netrc(file: Netrc = NETRC) -> Sources:
    return Sources(netrc=lambda: file)


def test_what_is_known_is_sent_at_once() -> None:
    site = Site(index(GOOD), {FILE: guarded()})

    assert site.ask() == (200, b"body")
    assert site.sent == [(FILE, GOOD.header)]


def test_what_is_in_the_url_wins_and_goes_into_the_header() -> None:
    own = IndexCredentials("you", "pä/ss")
    site = Site(index(GOOD), {FILE: guarded(own)})

    assert site.ask(own.within(FILE)) == (200, b"body")
    assert site.sent == [(FILE, own.header)]


def test_a_user_in_the_url_gets_a_password() -> None:
    site = Site(with_netrc(), {FILE: guarded()})

    assert site.ask("https://me@h.example/files/a.whl") == (200, b"body")
    assert site.sent == [(FILE, GOOD.header)]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_must_be_looked_for_is_sent_when_it_is_asked_for(status: int) -> None:
    site = Site(with_netrc(), {FILE: guarded(status=status)})

    assert site.ask() == (200, b"body")
    assert site.sent == [(FILE, None), (FILE, GOOD.header)]


def test_who_does_not_ask_gets_none() -> None:
    site = Site(with_netrc(), {FILE: Reply(b"open to all")})

    assert site.ask() == (200, b"open to all")
    assert site.sent == [(FILE, None)]


def test_who_has_asked_once_gets_them_at_once() -> None:
    other = f"{HOST}/b.whl"
    site = Site(with_netrc(), {FILE: guarded(), other: guarded()})
    site.ask()

    assert site.ask(other) == (200, b"body")
    assert site.sent[2:] == [(other, GOOD.header)]


def test_what_was_given_for_one_address_waits_to_be_asked_for_at_others() -> None:
    other = f"{HOST}/b.whl"
    url = IndexCredentials("you", "pw").within(FILE)
    site = Site(script={FILE: guarded(IndexCredentials("you", "pw")), other: Reply(b"open")})

    site.ask(url)
    site.ask(other)

    assert site.sent[1:] == [(other, None)]


def test_a_second_index_does_not_take_the_place_of_the_first() -> None:
    one, two = Index(f"{HOST}/1/simple", "x", GOOD), Index(f"{HOST}/2/simple", "y", BAD)
    second, other = f"{HOST}/2/b.whl", f"{HOST}/3/c.whl"
    site = Site(Sources(indexes=(one, two)), {second: guarded(BAD), other: guarded(GOOD)})

    assert site.ask(second) == site.ask(other) == (200, b"body")
    assert site.sent == [(second, BAD.header), (other, None), (other, GOOD.header)]


def test_who_will_not_have_what_was_learned_is_asked_without() -> None:
    other = f"{HOST}/b.whl"

    def public(request: Request) -> Reply:
        return Reply(b"", 403) if "Authorization" in request.headers else Reply(b"open")

    site = Site(with_netrc(), {FILE: guarded(), other: public})
    site.ask()

    assert site.ask(other) == (200, b"open")


def test_what_else_is_asked_goes_along() -> None:
    site = Site(index(GOOD), {FILE: guarded()})

    site.ask(headers={"Range": "bytes=1-"})

    assert site.below.asked[0].headers == {"Range": "bytes=1-", "Authorization": GOOD.header}


def test_a_redirect_to_another_host_is_sent_none() -> None:
    elsewhere = "https://cdn.example/a.whl?signature=1"
    site = Site(
        index(GOOD),
        {
            FILE: guarded(reply=Reply(status=302, headers={"Location": elsewhere})),
            elsewhere: Reply(b"x"),
        },
    )

    assert site.ask() == (200, b"x")
    assert site.sent == [(FILE, GOOD.header), (elsewhere, None)]


def test_a_redirect_to_another_host_is_sent_what_is_for_that_host() -> None:
    elsewhere = "https://i.example/a.whl"
    other = IndexCredentials("two", "2")
    file = Netrc("~/.netrc", {"i.example": ("two", "2")})
    site = Site(
        Sources(indexes=index(GOOD).indexes, netrc=lambda: file),
        {
            FILE: guarded(reply=Reply(status=307, headers={"Location": elsewhere})),
            elsewhere: guarded(other),
        },
    )

    assert site.ask() == (200, b"body")
    assert site.sent[1:] == [(elsewhere, None), (elsewhere, other.header)]


def test_a_redirect_to_plain_http_is_another_host() -> None:
    elsewhere = "http://h.example/files/a.whl"
    site = Site(
        index(GOOD),
        {
            FILE: guarded(reply=Reply(status=301, headers={"Location": elsewhere})),
            elsewhere: Reply(),
        },
    )

    site.ask()

    assert site.sent[1:] == [(elsewhere, None)]


def test_a_redirect_on_the_host_is_sent_the_same() -> None:
    there = f"{HOST}/there.whl"
    site = Site(
        index(GOOD),
        {
            FILE: guarded(reply=Reply(status=308, headers={"Location": "/there.whl"})),
            there: guarded(),
        },
    )

    assert site.ask() == (200, b"body")
    assert site.sent == [(FILE, GOOD.header), (there, GOOD.header)]


def test_redirects_must_end() -> None:
    site = Site(script={FILE: Reply(status=302, headers={"Location": FILE})})

    with pytest.raises(TransportError) as caught:
        site.ask()

    assert str(caught.value) == f"Unable to reach `{FILE}`: too many redirects"
    assert len(site.sent) == 6


def test_a_redirect_to_nowhere_is_told() -> None:
    site = Site(script={FILE: Reply(status=302, headers={"Location": "https://[s3cret"})})

    with pytest.raises(TransportError) as caught:
        site.ask()

    assert str(caught.value) == f"Unable to follow where `{FILE}` leads: not a URL"
    assert not caught.value.may_pass


def test_what_is_no_url_is_for_the_transport_to_refuse() -> None:
    site = Site(index(GOOD))

    with pytest.raises(TransportError):
        site.ask("https://[h.example/a")

    assert site.sent == [("https://[h.example/a", None)]


def test_a_redirect_is_the_answer_for_who_wants_it() -> None:
    site = Site(script={FILE: Reply(status=302, headers={"Location": HOST})})

    assert site.ask(follows=False) == (302, b"")
    assert site.ask(is_once=True) == (302, b"")


def test_refused_credentials_are_named_and_not_shown() -> None:
    site = Site(index(BAD), {FILE: guarded()})

    with pytest.raises(CredentialsRefused) as caught:
        site.ask()

    assert str(caught.value) == (
        f"Unable to download `{FILE}`: the server answered 401 to the credentials from "
        "`UV_INDEX_X_USERNAME`"
    )
    assert caught.value.hint == "They may be wrong, or have expired: give others there"
    assert site.sent == [(FILE, BAD.header)]


def test_a_user_who_may_not_read_is_told_so() -> None:
    site = Site(with_netrc(), {FILE: Reply(status=403)})

    with pytest.raises(CredentialsRefused) as caught:
        site.ask()

    assert str(caught.value) == (
        f"Unable to download `{FILE}`: the server answered 403 to the credentials from `~/.netrc`"
    )
    assert caught.value.hint == (
        "They may have expired, or their user may not read this: ask for access"
    )


def test_a_user_without_a_password_is_told_so() -> None:
    site = Site(script={FILE: Reply(status=401)})

    with pytest.raises(CredentialsRefused) as caught:
        site.ask("https://s3cret@h.example/files/a.whl")

    assert str(caught.value) == (
        f"Unable to download `{FILE}`: the server answered 401 to the credentials from the URL "
        "itself, which have no password"
    )


@pytest.mark.parametrize(
    ("sources", "looked_in", "hint"),
    [
        (
            index(),
            "the settings of index `x`, netrc (no file), uv's credential store, "
            "not in `keyring`, which is not turned on",
            "Set `UV_INDEX_X_USERNAME` and `UV_INDEX_X_PASSWORD`, or add `h.example` to `~/.netrc`",
        ),
        (
            index(name=None),
            "the settings of index `https://h.example/simple`, netrc (no file), "
            "uv's credential store, not in `keyring`, which is not turned on",
            "Give the index a `name`, and set the variables `UV_INDEX_<NAME>_USERNAME` and "
            "`UV_INDEX_<NAME>_PASSWORD`; or add `h.example` to `~/.netrc`",
        ),
        (
            with_netrc(Netrc("/etc/netrc")),
            "`/etc/netrc`, uv's credential store, not in `keyring`, which is not turned on",
            "Run `uv auth login https://h.example`, or add `h.example` to `/etc/netrc`",
        ),
    ],
    ids=["a named index", "an index without a name", "no index"],
)
def test_missing_credentials_are_told_with_the_way_out(
    sources: Sources, looked_in: str, hint: str
) -> None:
    site = Site(sources, {FILE: Reply(status=401)})

    with pytest.raises(CredentialsMissing) as caught:
        site.ask()

    assert str(caught.value) == (
        f"Unable to download `{FILE}`: the server answered 401, and no credentials were found\n"
        f"  looked in: {looked_in}"
    )
    assert caught.value.hint == hint


def test_a_file_that_is_perhaps_hidden_is_told_so() -> None:
    with pytest.raises(CredentialsMissing) as caught:
        Site(index(), {FILE: Reply(status=404)}).ask()

    assert str(caught.value) == f"Unable to download `{FILE}`: the server answered 404"
    assert caught.value.hint == (
        "The file is gone, or it is shown only to who has credentials; for these, set "
        "`UV_INDEX_X_USERNAME` and `UV_INDEX_X_PASSWORD`, or add `h.example` to `~/.netrc`"
    )


def test_a_file_that_is_gone_for_who_is_known_is_gone() -> None:
    assert Site(index(GOOD), {FILE: Reply(status=404)}).ask()[0] == 404
    assert Site(script={FILE: Reply(status=404)}).ask()[0] == 404


def test_an_index_that_always_wants_credentials_is_not_asked_without() -> None:
    site = Site(index(authenticate=Authenticate.ALWAYS), {FILE: Reply()})

    with pytest.raises(CredentialsMissing) as caught:
        site.ask()

    assert site.sent == []
    assert str(caught.value).startswith(
        f"Unable to download `{FILE}`: no credentials were found, and index `x` has "
        '`authenticate = "always"`\n  looked in: the settings of index `x`, '
    )


def test_an_index_that_always_wants_credentials_gets_those_that_are_found() -> None:
    sources = Sources(indexes=index(authenticate=Authenticate.ALWAYS).indexes, netrc=lambda: NETRC)
    site = Site(sources, {FILE: guarded()})

    assert site.ask() == (200, b"body")
    assert site.sent == [(FILE, GOOD.header)]


def test_an_index_that_gets_none_gets_none() -> None:
    site = Site(index(GOOD, authenticate=Authenticate.NEVER), {FILE: Reply(status=401)})

    with pytest.raises(CredentialsForbidden) as caught:
        site.ask()

    assert site.sent == [(FILE, None)]
    assert str(caught.value) == (
        f"Unable to download `{FILE}`: the server answered 401, and index `x` has "
        '`authenticate = "never"`'
    )
    assert caught.value.hint == "To let it have credentials, take that setting away"


def test_who_asks_for_a_size_may_be_refused() -> None:
    """A server that lets nobody ask by HEAD is asked by GET then."""
    assert issubclass(CredentialsMissing, Refused)
    assert issubclass(CredentialsRefused, Refused)


def test_the_rest_is_passed_on() -> None:
    site = Site()

    site.transport.pause(2.0)
    site.transport.interrupt()

    assert site.below.pauses == [2.0]
    assert site.below.is_interrupted
