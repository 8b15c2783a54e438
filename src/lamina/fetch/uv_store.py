"""uv's own store of credentials: the file that `uv auth login` writes.

uv calls the file its own affair, so what is not understood there is left out, and not an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import tomli

from lamina.fetch.credentials import IndexCredentials
from lamina.fetch.indexes import tables
from lamina.urls import is_readable, is_under

_TOKEN = re.compile(r"[!-~]+")
_SOURCE = "uv's credential store"


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """What is for all that is below an address."""

    service: str
    credentials: IndexCredentials


def parse_uv_store(text: str, now: datetime) -> tuple[StoredCredentials, ...]:
    """Read the file; a token that has expired by ``now`` is left out.

    Raises `ValueError`, whose text is for nobody to see.
    """
    found = [_read(each, now) for each in tables(tomli.loads(text).get("credential"))]
    return tuple(each for each in found if each is not None)


def find_stored(
    stored: Iterable[StoredCredentials], url: str, user: str
) -> IndexCredentials | None:
    """Return what is stored for the longest address that ``url`` is below.

    Without a ``user`` there must be but one, as in uv; else it must be that user's.
    """
    fitting = [
        each
        for each in stored
        if is_under(url, each.service) and user in ("", each.credentials.user)
    ]
    longest = max((len(_path(each)) for each in fitting), default=0)
    best = [each.credentials for each in fitting if len(_path(each)) == longest]
    return best[0] if len(best) == 1 else None


def _path(stored: StoredCredentials) -> str:
    return urlsplit(stored.service).path.rstrip("/")


def _read(entry: Mapping[str, object], now: datetime) -> StoredCredentials | None:
    values = {key: value for key, value in entry.items() if isinstance(value, str)}
    service, user, password = (values.get(key, "") for key in ("service", "username", "password"))
    if not service or not _is_fresh(entry.get("expires-at"), now):
        return None
    service = service if "://" in service else f"https://{service}"
    if not is_readable(service):
        return None
    if values.get("scheme") == "bearer":
        token = values.get("token", "")
        if not _TOKEN.fullmatch(token):
            return None
        return StoredCredentials(service, IndexCredentials(token=token, source=_SOURCE))
    if not user or "password" not in values:
        return None
    return StoredCredentials(service, IndexCredentials(user, password, source=_SOURCE))


def _is_fresh(expires: object, now: datetime) -> bool:
    if isinstance(expires, str):
        try:
            expires = datetime.fromisoformat(expires)
        except ValueError:
            return True
    return not (isinstance(expires, datetime) and expires.tzinfo and expires <= now)
