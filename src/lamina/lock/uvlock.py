"""Read ``uv.lock``: text to `Lock`.

The format is uv's own, described by its reader (``crates/uv-resolver/src/lock``). ``version`` is
looked at before anything else; revisions only add, so fields that are not known are passed over.
"""

from __future__ import annotations

from typing import Any

import tomli
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lamina.lock.artifacts import read_sdist, read_source, read_wheel
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
    StaticMetadata,
)
from lamina.lock.source import Git, Registry
from lamina.lock.tables import (
    Misfit,
    Table,
    as_name,
    as_names,
    as_version,
    by_name,
    each,
    each_of,
    inside,
    optional,
    required,
    texts,
)

SUPPORTED_VERSION = 1
"""The only ``version`` there has been; another one means another format."""

_ORIGIN_KEYS = ("index", "git", "url", "subdirectory", "path", "directory", "editable", "virtual")


class InvalidLock(LockError):
    """A lockfile that cannot be read; the message names the place."""


class UnsupportedLockVersion(LockError):
    """A lockfile in a format that this release does not read."""


def parse(text: str, *, path: str = "uv.lock") -> Lock:
    """Read the text of a lockfile; ``path`` is what errors call it."""
    try:
        document = tomli.loads(text)
    except RecursionError:
        raise _invalid(path, "it is nested too deeply") from None
    except ValueError as error:
        raise _invalid(path, str(error)) from error
    try:
        version = required(document, "version", int)
        if version != SUPPORTED_VERSION:
            raise UnsupportedLockVersion(
                f"Unsupported lockfile version in `{path}`: {version}",
                hint=f"This release reads version {SUPPORTED_VERSION}; upgrade lamina",
            )
        return _lock(document, path)
    except Misfit as misfit:
        place = f"`{path}`, `{misfit.place}`" if misfit.place else f"`{path}`"
        raise InvalidLock(f"{misfit.cause} in {place}", hint=_HINT) from None


_HINT = "To write the lockfile again, run `uv lock`"


def _invalid(path: str, reason: str) -> InvalidLock:
    return InvalidLock(f"Unable to parse lockfile `{path}`: {reason}", hint=_HINT)


# The parts of a lockfile, from the whole to the smallest.


def _lock(document: Table, path: str) -> Lock:
    try:
        requires_python = SpecifierSet(optional(document, "requires-python", str) or "")
    except InvalidSpecifier:
        raise Misfit("Not a specifier of PEP 440", "requires-python") from None
    # Very old lockfiles call the entries `distribution`.
    key = "distribution" if "package" not in document else "package"
    return Lock(
        version=SUPPORTED_VERSION,
        revision=optional(document, "revision", int) or 0,
        requires_python=requires_python,
        packages=each(document, key, _package),
        resolution_markers=texts(document, "resolution-markers"),
        supported_markers=texts(document, "supported-markers"),
        required_markers=texts(document, "required-markers"),
        conflicts=each(document, "conflicts", _conflict_set, list),
        manifest=inside("manifest", optional(document, "manifest", dict) or {}, _manifest),
        options=inside("options", optional(document, "options", dict) or {}, _options),
        path=path,
    )


def _conflict_set(items: list[Any]) -> tuple[ConflictItem, ...]:
    try:
        return each({"": items}, "", _conflict_item)
    except Misfit as misfit:
        raise Misfit(misfit.cause, misfit.place) from None


def _conflict_item(item: Table) -> ConflictItem:
    extra, group = optional(item, "extra", str), optional(item, "group", str)
    return ConflictItem(
        as_name(required(item, "package", str)),
        None if extra is None else as_name(extra),
        None if group is None else as_name(group),
    )


def _manifest(table: Table) -> Manifest:
    overrides = optional(table, "overrides", list) or []
    # An override may also replace the dependencies of one package: `{ package, dependencies }`.
    plain = all(isinstance(item, dict) and "name" in item for item in overrides)
    return Manifest(
        members=as_names(table, "members"),
        requirements=each(table, "requirements", _requirement),
        dependency_groups=each_of(table, "dependency-groups", _requirement),
        constraints=each(table, "constraints", _requirement),
        overrides=each(table, "overrides", _requirement) if plain else None,
        build_constraints=each(table, "build-constraints", _requirement),
        excludes=as_names(table, "excludes"),
        dependency_metadata=each(table, "dependency-metadata", _static_metadata),
    )


def _static_metadata(table: Table) -> StaticMetadata:
    return StaticMetadata(
        name=as_name(required(table, "name", str)),
        version=optional(table, "version", str) or "",
        requires_dist=texts(table, "requires-dist"),
        requires_python=optional(table, "requires-python", str) or "",
        provides_extras=as_names(table, "provides-extras"),
    )


def _options(table: Table) -> Options:
    # A span has a moment beside it that means nothing.
    span = optional(table, "exclude-newer-span", str)
    return Options(
        resolution=optional(table, "resolution-mode", str) or "",
        prerelease=optional(table, "prerelease-mode", str) or "",
        fork_strategy=optional(table, "fork-strategy", str) or "",
        exclude_newer=span or optional(table, "exclude-newer", str) or "",
        prerelease_package=by_name(table, "prerelease-package", str),
        exclude_newer_package=by_name(table, "exclude-newer-package", _moment),
    )


def _moment(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("span", value.get("timestamp", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _package(table: Table) -> Package:
    source = inside("source", required(table, "source", dict), read_source)
    groups = "dev-dependencies" if "dev-dependencies" in table else "dependency-groups"
    metadata = optional(table, "metadata", dict)
    package = Package(
        name=as_name(required(table, "name", str)),
        source=source,
        version=as_version(table),
        dependencies=each(table, "dependencies", _dependency),
        optional_dependencies=each_of(table, "optional-dependencies", _dependency),
        dependency_groups=each_of(table, groups, _dependency),
        metadata=None if metadata is None else inside("metadata", metadata, _metadata),
        default_groups=_default_groups(table),
        resolution_markers=texts(table, "resolution-markers"),
        sdist=read_sdist(table, source),
        # An archive within a repository is had like all else of its commit.
        wheels=()
        if isinstance(source, Git)
        else each(table, "wheels", lambda wheel: read_wheel(wheel, source)),
    )
    if isinstance(source, Registry) and package.version is None:
        raise Misfit("Missing `version`")
    return package


def _default_groups(table: Table) -> tuple[str, ...]:
    value = table.get("default-groups", ["dev"])
    return ("*",) if value == "all" else as_names({"default-groups": value}, "default-groups")


def _metadata(table: Table) -> Metadata:
    groups = "requires-dev" if "requires-dev" in table else "dependency-groups"
    return Metadata(
        requires_dist=each(table, "requires-dist", _requirement),
        requires_dev=each_of(table, groups, _requirement),
        provides_extras=as_names(table, "provides-extras") if "provides-extras" in table else None,
    )


def _requirement(table: Table) -> Requirement:
    origin = {key: optional(table, key, str) for key in _ORIGIN_KEYS if key in table}
    if (conflict := optional(table, "conflict", dict)) is not None:
        # The extra or group that the source is limited to.
        limits = [f"{key} {conflict[key]}" for key in ("extra", "group") if key in conflict]
        origin["conflict"] = " ".join(limits)
    return Requirement(
        name=as_name(required(table, "name", str)),
        extras=as_names(table, "extras"),
        marker=optional(table, "marker", str) or "",
        specifier=optional(table, "specifier", str) or "",
        origin=tuple(sorted((key, value) for key, value in origin.items() if value is not None)),
    )


def _dependency(table: Table) -> Dependency:
    source = optional(table, "source", dict)
    return Dependency(
        name=as_name(required(table, "name", str)),
        version=as_version(table),
        source=None if source is None else inside("source", source, read_source),
        extras=as_names(table, "extra"),
        marker=optional(table, "marker", str) or "",
    )
