"""URLs: as they may be shown, and whether they lead to this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def redacted(url: str) -> str:
    """Return a URL without what may be secret: user, password, query and fragment.

    >>> redacted("https://me:secret@host.example:8443/a/b.whl?token=x#y")
    'https://host.example:8443/a/b.whl'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an unreadable URL)"
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
