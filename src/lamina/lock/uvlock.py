"""Read ``uv.lock``: text to `Lock`.

The format is uv's own, described by its reader (``crates/uv-resolver/src/lock``). ``version`` is
looked at before anything else; revisions only add, so fields that are not known are passed over.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import tomli
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lamina.lock.model import (
    ConflictItem,
    Dependency,
    Lock,
    LockError,
    Manifest,
    Metadata,
    Options,
    Package,
    Requirement,
    Sdist,
    StaticMetadata,
    Wheel,
)
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

T = TypeVar("T")
Table = Mapping[str, Any]

SUPPORTED_VERSION = 1
"""The only ``version`` there has been; another one means another format."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HASH = re.compile(
    r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}"
    r"|sha512:[0-9a-f]{128}|blake2b:([0-9a-f]{64}|[0-9a-f]{128})"
)
"""A hash as lockfiles write it, of an algorithm that is supported."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
UNSAFE_IN_FILENAME = re.compile(r"[/\\\x00-\x1f]")
"""What no name of a file has, whatever a lockfile says."""
_ORIGIN_KEYS = ("index", "git", "url", "subdirectory", "path", "directory", "editable", "virtual")


class InvalidLock(LockError):
    """A lockfile that cannot be read; the message names the place."""


class UnsupportedLockVersion(LockError):
    """A lockfile in a format that this release does not read."""


class _Misfit(Exception):
    """What is wrong, and where; each level that it passes through puts its own key in front."""

    def __init__(self, cause: str, place: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.place = place

    def inside(self, key: str) -> _Misfit:
        join = "." if self.place and not self.place.startswith("[") else ""
        return _Misfit(self.cause, f"{key}{join}{self.place}")


def parse(text: str, *, path: str = "uv.lock") -> Lock:
    """Read the text of a lockfile; ``path`` is what errors call it."""
    try:
        document = tomli.loads(text)
    except RecursionError:
        raise _invalid(path, "it is nested too deeply") from None
    except ValueError as error:
        raise _invalid(path, str(error)) from error
    try:
        version = _required(document, "version", int)
        if version != SUPPORTED_VERSION:
            raise UnsupportedLockVersion(
                f"Unsupported lockfile version in `{path}`: {version}",
                hint=f"This release reads version {SUPPORTED_VERSION}; upgrade lamina",
            )
        return _lock(document, path)
    except _Misfit as misfit:
        place = f"`{path}`, `{misfit.place}`" if misfit.place else f"`{path}`"
        raise InvalidLock(f"{misfit.cause} in {place}", hint=_HINT) from None


_HINT = "To write the lockfile again, run `uv lock`"


def _invalid(path: str, reason: str) -> InvalidLock:
    return InvalidLock(f"Unable to parse lockfile `{path}`: {reason}", hint=_HINT)


# The vocabulary of the reader: a key, the type that it must have, and what to make of it.


def _optional(table: Table, key: str, kind: type[T]) -> T | None:
    value = table.get(key)
    # `type() is`, since a bool is an int to `isinstance`.
    if value is None or type(value) is kind:
        return value
    raise _Misfit(f"Unexpected type {type(value).__name__} (expected {kind.__name__})", key)


def _required(table: Table, key: str, kind: type[T]) -> T:
    value = _optional(table, key, kind)
    if value is None:
        raise _Misfit(f"Missing `{key}`")
    return value


def _each(table: Table, key: str, read: Callable[[Any], T], kind: type = dict) -> tuple[T, ...]:
    items = _optional(table, key, list)
    if not items:
        return ()
    result = []
    for number, item in enumerate(items):
        try:
            if type(item) is not kind:
                raise _Misfit(f"Unexpected type {type(item).__name__} (expected {kind.__name__})")
            result.append(read(item))
        except _Misfit as misfit:
            raise misfit.inside(f"[{number}]").inside(key) from None
    return tuple(result)


def _inside(key: str, table: Table, read: Callable[[Table], T]) -> T:
    try:
        return read(table)
    except _Misfit as misfit:
        raise misfit.inside(key) from None


def _groups(table: Table, key: str, read: Callable[[Table], T]) -> Mapping[str, tuple[T, ...]]:
    """Read a table of lists, such as the dependencies of each extra."""
    groups = _optional(table, key, dict) or {}
    return _inside(key, groups, lambda inner: {_name(k): _each(inner, k, read) for k in inner})


def _name(text: str) -> str:
    if _NAME.fullmatch(text):
        return text
    normalized = canonicalize_name(text)
    if not _NAME.fullmatch(normalized):
        raise _Misfit(f"Not a name: {text!r}")
    return normalized


def _names(table: Table, key: str) -> tuple[str, ...]:
    return _each(table, key, _name, str)


def _version(table: Table) -> Version | None:
    text = _optional(table, "version", str)
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        raise _Misfit("Not a version of PEP 440", "version") from None


def _texts(table: Table, key: str) -> tuple[str, ...]:
    return _each(table, key, str, str)


# The parts of a lockfile, from the whole to the smallest.


def _lock(document: Table, path: str) -> Lock:
    try:
        requires_python = SpecifierSet(_optional(document, "requires-python", str) or "")
    except InvalidSpecifier:
        raise _Misfit("Not a specifier of PEP 440", "requires-python") from None
    # Very old lockfiles call the entries `distribution`.
    key = "distribution" if "package" not in document else "package"
    return Lock(
        version=SUPPORTED_VERSION,
        revision=_optional(document, "revision", int) or 0,
        requires_python=requires_python,
        packages=_each(document, key, _package),
        resolution_markers=_texts(document, "resolution-markers"),
        supported_markers=_texts(document, "supported-markers"),
        required_markers=_texts(document, "required-markers"),
        conflicts=_each(document, "conflicts", _conflict_set, list),
        manifest=_inside("manifest", _optional(document, "manifest", dict) or {}, _manifest),
        options=_inside("options", _optional(document, "options", dict) or {}, _options),
        path=path,
    )


def _conflict_set(items: list[Any]) -> tuple[ConflictItem, ...]:
    try:
        return _each({"": items}, "", _conflict_item)
    except _Misfit as misfit:
        raise _Misfit(misfit.cause, misfit.place) from None


def _conflict_item(item: Table) -> ConflictItem:
    extra, group = _optional(item, "extra", str), _optional(item, "group", str)
    return ConflictItem(
        _name(_required(item, "package", str)),
        None if extra is None else _name(extra),
        None if group is None else _name(group),
    )


def _manifest(table: Table) -> Manifest:
    overrides = _optional(table, "overrides", list) or []
    # An override may also replace the dependencies of one package: `{ package, dependencies }`.
    plain = all(isinstance(item, dict) and "name" in item for item in overrides)
    return Manifest(
        members=_names(table, "members"),
        requirements=_each(table, "requirements", _requirement),
        dependency_groups=_groups(table, "dependency-groups", _requirement),
        constraints=_each(table, "constraints", _requirement),
        overrides=_each(table, "overrides", _requirement) if plain else None,
        build_constraints=_each(table, "build-constraints", _requirement),
        excludes=_names(table, "excludes"),
        dependency_metadata=_each(table, "dependency-metadata", _static_metadata),
    )


def _static_metadata(table: Table) -> StaticMetadata:
    return StaticMetadata(
        name=_name(_required(table, "name", str)),
        version=_optional(table, "version", str) or "",
        requires_dist=_texts(table, "requires-dist"),
        requires_python=_optional(table, "requires-python", str) or "",
        provides_extras=_names(table, "provides-extras"),
    )


def _options(table: Table) -> Options:
    # A span has a moment beside it that means nothing.
    span = _optional(table, "exclude-newer-span", str)
    return Options(
        resolution=_optional(table, "resolution-mode", str) or "",
        prerelease=_optional(table, "prerelease-mode", str) or "",
        fork_strategy=_optional(table, "fork-strategy", str) or "",
        exclude_newer=span or _optional(table, "exclude-newer", str) or "",
        prerelease_package=_by_name(table, "prerelease-package", str),
        exclude_newer_package=_by_name(table, "exclude-newer-package", _moment),
    )


def _by_name(table: Table, key: str, read: Callable[[Any], str]) -> Mapping[str, str]:
    values = _optional(table, key, dict) or {}
    return _inside(key, values, lambda inner: {_name(name): read(inner[name]) for name in inner})


def _moment(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("span", value.get("timestamp", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _package(table: Table) -> Package:
    source = _inside("source", _required(table, "source", dict), _source)
    groups = "dev-dependencies" if "dev-dependencies" in table else "dependency-groups"
    metadata = _optional(table, "metadata", dict)
    package = Package(
        name=_name(_required(table, "name", str)),
        source=source,
        version=_version(table),
        dependencies=_each(table, "dependencies", _dependency),
        optional_dependencies=_groups(table, "optional-dependencies", _dependency),
        dependency_groups=_groups(table, groups, _dependency),
        metadata=None if metadata is None else _inside("metadata", metadata, _metadata),
        default_groups=_default_groups(table),
        resolution_markers=_texts(table, "resolution-markers"),
        sdist=_sdist(table, source),
        # An archive within a repository is had like all else of its commit.
        wheels=()
        if isinstance(source, Git)
        else _each(table, "wheels", lambda wheel: _wheel(wheel, source)),
    )
    if isinstance(source, Registry) and package.version is None:
        raise _Misfit("Missing `version`")
    return package


def _default_groups(table: Table) -> tuple[str, ...]:
    value = table.get("default-groups", ["dev"])
    return ("*",) if value == "all" else _names({"default-groups": value}, "default-groups")


def _metadata(table: Table) -> Metadata:
    groups = "requires-dev" if "requires-dev" in table else "dependency-groups"
    return Metadata(
        requires_dist=_each(table, "requires-dist", _requirement),
        requires_dev=_groups(table, groups, _requirement),
        provides_extras=_names(table, "provides-extras") if "provides-extras" in table else None,
    )


def _requirement(table: Table) -> Requirement:
    origin = {key: _optional(table, key, str) for key in _ORIGIN_KEYS if key in table}
    if (conflict := _optional(table, "conflict", dict)) is not None:
        # The extra or group that the source is limited to.
        limits = [f"{key} {conflict[key]}" for key in ("extra", "group") if key in conflict]
        origin["conflict"] = " ".join(limits)
    return Requirement(
        name=_name(_required(table, "name", str)),
        extras=_names(table, "extras"),
        marker=_optional(table, "marker", str) or "",
        specifier=_optional(table, "specifier", str) or "",
        origin=tuple(sorted((key, value) for key, value in origin.items() if value is not None)),
    )


def _dependency(table: Table) -> Dependency:
    source = _optional(table, "source", dict)
    return Dependency(
        name=_name(_required(table, "name", str)),
        version=_version(table),
        source=None if source is None else _inside("source", source, _source),
        extras=_names(table, "extra"),
        marker=_optional(table, "marker", str) or "",
    )


def _source(table: Table) -> Source:
    if (registry := _optional(table, "registry", str)) is not None:
        # What has no scheme is a folder; a file URL is one too.
        return Registry(url=registry) if _SCHEME.match(registry) else Registry(path=registry)
    if (url := _optional(table, "git", str)) is not None:
        return _git(url)
    if (url := _optional(table, "url", str)) is not None:
        return DirectUrl(url, _optional(table, "subdirectory", str))
    for key, form in _PATH_SOURCES.items():
        if (path := _optional(table, key, str)) is not None:
            return form(path)
    raise _Misfit("Unknown kind of source")


def _git(url: str) -> Git:
    """Read ``https://host/path?tag=v1&subdirectory=a%2Fb#commit``."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
    except ValueError:
        raise _Misfit("Not a URL", "git") from None
    if not _COMMIT.fullmatch(parts.fragment):
        raise _Misfit("Missing the commit", "git")
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
        raise _Misfit("Not a path in the repository", "git")
    return path


_PATH_SOURCES: dict[str, Callable[[str], Source]] = {
    "path": Path,
    "directory": Directory,
    "editable": Editable,
    "virtual": Virtual,
}


def _wheel(table: Table, source: Source) -> Wheel:
    """Read a wheel: it has a ``url``, a ``path``, or in a local archive only a ``filename``."""
    if isinstance(source, Path):
        filename = _filename(_required(table, "filename", str), "filename")
        return Wheel(filename, None, source.path, _hash(table), _size(table))
    return Wheel(*_place(table, source), _hash(table), _size(table))


def _sdist(package: Table, source: Source) -> Sdist | None:
    """Read an sdist, which has only a ``hash`` where the source itself says where it lies."""
    table = _optional(package, "sdist", dict)
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
    except _Misfit as misfit:
        raise misfit.inside("sdist") from None


def _size(table: Table) -> int | None:
    size = _optional(table, "size", int)
    if size is not None and size < 0:
        raise _Misfit("Not a size", "size")
    return size


def _place(table: Table, source: Source) -> tuple[str, str | None, str | None]:
    """Read the name of a file, and its URL or its path."""
    url, path = _optional(table, "url", str), _optional(table, "path", str)
    if url is not None:
        filename = _filename(url, "url")
        if url.startswith("file:"):
            url, path = None, unquote(urlsplit(url).path)
        elif not _SCHEME.match(url):
            raise _Misfit("Not an absolute URL", "url")
    elif path is not None:
        filename = _filename(path, "path")
        if isinstance(source, Registry):
            path = posixpath.normpath(posixpath.join(source.path or "", path))
    else:
        raise _Misfit("Missing `url`")
    return filename, url, path


def _filename(location: str, key: str) -> str:
    if key == "url" and ("%" in location or "?" in location or "#" in location):
        try:
            location = urlsplit(location).path
        except ValueError:
            raise _Misfit("Not a URL", key) from None
        filename = unquote(location.rpartition("/")[2])
    else:
        filename = location.rpartition("/")[2]
    if not filename or UNSAFE_IN_FILENAME.search(filename):
        raise _Misfit("No usable filename", key)
    return filename


def _hash(table: Table) -> str | None:
    text = _optional(table, "hash", str)
    if text is None:
        return None
    if not HASH.fullmatch(text := text.lower()):
        raise _Misfit("Not a hash of a supported algorithm", "hash")
    return text
