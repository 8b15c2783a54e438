"""The note by which uv knows whether a local distribution is still what it was installed from.

Written so that uv takes what we have installed for what it is, and does not install it once more.
We go by our own note, which goes by contents and not by dates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lamina.sync.cache_keys import NOTHING, CacheKeys, Found, as_date

UV_CACHE = "uv_cache.json"


def of_archive(path: Path) -> bytes | None:
    """Return the note of a wheel or an sdist; None if the file is not there."""
    try:
        return _document(path.stat().st_ctime_ns, NOTHING)
    except OSError:
        return None


def of_tree(folder: Path, keys: CacheKeys | None, environ: Mapping[str, str]) -> bytes | None:
    """Return the note of a source tree; None of one that uv would not take, or has no note of."""
    if keys is None:
        return None
    dates = []
    for path in keys.files(folder):
        with suppress(OSError):
            dates.append(path.stat().st_ctime_ns)
    found = keys.rest(folder, environ)
    if not dates and found == NOTHING:
        return None
    return _document(max(dates, default=None), found)


def _document(date: int | None, found: Found) -> bytes:
    document = {
        "timestamp": None if date is None else as_date(date),
        "commit": found.commit,
        "tags": found.tags,
        "env": found.variables,
        "directories": found.folders,
    }
    return json.dumps(document, separators=(",", ":")).encode()
