"""What a package index knows its user by, and how it stands in a URL and in a header."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class IndexCredentials:
    """User and password, or a token; a user without a password is a start, and is looked for.

    The user is a secret, too: some indexes take a token there.
    """

    user: str = field(default="", repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    """Stands for both (RFC 6750)."""
    source: str = ""
    """Where they were found, as errors say it; no secret."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing need be looked for."""
        return self.password is not None or self.token is not None

    @property
    def header(self) -> str:
        """The value of an ``Authorization`` header (RFC 7617 and RFC 6750)."""
        if self.token is not None:
            return f"Bearer {self.token}"
        # What is not UTF-8 in a variable comes back as the bytes that it was.
        pair = f"{self.user}:{self.password or ''}".encode(errors="surrogateescape")
        return f"Basic {base64.b64encode(pair).decode()}"

    def said(self, source: str) -> IndexCredentials:
        """Return them with the place where they were found."""
        return replace(self, source=source)

    def within(self, url: str) -> str:
        """Return a URL that has them in it, for a program that takes them so; a token is no user.

        >>> IndexCredentials("me", "p@ss").within("https://index.example/simple")
        'https://me:p%40ss@index.example/simple'
        """
        if self.token is not None:
            return url
        parts = urlsplit(url)
        password = "" if self.password is None else f":{_quoted(self.password)}"
        host = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{_quoted(self.user)}{password}@{host}").geturl()


def without_credentials(url: str) -> tuple[str, IndexCredentials | None]:
    """Return a URL as it is without user and password, and these.

    >>> without_credentials("https://me@index.example/simple")[0]
    'https://index.example/simple'
    >>> without_credentials("https://index.example/simple")
    ('https://index.example/simple', None)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, None
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, colon, password = userinfo.partition(":")
    bare = parts._replace(netloc=host).geturl()
    if not user and not password:
        return bare, None
    return bare, IndexCredentials(unquote(user), unquote(password) if colon else None)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")
