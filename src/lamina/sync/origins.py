"""What is recorded of where a distribution of this machine's environment came from (PEP 610).

An image knows nothing of its builder's paths; an environment lies beside what it was made from.
"""

from __future__ import annotations

import json
import os
from pathlib import Path as FilePath
from urllib.parse import quote

from lamina.lock.model import Sdist, Wheel
from lamina.lock.select import Distribution
from lamina.lock.source import Directory, DirectUrl, Editable, Git, Path
from lamina.wheel.direct_url import commit, url_archive

_PATH = "/!$&'()*+,;=:@|[]^"
"""What a path of a file's URL has as it is, as uv writes it."""


def origin(distribution: Distribution, folder: FilePath, *, is_editable: bool) -> bytes | None:
    """Return the ``direct_url.json`` of a distribution; None for what comes from an index.

    ``folder`` is the lockfile's.
    """
    artifact, source = distribution.artifact, distribution.source
    if isinstance(artifact, Directory | Editable):
        return _local(folder, artifact.path, "dir_info", {"editable": is_editable})
    if isinstance(artifact, Git):
        told = commit(artifact.url, artifact.commit, artifact.requested, artifact.subdirectory)
        if not artifact.url.startswith("file:"):
            return told
        return _document({**json.loads(told), "url": artifact.url})
    assert isinstance(artifact, Wheel | Sdist)
    if isinstance(source, DirectUrl):
        return url_archive(source.url, source.subdirectory)
    return _local(folder, source.path, "archive_info", {}) if isinstance(source, Path) else None


def _local(folder: FilePath, path: str, kind: str, info: dict[str, object]) -> bytes:
    where = os.path.normpath(folder.absolute() / path)
    return _document({"url": f"file://{quote(where, safe=_PATH)}", kind: info})


def _document(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
