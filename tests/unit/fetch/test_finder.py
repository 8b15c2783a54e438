from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from lamina.fetch.credentials import IndexCredentials
from lamina.fetch.finder import Finder, Netrc, Sources
from lamina.fetch.indexes import Authenticate, Index
from lamina.fetch.keyring import KeyringFailed
from lamina.fetch.uv_store import StoredCredentials

ONE = IndexCredentials("one", "1")
TWO = IndexCredentials("two", "2")
USER = IndexCredentials("one")
HOST = "https://h.example"


@dataclass
class FakeKeyring:
    """Passwords by service and user, and what was asked for."""

    passwords: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def get(self, service: str, user: str) -> IndexCredentials | None:
        self.asked.append((service, user))
        self.before()
        password = self.passwords.get((service, user))
        return None if password is None else IndexCredentials(user or "found", password)


class BrokenKeyring:
    """Nobody is at home."""

    def get(self, service: str, user: str) -> IndexCredentials | None:
        raise KeyringFailed("exit status 3")


def netrc(**hosts: tuple[str, str]) -> Netrc:
    return Netrc("~/.netrc", {name.replace("_", "."): pair for name, pair in hosts.items()})


def test_an_indexs_credentials_are_for_what_is_below_its_root() -> None:
    finder = Finder(Sources(indexes=(Index(f"{HOST}/a/simple", credentials=ONE),)))

    assert finder.at_once(f"{HOST}/a/files/x.whl") == ONE
    assert finder.at_once(f"{HOST}/b/x.whl") is None
    assert finder.when_asked(f"{HOST}/b/x.whl") == ONE


@pytest.mark.parametrize(
    "url",
    [
        "http://h.example/a/x.whl",
        "https://h.example:8443/a/x.whl",
        "https://h.example.evil.example/a/x.whl",
        "https://sub.h.example/a/x.whl",
        "https://evil.example/h.example/a",
    ],
)
def test_credentials_are_for_one_scheme_host_and_port(url: str) -> None:
    finder = Finder(Sources(indexes=(Index(f"{HOST}/a/simple", credentials=ONE),)))

    assert finder.at_once(url) is None
    assert finder.when_asked(url) is None


def test_the_index_with_the_longest_root_counts() -> None:
    indexes = (Index(f"{HOST}/simple", credentials=ONE), Index(f"{HOST}/b", credentials=TWO))
    finder = Finder(Sources(indexes=indexes))

    assert finder.at_once(f"{HOST}/b/x.whl") == TWO
    assert finder.at_once(f"{HOST}/c/x.whl") == ONE


def test_of_two_indexes_of_one_host_the_first_is_for_the_rest() -> None:
    indexes = (Index(f"{HOST}/a", credentials=ONE), Index(f"{HOST}/b", credentials=TWO))

    assert Finder(Sources(indexes=indexes)).when_asked(f"{HOST}/c") == ONE
    assert Finder(Sources(indexes=indexes[::-1])).when_asked(f"{HOST}/c") == TWO


def test_a_password_counts_more_than_a_user_alone() -> None:
    indexes = (Index(f"{HOST}/a", credentials=USER), Index(f"{HOST}/b", credentials=TWO))

    assert Finder(Sources(indexes=indexes)).when_asked(f"{HOST}/c") == TWO


def test_a_url_of_the_project_is_known_with_what_is_in_it() -> None:
    finder = Finder(Sources(urls=("https://me:pw@h.example/a/x.whl", "https://i.example/y")))

    found = finder.when_asked(f"{HOST}/a/z.whl")

    assert found == IndexCredentials(
        "me", "pw", source="the URL `https://h.example/a/x.whl` in `pyproject.toml`"
    )


def test_what_is_no_url_is_passed() -> None:
    finder = Finder(Sources(urls=("https://me:pw@[h.example/a",)))

    assert finder.when_asked(f"{HOST}/a") is None


def test_netrc_goes_by_the_host_alone() -> None:
    file = netrc(h_example=("one", "1"))
    finder = Finder(Sources(netrc=lambda: file))
    found = IndexCredentials("one", "1", source="`~/.netrc`")

    assert finder.at_once(f"{HOST}/x") is None
    assert finder.when_asked(f"{HOST}/x") == found
    assert finder.when_asked("http://h.example:81/x") == found
    assert finder.when_asked("https://i.example/x") is None
    assert file.find(f"{HOST}/x", "other") is None


def test_netrc_has_one_for_all_other_hosts() -> None:
    file = netrc(h_example=("one", "1"), default=("two", "2"))

    assert file.find("https://i.example/", "") == IndexCredentials("two", "2", source="`~/.netrc`")
    assert (found := file.find(HOST, "")) is not None
    assert found.user == "one"


def test_netrc_comes_before_the_store_and_this_before_the_keyring() -> None:
    stored = (StoredCredentials(HOST, IndexCredentials("one", "stored")),)
    keyring = FakeKeyring({(HOST, "one"): "ringed"})
    file = netrc(h_example=("one", "netrc"))
    index = (Index(HOST, credentials=USER),)

    def password(finder: Finder) -> str | None:
        found = finder.at_once(f"{HOST}/x")
        return found.password if found else None

    all_three = Sources(indexes=index, netrc=lambda: file, stored=lambda: stored, keyring=keyring)
    two = Sources(indexes=index, stored=lambda: stored, keyring=keyring)
    assert password(Finder(all_three)) == "netrc"
    assert password(Finder(two)) == "stored"
    assert keyring.asked == []
    assert password(Finder(Sources(indexes=index, keyring=keyring))) == "ringed"


def test_a_user_without_any_password_is_what_there_is() -> None:
    finder = Finder(Sources(indexes=(Index(HOST, credentials=USER),)))

    assert finder.at_once(f"{HOST}/x") == USER


def test_a_keyring_is_asked_for_the_index_and_then_for_the_host() -> None:
    keyring = FakeKeyring()
    url = "https://h.example:8443/a/simple"
    finder = Finder(Sources(indexes=(Index(url, credentials=USER),), keyring=keyring))

    finder.at_once("https://h.example:8443/a/x.whl")
    finder.at_once("https://h.example:8443/a/y.whl")

    assert keyring.asked == [(url, "one"), ("h.example:8443", "one")]


def test_a_keyring_is_asked_for_the_url_where_no_index_is() -> None:
    keyring = FakeKeyring({("h.example", "me"): "pw"})
    finder = Finder(Sources(keyring=keyring))

    found = finder.completed(f"{HOST}/x.whl", IndexCredentials("me"))

    assert found.password == "pw"
    assert keyring.asked == [(f"{HOST}/x.whl", "me"), ("h.example", "me")]


def test_a_keyring_is_asked_for_nobody_only_if_the_index_always_wants_somebody() -> None:
    keyring = FakeKeyring({(f"{HOST}/always", ""): "pw"})
    always = Index(f"{HOST}/always", authenticate=Authenticate.ALWAYS)
    finder = Finder(Sources(indexes=(always, Index(f"{HOST}/auto")), keyring=keyring))

    assert finder.when_asked(f"{HOST}/auto/x") is None
    assert keyring.asked == []
    assert finder.when_asked(f"{HOST}/always/x") == IndexCredentials("found", "pw")


def test_many_threads_ask_a_keyring_once() -> None:
    both = threading.Barrier(2)
    keyring = FakeKeyring({(HOST, "one"): "1"}, before=lambda: both.wait(10))
    finder = Finder(Sources(indexes=(Index(HOST, credentials=USER),), keyring=keyring))
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(finder.at_once, f"{HOST}/{number}") for number in range(4)]
        both.wait(10)

    assert {each.result() for each in found} == {ONE}
    assert keyring.asked == [(HOST, "one")]


def test_a_keyring_that_fails_is_told_of_once() -> None:
    told: list[str] = []
    sources = Sources(
        indexes=(Index(HOST, credentials=USER),), keyring=BrokenKeyring(), warn=told.append
    )
    finder = Finder(sources)

    assert finder.at_once(f"{HOST}/x") == finder.at_once(f"{HOST}/y") == USER
    assert told == ["Unable to ask the program `keyring` for a password: exit status 3"]


def test_what_goes_wrong_in_a_search_goes_wrong_for_all() -> None:
    def broken() -> Netrc | None:
        raise MemoryError

    finder = Finder(Sources(netrc=broken))

    for _ in range(2):
        with pytest.raises(MemoryError):
            finder.when_asked(HOST)


def test_what_an_origin_took_is_for_all_that_is_there() -> None:
    finder = Finder(Sources())
    assert finder.learned(f"{HOST}/a") is None

    finder.learn(f"{HOST}/a", ONE, is_asked=True)

    assert finder.learned(f"{HOST}/b") == ONE
    assert finder.learned("https://i.example/b") is None


def test_what_is_known_of_an_origin_stays_known() -> None:
    finder = Finder(Sources(indexes=(Index(f"{HOST}/a", credentials=ONE),)))

    finder.learn(f"{HOST}/b", TWO, is_asked=False)

    assert finder.learned(f"{HOST}/b") is None
    assert finder.when_asked(f"{HOST}/b") == ONE
    assert finder.completed(f"{HOST}/b", IndexCredentials("two")) == TWO


def test_an_address_has_the_credentials_that_are_found() -> None:
    never = Index(f"{HOST}/never", credentials=ONE, authenticate=Authenticate.NEVER)
    file = netrc(i_example=("two", "2"))
    indexes = (Index(f"{HOST}/a", credentials=ONE), never)
    finder = Finder(Sources(indexes=indexes, netrc=lambda: file))

    assert finder.address(f"{HOST}/a") == "https://one:1@h.example/a"
    assert finder.address(f"{HOST}/never") == f"{HOST}/never"
    assert finder.address("https://i.example/") == "https://two:2@i.example/"
    assert finder.address("https://j.example/") == "https://j.example/"


def test_nothing_secret_is_shown() -> None:
    sources = Sources(
        indexes=(Index(HOST, credentials=IndexCredentials("hidden", "hidden")),),
        urls=("https://hidden@h.example",),
    )

    assert "hidden" not in repr(sources)
    assert "hidden" not in repr(netrc(h=("hidden", "hidden")))
