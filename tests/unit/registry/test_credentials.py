"""Credentials as Docker and Podman write them, and as nobody should."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamina.registry.credentials import (
    AuthFile,
    Credentials,
    HelperFailed,
    Keychain,
    MalformedCredentials,
    anonymous,
    auth_file_places,
)

HINT = "Mend the file, or log in again"


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


class Helpers:
    """Helpers that know some servers, and what they were asked."""

    def __init__(self, known: dict[tuple[str, str], Any]) -> None:
        self._known = known
        self.asked: list[tuple[str, str]] = []

    def __call__(self, name: str, server: str) -> bytes | None:
        self.asked.append((name, server))
        found = self._known.get((name, server))
        return None if found is None else json.dumps(found).encode()


NO_HELPERS: Callable[[str, str], bytes | None] = Helpers({})


def find(
    document: object, registry: str, repository: str = "team/app", helpers: Helpers | None = None
) -> Credentials | None:
    file = AuthFile.parse(json.dumps(document).encode(), "config.json")
    return Keychain(lambda: [file], helpers or NO_HELPERS).find(registry, repository)


@pytest.mark.parametrize(
    "key", ["ghcr.io", "https://ghcr.io", "https://ghcr.io/", "https://ghcr.io/v1/", "ghcr.io/v2"]
)
def test_a_registry_is_found_as_docker_writes_it(key: str) -> None:
    assert find({"auths": {key: auth("me:pass:word")}}, "ghcr.io") == Credentials("me", "pass:word")


@pytest.mark.parametrize(
    "key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]
)
def test_docker_hub_has_many_names(key: str) -> None:
    found = find({"auths": {key: auth("me:secret")}}, "docker.io", "library/python")

    assert found == Credentials("me", "secret")


def test_user_and_password_may_stand_apart() -> None:
    entry = {"username": "me", "password": "secret"}

    assert find({"auths": {"ghcr.io": entry}}, "ghcr.io") == Credentials("me", "secret")


def test_an_identity_token_comes_first() -> None:
    entry = {**auth("me:x"), "identitytoken": "token"}

    found = find({"auths": {"ghcr.io": entry}}, "ghcr.io")

    assert found == Credentials("", "token", is_identity_token=True)


def test_the_longest_name_counts() -> None:
    auths = {"r.example": auth("a:1"), "r.example/team": auth("b:2"), "r.example/te": auth("c:3")}

    assert find({"auths": auths}, "r.example", "team/app") == Credentials("b", "2")
    assert find({"auths": auths}, "r.example", "other") == Credentials("a", "1")


def test_other_registries_have_no_part_in_it() -> None:
    auths = {"ghcr.io.evil.example": auth("me:x"), "evil.example/ghcr.io": auth("me:y")}

    assert find({"auths": auths}, "ghcr.io") is None
    assert find({}, "ghcr.io") is None


def test_an_empty_entry_is_none() -> None:
    """Docker writes one for each registry whose credentials lie in its store."""
    assert find({"auths": {"ghcr.io": {}, "docker.io": {"auth": ""}}}, "ghcr.io") is None


def test_a_helper_comes_before_the_store_and_the_file() -> None:
    helpers = Helpers({("pass", "ghcr.io"): {"Username": "me", "Secret": "s"}})
    document = {
        "auths": {"ghcr.io": auth("old:old")},
        "credsStore": "desktop",
        "credHelpers": {"ghcr.io": "pass"},
    }

    assert find(document, "ghcr.io", helpers=helpers) == Credentials("me", "s")
    assert helpers.asked == [("pass", "ghcr.io")]


def test_a_store_that_knows_nothing_leaves_the_file() -> None:
    helpers = Helpers({})
    document = {"auths": {"docker.io": auth("me:x")}, "credsStore": "desktop"}

    assert find(document, "docker.io", helpers=helpers) == Credentials("me", "x")
    assert helpers.asked == [("desktop", "https://index.docker.io/v1/")]


def test_a_helper_gives_an_identity_token() -> None:
    helpers = Helpers({("acr", "r.example"): {"Username": "<token>", "Secret": "t"}})

    found = find({"credHelpers": {"r.example": "acr"}}, "r.example", helpers=helpers)

    assert found == Credentials("", "t", is_identity_token=True)


@pytest.mark.parametrize(
    ("environ", "places"),
    [
        (
            {},
            [
                "/run/containers/7/auth.json",
                "/me/.config/containers/auth.json",
                "/me/.docker/config.json",
            ],
        ),
        ({"REGISTRY_AUTH_FILE": "/a.json", "DOCKER_CONFIG": "/d"}, ["/a.json"]),
        (
            {"XDG_RUNTIME_DIR": "/run/1", "XDG_CONFIG_HOME": "/c", "DOCKER_CONFIG": "/d"},
            ["/run/1/containers/auth.json", "/c/containers/auth.json", "/d/config.json"],
        ),
    ],
)
def test_credentials_lie_where_docker_and_podman_put_them(
    environ: dict[str, str], places: list[str]
) -> None:
    assert [str(place) for place in auth_file_places(environ, Path("/me"), 7)] == places


def test_the_first_file_that_knows_counts() -> None:
    first = AuthFile.parse(b"{}", "auth.json")
    second = AuthFile.parse(json.dumps({"auths": {"a": auth("me:x")}}).encode(), "config.json")

    assert Keychain(lambda: [first, second], NO_HELPERS).find("a", "b") == Credentials("me", "x")
    assert Keychain(list, NO_HELPERS).find("a", "b") is None
    assert anonymous("a", "b") is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"secret", "Malformed credentials in `config.json`: not JSON"),
        (b"[]", "Malformed credentials in `config.json`: expected an object"),
        (
            b'{"auths": []}',
            "Malformed credentials in `config.json`: expected an object at `auths`, got: a list",
        ),
        (
            b'{"auths": {"a": {"auth": 5}}}',
            "Malformed credentials in `config.json`: expected text at `auths.a.auth`,"
            " got: a number",
        ),
        (
            b'{"credHelpers": {"a": []}}',
            "Malformed credentials in `config.json`: expected text at `credHelpers.a`, got: a list",
        ),
    ],
)
def test_what_is_malformed_is_named(data: bytes, text: str) -> None:
    with pytest.raises(MalformedCredentials) as caught:
        AuthFile.parse(data, "config.json").find("a", "b", NO_HELPERS)

    assert str(caught.value) == text
    assert caught.value.hint == HINT


@pytest.mark.parametrize("text", ["%%%", base64.b64encode(b"secret").decode(), "/w=="])
def test_what_is_no_user_and_password_is_not_shown(text: str) -> None:
    with pytest.raises(MalformedCredentials) as caught:
        find({"auths": {"ghcr.io": {"auth": text}}}, "ghcr.io")

    assert str(caught.value) == (
        "Malformed credentials in `config.json`: expected `user:password` in base64"
        " at `auths.ghcr.io.auth`"
    )


@pytest.mark.parametrize("name", ["../evil", "a b", "a/b", "-"])
def test_a_helper_has_a_plain_name(name: str) -> None:
    with pytest.raises(HelperFailed) as caught:
        find({"credHelpers": {"a": name}}, "a")

    assert str(caught.value) == (
        f"Unable to ask the credential helper `docker-credential-{name}`: not the name of a helper"
    )


@pytest.mark.parametrize("answer", [["secret"], {"Username": 5, "Secret": "secret"}])
def test_a_helper_that_answers_badly_is_not_quoted(answer: object) -> None:
    helpers = Helpers({("pass", "a"): answer})

    with pytest.raises(HelperFailed) as caught:
        find({"credsStore": "pass"}, "a", helpers=helpers)

    assert str(caught.value) == (
        "Unable to ask the credential helper `docker-credential-pass`: its answer is malformed"
    )
    assert caught.value.__suppress_context__


def test_a_secret_is_in_no_repr() -> None:
    assert repr(Credentials("me", "secret")) == ("Credentials(user='me', is_identity_token=False)")
