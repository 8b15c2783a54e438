"""Where a registry is reached, and where its answers may lead."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lamina.registry.errors import BadAnswer
from lamina.urls import is_loopback, redacted

_HOSTS = {"docker.io": "registry-1.docker.io"}
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registry's address.

    Plain HTTP is spoken on loopback, and elsewhere only if the registry is called insecure.
    """

    host: str
    """The registry of a reference, such as ``docker.io`` or ``127.0.0.1:5000``."""
    insecure: bool = False
    plain: bool | None = None
    """Whether plain HTTP is spoken, where that was found out."""

    @property
    def address(self) -> str:
        """The URL of the registry, without a slash at its end.

        >>> Endpoint("docker.io").address, Endpoint("localhost:5000").address
        ('https://registry-1.docker.io', 'http://localhost:5000')
        """
        host = _HOSTS.get(self.host, self.host)
        plain = self.plain
        if plain is None:
            plain = self.insecure or is_loopback(f"http://{host}")
        return f"{'http' if plain else 'https'}://{host}"

    def is_own(self, url: str) -> bool:
        """Say whether the registry itself answers at a URL, so that it may see credentials."""
        return _origin(url) == _origin(self.address)

    def may_see_credentials(self, realm: str) -> bool:
        """Say whether a token server may: over TLS, on loopback, or as openly as the registry."""
        scheme, host, _ = _origin(realm)
        if scheme == "https" or (scheme == "http" and is_loopback(realm)):
            return True
        return (scheme, host) == _origin(self.address)[:2]

    def resolve(self, location: str, asked: str) -> str:
        """Return the URL that an answer leads to; ``asked`` is the URL that was asked.

        A registry behind a proxy may not know that it is reached over TLS; its own ``http`` is
        read as ``https``. Otherwise nothing leads from TLS to plain HTTP. Raises `BadAnswer`.
        """
        try:
            url = urljoin(asked, location)
        except ValueError:
            url = ""
        scheme, host, _ = _origin(url)
        if scheme not in _PORTS or not host or not location.isprintable():
            raise BadAnswer(f"Registry `{self.host}` leads to what is not a URL")
        if scheme == "http" and urlsplit(asked).scheme == "https":
            home = urlsplit(self.address)
            if host != home.hostname:
                raise BadAnswer(
                    f"Registry `{self.host}` leads from TLS to plain HTTP: `{redacted(url)}`"
                )
            return urlsplit(url)._replace(scheme="https", netloc=home.netloc).geturl()
        return url


def _origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port; nothing, where they cannot be read or hold a user."""
    try:
        parts = urlsplit(url)
        if "@" in parts.netloc:
            return "", "", None
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None
