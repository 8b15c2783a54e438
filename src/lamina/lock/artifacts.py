"""Where a lock says that distributions come from, and which files they have."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from lamina.lock.model import Sdist, Wheel
from lamina.lock.source import (
    Directory,
    DirectUrl,
    Editable,
    Git,
    Path,
    Registry,
    Source,
    Virtual,
)
from lamina.lock.tables import Misfit, Table, optional, required

HASH = re.compile(
    r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}"
    r"|sha512:[0-9a-f]{128}|blake2b:([0-9a-f]{64}|[0-9a-f]{128})"
)
"""A hash as lockfiles write it, of an algorithm that is supported."""
UNSAFE_IN_FILENAME = re.compile(r"[/\\\x00-\x1f]")
"""What no name of a file has, whatever a lockfile says."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A commit in full."""


def read_source(table: Table) -> Source:
    """Read where a distribution comes from."""
    if (registry := optional(table, "registry", str)) is not None:
        # What has no scheme is a folder; a file URL is one too.
        return Registry(url=registry) if _SCHEME.match(registry) else Registry(path=registry)
    if (url := optional(table, "git", str)) is not None:
        return _git(url)
    if (url := optional(table, "url", str)) is not None:
        return DirectUrl(url, optional(table, "subdirectory", str))
    for key, form in _PATH_SOURCES.items():
        if (path := optional(table, key, str)) is not None:
            return form(path)
    raise Misfit("Unknown kind of source")


def _git(url: str) -> Git:
    """Read ``https://host/path?tag=v1&subdirectory=a%2Fb#commit``."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
    except ValueError:
        raise Misfit("Not a URL", "git") from None
    if not COMMIT.fullmatch(parts.fragment):
        raise Misfit("Missing the commit", "git")
    return Git(
        parts._replace(query="", fragment="").geturl(),
        parts.fragment,
        requested=next((query[key] for key in ("rev", "tag", "branch") if key in query), None),
        subdirectory=_inner_path(query.get("subdirectory")),
        path=_inner_path(query.get("path")),
        has_lfs=query.get("lfs") == "true",
    )


def _inner_path(path: str | None) -> str | None:
    """Return a path in a tree, which may not lead out of it."""
    if path is None or (path := posixpath.normpath(path)) == ".":
        return None
    if path.startswith(("/", "../")) or path == "..":
        raise Misfit("Not a path in the repository", "git")
    return path


_PATH_SOURCES: dict[str, Callable[[str], Source]] = {
    "path": Path,
    "directory": Directory,
    "editable": Editable,
    "virtual": Virtual,
}


def read_wheel(table: Table, source: Source) -> Wheel:
    """Read a wheel: it has a ``url``, a ``path``, or in a local archive only a ``filename``."""
    if isinstance(source, Path):
        filename = _filename(required(table, "filename", str), "filename")
        return Wheel(filename, None, source.path, _hash(table), _size(table))
    return Wheel(*_place(table, source), _hash(table), _size(table))


def read_sdist(package: Table, source: Source) -> Sdist | None:
    """Read an sdist, which has only a ``hash`` where the source itself says where it lies."""
    table = optional(package, "sdist", dict)
    if table is None:
        return None
    try:
        if isinstance(source, Git):
            return None
        if isinstance(source, DirectUrl):
            name, url, path = _filename(source.url, "url"), source.url, None
        elif isinstance(source, Path):
            name, url, path = _filename(source.path, "path"), None, source.path
        elif isinstance(source, Registry) and not {"url", "path"} & table.keys():
            return None  # Known by its hash alone, from an index that tells no more.
        else:
            name, url, path = _place(table, source)
        return Sdist(name, url, path, _hash(table), _size(table))
    except Misfit as misfit:
        raise misfit.inside("sdist") from None


def _size(table: Table) -> int | None:
    size = optional(table, "size", int)
    if size is not None and size < 0:
        raise Misfit("Not a size", "size")
    return size


def _place(table: Table, source: Source) -> tuple[str, str | None, str | None]:
    """Read the name of a file, and its URL or its path."""
    url, path = optional(table, "url", str), optional(table, "path", str)
    if url is not None:
        filename = _filename(url, "url")
        if url.startswith("file:"):
            url, path = None, unquote(urlsplit(url).path)
        elif not _SCHEME.match(url):
            raise Misfit("Not an absolute URL", "url")
    elif path is not None:
        filename = _filename(path, "path")
        if isinstance(source, Registry):
            path = posixpath.normpath(posixpath.join(source.path or "", path))
    else:
        raise Misfit("Missing `url`")
    return filename, url, path


def _filename(location: str, key: str) -> str:
    if key == "url" and ("%" in location or "?" in location or "#" in location):
        try:
            location = urlsplit(location).path
        except ValueError:
            raise Misfit("Not a URL", key) from None
        filename = unquote(location.rpartition("/")[2])
    else:
        filename = location.rpartition("/")[2]
    if not filename or UNSAFE_IN_FILENAME.search(filename):
        raise Misfit("No usable filename", key)
    return filename


def _hash(table: Table) -> str | None:
    text = optional(table, "hash", str)
    if text is None:
        return None
    if not HASH.fullmatch(text := text.lower()):
        raise Misfit("Not a hash of a supported algorithm", "hash")
    return text
