from __future__ import annotations

import base64

import pytest

from lamina.fetch.credentials import IndexCredentials, without_credentials


@pytest.mark.parametrize(
    ("url", "bare", "user", "password"),
    [
        ("https://me:pw@h.example/a", "https://h.example/a", "me", "pw"),
        ("https://me@h.example/a", "https://h.example/a", "me", None),
        ("https://me:@h.example/a", "https://h.example/a", "me", ""),
        ("https://:pw@h.example/a", "https://h.example/a", "", "pw"),
        ("https://m%40e:p%3Aw@h.example:8/a?b#c", "https://h.example:8/a?b#c", "m@e", "p:w"),
        ("https://me:p:w@x@h.example/", "https://h.example/", "me", "p:w@x"),
        ("http://me:pw@[::1]:8/", "http://[::1]:8/", "me", "pw"),
    ],
)
def test_user_and_password_are_taken_out_of_a_url(
    url: str, bare: str, user: str, password: str | None
) -> None:
    assert without_credentials(url) == (bare, IndexCredentials(user, password))


@pytest.mark.parametrize("url", ["https://h.example/a@b", "wheels/here", "http://[", ""])
def test_a_url_without_any_is_as_it_is(url: str) -> None:
    assert without_credentials(url) == (url, None)


def test_a_userinfo_with_nothing_in_it_is_none() -> None:
    assert without_credentials("https://@h.example/") == ("https://h.example/", None)
    assert without_credentials("https://:@h.example/") == ("https://h.example/", None)


@pytest.mark.parametrize("password", ["pw", "p@ss:w/ord%", "pässword", ""])
def test_what_is_put_into_a_url_comes_out_of_it(password: str) -> None:
    credentials = IndexCredentials("m/e", password)

    assert without_credentials(credentials.within("https://h.example/a")) == (
        "https://h.example/a",
        credentials,
    )


def test_a_user_alone_is_put_into_a_url_alone() -> None:
    assert IndexCredentials("me").within("https://x:y@h.example/") == "https://me@h.example/"
    assert IndexCredentials(token="t").within("https://h.example/") == "https://h.example/"


def test_the_header_is_that_of_rfc_7617() -> None:
    pair = base64.b64decode(IndexCredentials("me", "pä:ss").header.removeprefix("Basic "))

    assert pair.decode() == "me:pä:ss"
    assert base64.b64decode(IndexCredentials("me").header.removeprefix("Basic ")) == b"me:"
    assert IndexCredentials(token="t").header == "Bearer t"


def test_what_is_no_utf8_in_a_variable_is_sent_as_it_is() -> None:
    credentials = IndexCredentials("me", b"p\xe4ss".decode(errors="surrogateescape"))

    assert base64.b64decode(credentials.header.removeprefix("Basic ")) == b"me:p\xe4ss"
    assert credentials.within("https://h.example/") == "https://me:p%E4ss@h.example/"


def test_nothing_secret_is_shown() -> None:
    shown = repr(IndexCredentials("hidden", "hidden", "hidden", "`netrc`"))

    assert shown == "IndexCredentials(source='`netrc`')"
