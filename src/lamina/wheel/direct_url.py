"""direct_url.json: where a distribution came from that no index gave (PEP 610)."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

_URL = re.compile(r"((?:[^:/?#]+:)?(?://)?)([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
"""Scheme, authority, path and query of any text whatever (RFC 3986, appendix B).

Not `urlsplit`: what it refuses, and what it drops in silence, differs between Python's releases.
"""
_URL_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
_SECRET_WORDS = ("token", "secret", "password", "passwd", "credential", "signature", "apikey")
_SECRET_NAMES = frozenset({"key", "sig", "auth", "authorization", "jwt", "api_key", "api-key"})


def url_wheel(url: str) -> bytes:
    """Return the file for a wheel at ``url``, as uv writes it, without a secret.

    User, password and fragment go, as with uv. Of the query goes what is named as secrets are
    (``?X-Amz-Signature=...``), which uv keeps: an image is read by more people than a lockfile.

    >>> url_wheel("https://me:pw@host.example/a-1-py3-none-any.whl#sha256=00")
    b'{"url":"https://host.example/a-1-py3-none-any.whl","archive_info":{}}'
    """
    return _document(public_url(url), "archive_info")


def local_wheel(filename: str) -> bytes:
    """Return the file for a wheel that lay on the builder's disk.

    The path there says nothing in an image, would tell of the builder, and would make the same
    wheel another layer on each machine: the name stands at the root.

    >>> local_wheel("a-1-py3-none-any.whl")
    b'{"url":"file:///a-1-py3-none-any.whl","archive_info":{}}'
    """
    return _document(f"file:///{quote(filename, safe='+!')}", "archive_info")


def local_directory(project: str) -> bytes:
    """Return the file for a project built from its own tree; the path goes, as in `local_wheel`.

    >>> local_directory("hello")
    b'{"url":"file:///hello","dir_info":{}}'
    """
    return _document(f"file:///{quote(project, safe='+!')}", "dir_info")


def public_url(url: str) -> str:
    """Return ``url`` with nothing in it that only its owner should know."""
    match = _URL.fullmatch(quote(url, safe=_URL_CHARACTERS))
    assert match is not None
    scheme, authority, path, query = match.groups(default="")
    kept = [pair for pair in query.split("&") if not _is_secret(pair.partition("=")[0])]
    host = authority.rpartition("@")[2]
    return f"{scheme}{host}{path}?{'&'.join(kept)}".removesuffix("?")


def _is_secret(name: str) -> bool:
    name = name.lower()
    return name in _SECRET_NAMES or any(word in name for word in _SECRET_WORDS)


def _document(url: str, kind: str) -> bytes:
    return json.dumps({"url": url, kind: {}}, ensure_ascii=False, separators=(",", ":")).encode()
