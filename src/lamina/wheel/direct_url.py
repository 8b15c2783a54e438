"""direct_url.json: where a distribution came from that no index gave (PEP 610)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

_URL = re.compile(r"((?:[^:/?#]+:)?(?://)?)([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
"""Scheme, authority, path and query of any text whatever (RFC 3986, appendix B).

Not `urlsplit`: what it refuses, and what it drops in silence, differs between Python's releases.
"""
_URL_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
_SECRET_WORDS = ("token", "secret", "password", "passwd", "credential", "signature", "apikey")
_NOTHING: Mapping[str, object] = {}
_SECRET_NAMES = frozenset({"key", "sig", "auth", "authorization", "jwt", "api_key", "api-key"})


def url_archive(url: str, subdirectory: str | None = None) -> bytes:
    """Return the file for an archive at ``url``, as uv writes it, without a secret.

    User, password and fragment go, as with uv. Of the query goes what is named as secrets are
    (``?X-Amz-Signature=...``), which uv keeps: an image is read by more people than a lockfile.

    >>> url_archive("https://me:pw@host.example/a-1-py3-none-any.whl#sha256=00")
    b'{"url":"https://host.example/a-1-py3-none-any.whl","archive_info":{}}'
    """
    return _document(public_url(url), "archive_info", subdirectory=subdirectory)


def local_archive(filename: str) -> bytes:
    """Return the file for an archive that lay on the builder's disk.

    The path there says nothing in an image, would tell of the builder, and would make the same
    wheel another layer on each machine: the name stands at the root.

    >>> local_archive("a-1-py3-none-any.whl")
    b'{"url":"file:///a-1-py3-none-any.whl","archive_info":{}}'
    """
    return _document(f"file:///{quote(filename, safe='+!')}", "archive_info")


def local_directory(project: str) -> bytes:
    """Return the file for a project built from its own tree; the path goes, as in `local_archive`.

    >>> local_directory("hello")
    b'{"url":"file:///hello","dir_info":{"editable":false}}'
    """
    return _document(f"file:///{quote(project, safe='+!')}", "dir_info", {"editable": False})


def commit(url: str, id_: str, requested: str | None, subdirectory: str | None) -> bytes:
    """Return the file for a commit of a Git repository, which as in `local_archive` has no path.

    >>> commit("https://me:pw@host.example/a", "c0ffee", None, "b")
    b'{"url":"https://host.example/a","vcs_info":{"vcs":"git","commit_id":"c0ffee"},"subdirectory":"b"}'
    """
    if url.startswith("file:"):
        url = f"file:///{url.rstrip('/').rpartition('/')[2]}"
    info = {"vcs": "git", "commit_id": id_, "requested_revision": requested}
    told = {key: value for key, value in info.items() if value is not None}
    return _document(public_url(url), "vcs_info", told, subdirectory=subdirectory)


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


def _document(
    url: str, kind: str, info: Mapping[str, object] = _NOTHING, *, subdirectory: str | None = None
) -> bytes:
    document: dict[str, object] = {"url": url, kind: dict(info)}
    if subdirectory is not None:
        document["subdirectory"] = subdirectory
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
