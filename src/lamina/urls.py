"""URLs as they may be shown."""

from __future__ import annotations

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
