"""A transport that gives package indexes the user's credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from urllib.parse import urljoin, urlsplit

from lamina.fetch.credentials import IndexCredentials, without_credentials
from lamina.fetch.download import Refused
from lamina.fetch.finder import Finder
from lamina.fetch.indexes import Authenticate, Index
from lamina.transport.protocol import Request, Response, Transport, TransportError
from lamina.urls import is_readable, redacted

_WANTING = (401, 403, 404)
"""How servers ask for credentials: some do not even tell strangers what there is."""
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


class _NoMore(Enum):
    """There is no other attempt; None would be one without credentials."""

    NO_MORE = 0


_NO_MORE = _NoMore.NO_MORE


class CredentialsRefused(Refused):
    """A server that did not take the credentials."""

    def __init__(self, url: str, status: int, credentials: IndexCredentials) -> None:
        lacks = "" if credentials.is_complete else ", which have no password"
        found = f"{credentials.source}{lacks}"
        super().__init__(
            url,
            status,
            said=f"the server answered {status} to the credentials from {found}",
            hint="They may be wrong, or have expired: give others there"
            if status == 401
            else "They may have expired, or their user may not read this: ask for access",
        )


class CredentialsMissing(Refused):
    """A server that wants credentials, and there are none for it."""

    def __init__(self, url: str, status: int | None, finder: Finder) -> None:
        """``status`` is None where nothing was asked, since the index wants them always."""
        index = finder.neighbour_of(url)
        way_out = _way_out(url, index, finder)
        if status == 404:
            super().__init__(
                url,
                status,
                hint="The file is gone, or it is shown only to who has credentials; for these, "
                + way_out[:1].lower()
                + way_out[1:],
            )
            return
        why = f"the server answered {status}, and " if status else ""
        what = "" if status or not index else f', and {index.shown} has `authenticate = "always"`'
        super().__init__(
            url,
            status or 401,
            said=f"{why}no credentials were found{what}\n  looked in: {_looked_in(index, finder)}",
            hint=way_out,
        )


class CredentialsForbidden(Refused):
    """A server that wants credentials, and the settings say that it gets none."""

    def __init__(self, url: str, status: int, index: Index) -> None:
        super().__init__(
            url,
            status,
            said=f'the server answered {status}, and {index.shown} has `authenticate = "never"`',
            hint="To let it have credentials, take that setting away",
        )


class AuthorizedTransport:
    """Adds credentials to what is asked of package indexes; see `Transport`.

    Redirects are followed here: what is sent to another host is found for that host, and what a
    host was sent is never sent to another.
    """

    def __init__(self, transport: Transport, finder: Finder) -> None:
        self._transport = transport
        self._finder = finder

    @contextmanager
    def send(self, request: Request) -> Iterator[Response]:
        """See `Transport.send`. Raises `Refused` if credentials are the reason."""
        asked = replace(request, follows=False)
        for _ in range(_MOST_REDIRECTS + 1):
            with self._answer(asked) as response:
                location = response.headers.get("Location", "")
                is_led = response.status in _REDIRECTS and location != ""
                if not is_led or request.is_once or not request.follows:
                    yield response
                    return
            asked = replace(asked, url=_led(asked.url, location))
        raise TransportError(f"Unable to reach `{redacted(request.url)}`: too many redirects")

    def pause(self, seconds: float) -> None:
        """See `Transport.pause`."""
        self._transport.pause(seconds)

    def interrupt(self) -> None:
        """See `Transport.interrupt`."""
        self._transport.interrupt()

    @contextmanager
    def _answer(self, request: Request) -> Iterator[Response]:
        """Give the answer to the last of the attempts; the others are made while it wants them."""
        url, own = without_credentials(request.url)
        if not is_readable(url):
            with self._transport.send(request) as response:  # It says so itself.
                yield response
            return
        attempts = self._attempts(url, own)
        used, tried, is_asked = next(attempts), None, False
        while True:
            tried = used or tried
            with self._sent(request, url, used) as response:
                following = next(attempts, _NO_MORE) if response.status in _WANTING else _NO_MORE
                if isinstance(following, _NoMore):
                    self._check(url, response.status, tried)
                    if used is not None and response.status < 400 and (own or is_asked):
                        self._finder.learn(url, used, is_asked=is_asked)
                    yield response
                    return
                is_asked = is_asked or used is None
            used = following

    def _attempts(
        self, url: str, own: IndexCredentials | None
    ) -> Iterator[IndexCredentials | None]:
        """Give what is sent, one after the other, while the server wants something else.

        Where credentials were given for an address, no others are tried, as with uv.
        """
        if own is not None:
            own = own.said("the URL itself")
            yield own if own.is_complete else self._finder.completed(url, own)
            return
        policy = self._finder.policy_of(url)
        if policy is Authenticate.NEVER:
            yield None
            return
        given = self._finder.at_once(url)
        if given is None and policy is Authenticate.ALWAYS:
            given = self._finder.when_asked(url)
            if given is None:
                raise CredentialsMissing(url, None, self._finder)
        if given is not None:
            yield given
            return
        learned = self._finder.learned(url)
        if learned is not None:
            yield learned
        yield None
        if learned is None and (asked := self._finder.when_asked(url)) is not None:
            yield asked

    @contextmanager
    def _sent(
        self, request: Request, url: str, credentials: IndexCredentials | None
    ) -> Iterator[Response]:
        headers: Mapping[str, str] = request.headers
        if credentials is not None:
            headers = {**headers, "Authorization": credentials.header}
        with self._transport.send(replace(request, url=url, headers=headers)) as response:
            yield response

    def _check(self, url: str, status: int, tried: IndexCredentials | None) -> None:
        """Raise what explains an answer that wants credentials, or other ones.

        A file that is not there for somebody who is known is not there.
        """
        if status not in _WANTING:
            return
        index = self._finder.index_of(url)
        if tried is not None:
            if status != 404:
                raise CredentialsRefused(url, status, tried)
        elif index is not None and index.authenticate is Authenticate.NEVER:
            if status != 404:
                raise CredentialsForbidden(url, status, index)
        elif status != 404 or self._finder.neighbour_of(url) is not None:
            raise CredentialsMissing(url, status, self._finder)


def _led(url: str, location: str) -> str:
    """Return where a redirect leads; who has no form of a URL is nowhere."""
    here, _given = without_credentials(url)
    try:
        return urljoin(here, location)
    except ValueError:
        raise TransportError(
            f"Unable to follow where `{redacted(url)}` leads: not a URL", may_pass=False
        ) from None


def _looked_in(index: Index | None, finder: Finder) -> str:
    netrc = finder.netrc
    return ", ".join(
        [
            *([] if index is None else [f"the settings of {index.shown}"]),
            "netrc (no file)" if netrc is None else f"`{netrc.shown}`",
            "uv's credential store",
            "`keyring`" if finder.has_keyring else "not in `keyring`, which is not turned on",
        ]
    )


def _way_out(url: str, index: Index | None, finder: Finder) -> str:
    netrc = finder.netrc
    file = f"`{netrc.shown}`" if netrc else "`~/.netrc`"
    host = f"add `{urlsplit(url).hostname}` to {file}"
    if index is None:
        parts = urlsplit(url)
        return f"Run `uv auth login {parts.scheme}://{parts.netloc}`, or {host}"
    if index.variables is None:
        return f"Give the index a `name`, and set the variables `UV_INDEX_<NAME>_USERNAME` and \
`UV_INDEX_<NAME>_PASSWORD`; or {host}"
    return f"Set `{index.variables[0]}` and `{index.variables[1]}`, or {host}"
