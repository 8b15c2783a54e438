"""URLs: as they may be shown, and whether they lead to this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_UNREADABLE = "(an unreadable URL)"


def redacted(url: str) -> str:
    """Return a URL without what may be secret: user, password, query and fragment.

    A password with a slash in it ends the host there, and makes a port that is none.

    >>> redacted("https://me:secret@host.example:8443/a/b.whl?token=x#y")
    'https://host.example:8443/a/b.whl'
    >>> redacted("https://me:sec/ret@host.example/")
    '(an unreadable URL)'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return _UNREADABLE
    if "@" in parts.path and not is_readable(url):
        return _UNREADABLE
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_loopback(url: str) -> bool:
    """Say whether a URL's host is this machine.

    >>> [is_loopback(f"http://{host}/") for host in ("localhost:5000", "[::1]", "127.evil.example")]
    [True, True, False]
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> str:
    """Return scheme, host and port, which together say whom credentials are for (RFC 9110, 4.3.1).

    >>> origin("HTTPS://me:pw@Host.example:443/a"), origin("http://[::1]:80/"), origin("http://h:8/")
    ('https://host.example:443', 'http://::1:80', 'http://h:8')
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return _UNREADABLE
    return f"{parts.scheme}://{parts.hostname}:{port}"


def is_readable(url: str) -> bool:
    """Say whether a URL has the form of one, so that its parts can be asked for.

    >>> [is_readable(f"https://{rest}") for rest in ("h.example/a", "[h.example", "h.example:x/")]
    [True, False, False]
    """
    return origin(url) != _UNREADABLE


def is_under(url: str, prefix: str) -> bool:
    """Say whether a URL is at ``prefix`` or below it; parts of the path count whole.

    >>> prefix = "https://host.example/private/"
    >>> [is_under(f"https://host.example/{path}", prefix) for path in ("private", "privat", "")]
    [True, False, False]
    """
    return origin(url) == origin(prefix) and _steps(url)[: len(_steps(prefix))] == _steps(prefix)


def _steps(url: str) -> list[str]:
    return [step for step in urlsplit(url).path.split("/") if step]
