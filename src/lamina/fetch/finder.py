"""Which credentials a URL gets: uv's sources, in uv's order.

What a URL has in itself counts first. Then come those of the index that it is below, and those of
another URL of the same scheme, host and port; then netrc, uv's store, and the program `keyring`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from lamina.fetch.credentials import IndexCredentials, without_credentials
from lamina.fetch.indexes import Authenticate, Index
from lamina.fetch.keyring import Keyring, KeyringFailed
from lamina.fetch.uv_store import StoredCredentials, find_stored
from lamina.urls import is_readable, is_under, origin

_Found = TypeVar("_Found")
_ANY_HOST = "default"
"""The name under which netrc has what is for all other hosts."""


@dataclass(frozen=True, slots=True)
class Netrc:
    """What a netrc file says: user and password by the name of the host, without a port."""

    shown: str
    """Its path, as errors name it."""
    hosts: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    def find(self, url: str, user: str) -> IndexCredentials | None:
        """Return the credentials for a URL's host, and for a ``user`` if that is not empty."""
        found = self.hosts.get(urlsplit(url).hostname or "") or self.hosts.get(_ANY_HOST)
        if found is None or (user and user != found[0]):
            return None
        return IndexCredentials(*found, source=f"`{self.shown}`")


def _nothing() -> Netrc | None:
    return None


def _none_stored() -> tuple[StoredCredentials, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where credentials are looked for."""

    indexes: tuple[Index, ...] = ()
    """Those that count first are first."""
    urls: tuple[str, ...] = field(default=(), repr=False)
    """Other URLs, whose credentials are for all that is below them, too."""
    netrc: Callable[[], Netrc | None] = _nothing
    """Reads the file: when it is wanted first, since most builds do not."""
    stored: Callable[[], tuple[StoredCredentials, ...]] = _none_stored
    keyring: Keyring | None = None
    warn: Callable[[str], object] = lambda text: None


class Finder:
    """Finds credentials for URLs without any; may be asked by many threads.

    What is slow is asked once for an index, or for an origin that no index is at, and a user.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._lock = threading.Lock()
        self._searched: dict[tuple[str, str], Future[IndexCredentials | None]] = {}
        self._below: list[tuple[str, IndexCredentials]] = []
        self._origins: dict[tuple[str, str], IndexCredentials] = {}
        self._wanting: set[str] = set()
        for url in sources.urls:
            bare, given = without_credentials(url)
            if given is not None and is_readable(bare):
                self._add(given.said(f"the URL `{bare}` in `pyproject.toml`"), bare)
        # The last that is known of an origin counts, and the first index should.
        for index in reversed(sources.indexes):
            if index.credentials is not None:
                self._add(index.credentials, index.root, index.url)

    @property
    def netrc(self) -> Netrc | None:
        """The netrc file, if there is one."""
        return self._sources.netrc()

    @property
    def has_keyring(self) -> bool:
        """Whether the program `keyring` is asked."""
        return self._sources.keyring is not None

    def index_of(self, url: str) -> Index | None:
        """Return the index that a URL belongs to: the one with the longest root above it."""
        return _nearest(url, ((index.root, index) for index in self._sources.indexes))

    def policy_of(self, url: str) -> Authenticate:
        """Return when the index of a URL gets credentials."""
        index = self.index_of(url)
        return Authenticate.AUTO if index is None else index.authenticate

    def neighbour_of(self, url: str) -> Index | None:
        """Return an index of the same origin, which a URL is perhaps a file of."""
        own = self.index_of(url)
        others = (each for each in self._sources.indexes if origin(each.url) == origin(url))
        return own or next(others, None)

    def at_once(self, url: str) -> IndexCredentials | None:
        """Return what is sent without being asked for; a password may be looked for."""
        found = _nearest(url, self._below)
        return found if found is None or found.is_complete else self.completed(url, found)

    def learned(self, url: str) -> IndexCredentials | None:
        """Return what the URL's origin took before, after it had asked."""
        place = origin(url)
        return self._origins.get((place, "")) if place in self._wanting else None

    def when_asked(self, url: str) -> IndexCredentials | None:
        """Return what is sent after an answer that wants credentials."""
        known = self._origins.get((origin(url), ""))
        if known is None:
            return self._search(url, "")
        return known if known.is_complete else self.completed(url, known)

    def completed(self, url: str, given: IndexCredentials) -> IndexCredentials:
        """Return credentials with the password of their user; as they are if there is none."""
        known = self._origins.get((origin(url), given.user))
        if known is not None and known.is_complete:
            return known
        return self._search(url, given.user) or given

    def learn(self, url: str, credentials: IndexCredentials, *, is_asked: bool) -> None:
        """Remember what an origin took, for all else that is there and of which nothing is known.

        If it had asked, they are sent there at once from now on.
        """
        with self._lock:
            for user in ("", credentials.user):
                known = self._origins.get((origin(url), user))
                if known is None or not known.is_complete:
                    self._origins[origin(url), user] = credentials
            if is_asked:
                self._wanting.add(origin(url))

    def address(self, url: str) -> str:
        """Return a URL with the credentials in it, for a program that cannot find them itself."""
        if self.policy_of(url) is Authenticate.NEVER:
            return url
        found = self.at_once(url) or self.when_asked(url)
        return url if found is None else found.within(url)

    def _add(self, given: IndexCredentials, *below: str) -> None:
        self._below += [(url, given) for url in below]
        place = origin(below[0])
        for user in ("", given.user):
            before = self._origins.get((place, user))
            if before is None or given.is_complete or not before.is_complete:
                self._origins[place, user] = given

    def _search(self, url: str, user: str) -> IndexCredentials | None:
        index = self.index_of(url)
        key = (index.url if index else origin(url), user)
        with self._lock:
            is_first = key not in self._searched
            future = self._searched.setdefault(key, Future())
        if is_first:
            try:
                future.set_result(self._look(url, user, index))
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def _look(self, url: str, user: str, index: Index | None) -> IndexCredentials | None:
        netrc = self._sources.netrc()
        found = netrc.find(url, user) if netrc else None
        if found is None:
            found = find_stored(self._sources.stored(), url, user)
        return found or self._ask_keyring(url, user, index)

    def _ask_keyring(self, url: str, user: str, index: Index | None) -> IndexCredentials | None:
        """Ask for the index's address, or the URL itself, then for the host, as uv does.

        Nobody's password is asked for only if the index always wants credentials.
        """
        keyring = self._sources.keyring
        is_always = index is not None and index.authenticate is Authenticate.ALWAYS
        if keyring is None or not (user or is_always):
            return None
        service = index.url if index else url
        parts = urlsplit(service)
        host = parts.netloc if parts.port is not None else parts.hostname or ""
        try:
            return keyring.get(service, user) or keyring.get(host, user)
        except KeyringFailed as error:
            self._sources.warn(f"Unable to ask the program `keyring` for a password: {error}")
            return None


def _nearest(url: str, places: Iterable[tuple[str, _Found]]) -> _Found | None:
    """Return what is at the longest of the places above a URL; the last, where two are equal."""
    best: tuple[int, _Found] | None = None
    for place, found in places:
        length = len(urlsplit(place).path.rstrip("/"))
        if is_under(url, place) and (best is None or length >= best[0]):
            best = length, found
    return best[1] if best else None
