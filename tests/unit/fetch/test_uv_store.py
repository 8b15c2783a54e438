from __future__ import annotations

from datetime import UTC, datetime

import pytest
import tomli

from lamina.fetch.credentials import IndexCredentials
from lamina.fetch.uv_store import find_stored, parse_uv_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = "uv's credential store"


def entry(service: str, user: str = "me", password: str = "pw", more: str = "") -> str:
    return (
        f'[[credential]]\nservice = "{service}"\nusername = "{user}"\nscheme = "basic"\n'
        f'password = "{password}"\n{more}'
    )


def find(text: str, url: str, user: str = "") -> IndexCredentials | None:
    return find_stored(parse_uv_store(text, NOW), url, user)


@pytest.mark.parametrize(
    ("url", "is_for"),
    [
        ("https://h.example/private", True),
        ("https://h.example/private/a/b.whl?x", True),
        ("https://H.example:443/private/", True),
        ("https://h.example/privat", False),
        ("https://h.example/", False),
        ("http://h.example/private", False),
        ("https://h.example:8443/private", False),
        ("https://sub.h.example/private", False),
    ],
)
def test_what_is_stored_is_for_all_below(url: str, is_for: bool) -> None:
    found = find(entry("https://h.example/private/"), url)

    assert found == (IndexCredentials("me", "pw", source=SOURCE) if is_for else None)


def test_the_longest_address_counts() -> None:
    text = entry("https://h.example", "a") + entry("https://h.example/x", "b")

    assert (found := find(text, "https://h.example/x/y")) is not None
    assert found.user == "b"


def test_two_users_must_be_told_apart() -> None:
    text = entry("h.example", "a") + entry("h.example", "b")

    assert find(text, "https://h.example/") is None
    assert (found := find(text, "https://h.example/", "a")) is not None
    assert found.user == "a"
    assert find(text, "https://h.example/", "c") is None


@pytest.mark.parametrize(
    ("expires", "is_good"),
    [
        ("", True),
        ('expires-at = "2026-01-01T00:00:01Z"', True),
        ('expires-at = "2026-01-01T00:00:00Z"', False),
        ("expires-at = 2025-12-31T00:00:00Z", False),
        ('expires-at = "soon"', True),
    ],
)
def test_a_token_counts_until_it_expires(expires: str, is_good: bool) -> None:
    text = (
        f'[[credential]]\nservice = "https://h.example"\nscheme = "bearer"\ntoken = "t"\n{expires}'
    )

    found = find(text, "https://h.example/a")

    assert found == (IndexCredentials(token="t", source=SOURCE) if is_good else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "credential = 3",
        "[[credential]]",
        "[[credential]]\nservice = 3\nusername = 'a'\npassword = 'b'",
        "[[credential]]\nservice = 'h.example'\nusername = 'a'",
        "[[credential]]\nservice = 'h.example'\nscheme = 'bearer'",
        "[[credential]]\nservice = 'h.example'\nscheme = 'bearer'\ntoken = \"a\\nb\"",
        "[[credential]]\nservice = '[h.example'\nusername = 'a'\npassword = 'b'",
    ],
)
def test_what_is_not_understood_is_left_out(text: str) -> None:
    assert parse_uv_store(text, NOW) == ()


def test_what_is_no_toml_is_an_error() -> None:
    with pytest.raises(tomli.TOMLDecodeError):
        parse_uv_store("[[", NOW)
