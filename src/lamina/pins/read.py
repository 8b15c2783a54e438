"""The text of a lock, read: it may come from a stranger, and every problem is told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import tomli
from packaging.utils import InvalidName, InvalidWheelFilename, canonicalize_name
from packaging.utils import parse_wheel_filename as parse_filename
from packaging.version import InvalidVersion, Version

from lamina.deb.package import DebianPackage
from lamina.errors import LaminaError
from lamina.oci.descriptor import InvalidPlatform, Platform
from lamina.oci.digest import DiffID, Digest, InvalidDigest
from lamina.oci.index import normalize
from lamina.pins.file_name import NAME
from lamina.pins.model import Asked, PinnedBase, PinnedLayer, Pins, PlatformPins
from lamina.pins.releases import PinnedRelease, PinnedWheel
from lamina.pins.write import VERSION
from lamina.plan.key import InvalidKey, LayerKey
from lamina.tables import Problems, Refused, Table, boolean, integer, kind, string, text

_T = TypeVar("_T")
_LARGEST = 1 << 40
"""Of what a file may have, in bytes."""
_PACKAGE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9+.-]*")
_VERSION = re.compile(r"([0-9]+:)?[a-zA-Z0-9][a-zA-Z0-9.+~:-]*")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")
_STEP = re.compile(r"(?!\.\.?$)[^\s/\\?#]+")
"""Of a path that is put behind an address, and leads nowhere but down."""
_HIDDEN = re.compile(r"%(2e|2f|5c)", re.IGNORECASE)
"""A dot or a slash that a server would see nevertheless."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONFLICT = ("<<<<<<< ", ">>>>>>> ")
_AGAIN = "Resolve what is wrong with it, or delete it; then run `lamina lock`"


class MalformedPins(LaminaError):
    """A `lamina.lock` that cannot be read; all that is wrong is told at once."""


def read(document: str) -> Pins:
    """Read the text of a lock. Raises `MalformedPins`."""
    _check_merged(document)
    try:
        values = tomli.loads(document)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise MalformedPins(f"Unable to parse `{NAME}`: {error}", hint=_AGAIN) from error
    problems = Problems()
    top = Table("", values, problems)
    _check_version(top.value("version"))
    pins = Pins(
        asked=_asked(top.table("asked")),
        platforms=_each(top, "platform", _platform, lambda each: normalize(each.platform)),
        suites=_suites(top),
        releases=_each(top, "build-requires", _release, lambda each: each.name),
        layers=_each(top, "layer", _layer, lambda each: each.key),
    )
    top.finish()
    _check_platforms(pins, problems)
    if problems.found:
        lines = [f"  {place}: {what}" for place, what in sorted(set(problems.found))]
        raise MalformedPins("\n".join([f"Unable to read `{NAME}`", *lines]), hint=_AGAIN)
    return pins


def _check_merged(document: str) -> None:
    """Refuse what a merge left undone, before it is taken for a slip of the pen."""
    for number, line in enumerate(document.splitlines(), start=1):
        if line.startswith(_CONFLICT):
            raise MalformedPins(
                f"Unable to read `{NAME}`: a merge left a conflict in line {number}",
                hint="Take one side of it, as with `git checkout --theirs "
                f"{NAME}`; then run `lamina lock`",
            )


def _check_version(version: object) -> None:
    """Refuse what another release wrote, before its tables are taken for ours."""
    if version is None:
        raise MalformedPins(f"Unable to read `{NAME}`: it has no `version`", hint=_AGAIN)
    if type(version) is not int or version != VERSION:
        raise MalformedPins(
            f"Unsupported version of `{NAME}`: {version}",
            hint=f"This release reads version {VERSION}; upgrade lamina",
        )


def _check_platforms(pins: Pins, problems: Problems) -> None:
    """Note platforms that are asked for and not answered, or the other way round."""
    asked = {normalize(each): each for each in pins.asked.platforms}
    found = {normalize(each.platform): each.platform for each in pins.platforms}
    for each in asked.keys() - found.keys():
        problems.add("platform", f"{asked[each]} is missing")
    for each in found.keys() - asked.keys():
        problems.add("asked.platform", f"{found[each]} is missing")


def _each(
    table: Table, key: str, parse: Callable[[Table], _T | None], name: Callable[[_T], Hashable]
) -> tuple[_T, ...]:
    """Read an array of tables, of which no two may be about the same."""
    found: dict[Hashable, _T] = {}
    for entry in table.tables(key) or ():
        value = parse(entry)
        entry.finish()
        if value is None:
            continue
        if name(value) in found:
            entry.problems.add(entry.place, "is there twice")
        found[name(value)] = value
    return tuple(found.values())


def _asked(table: Table) -> Asked:
    base = table.required("base", text)
    platforms = table.items("platform", _as_platform) or ()
    if not platforms:
        table.required("platform", _nothing)
    asked = Asked(
        base=base or "",
        platforms=platforms,
        apt=table.items("apt", text) or (),
        shell=table.read("shell", boolean) or False,
        build_requires=table.items("build-requires", text) or (),
        build_constraints=table.items("build-constraints", text) or (),
    )
    table.finish()
    return asked


def _suites(top: Table) -> dict[str, datetime]:
    found = top.mapping("suites", _as_time)
    table = top.table("suites")
    for suite in found:
        if not _is_suite(suite):
            table.problems.add(table.at(suite), "is no name of a suite")
    return found


def _platform(table: Table) -> PlatformPins | None:
    platform = table.required("name", _as_platform)
    digest = table.read("base-digest", _as_digest)
    index = table.read("base-index", _as_digest)
    if digest is None and index is not None:
        table.problems.add(table.at("base-digest"), "is missing")
    base_packages, packages = (
        _each(table, key, _package, lambda each: (each.name, each.architecture))
        for key in ("base-package", "package")
    )
    if platform is None:
        return None
    return PlatformPins(
        platform=platform,
        base=None if digest is None else PinnedBase(digest, index),
        base_packages=_by_name(base_packages),
        packages=_by_name(packages),
    )


def _by_name(packages: Iterable[DebianPackage]) -> tuple[DebianPackage, ...]:
    return tuple(sorted(packages, key=lambda each: (each.name, each.architecture)))


def _package(table: Table) -> DebianPackage | None:
    name = table.required("name", _matching(_PACKAGE, "the name of a Debian package"))
    version = table.required("version", _matching(_VERSION, "a version as Debian writes it"))
    architecture = table.required("architecture", _matching(_ARCHITECTURE, "an architecture"))
    suite = table.required("suite", _as_suite)
    path = table.required("path", _as_path)
    size = table.required("size", integer(1, _LARGEST))
    sha256 = table.required("sha256", _matching(_SHA256, "64 lowercase hex digits"))
    if name is None or version is None or architecture is None or suite is None:
        return None
    if path is None or size is None or sha256 is None:
        return None
    return DebianPackage(name, version, architecture, suite, path, size, sha256)


def _release(table: Table) -> PinnedRelease | None:
    name = table.required("name", _as_name)
    version = table.required("version", _as_version)
    wheels = _each(table, "wheels", _wheel, lambda each: each.file)
    if name is None or version is None:
        return None
    if not wheels:
        table.problems.add(table.at("wheels"), "has none that can be checked")
    for each in wheels:
        if parse_filename(each.file)[:2] != (name, Version(version)):
            table.problems.add(table.at("wheels"), f"`{each.file}` is no wheel of {name} {version}")
    return PinnedRelease(name, version, tuple(sorted(wheels)))


def _wheel(table: Table) -> PinnedWheel | None:
    file = table.required("file", _as_filename)
    digest = table.required("hash", _as_sha256)
    return None if file is None or digest is None else PinnedWheel(file, digest.hex)


def _layer(table: Table) -> PinnedLayer | None:
    key = table.required("key", _as_key)
    digest = table.required("digest", _as_digest)
    diff_id = table.required("diff-id", _as_digest)
    size = table.required("size", integer(1, _LARGEST))
    if key is None or digest is None or diff_id is None or size is None:
        return None
    return PinnedLayer(key, digest, DiffID(diff_id), size)


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not pattern.fullmatch(found := string(value)):
            raise Refused(f"expected {what}")
        return found

    return parse


def _nothing(value: object) -> None:
    raise Refused("is empty")


def _as_platform(value: object) -> Platform:
    try:
        return Platform.parse(string(value))
    except InvalidPlatform:
        raise Refused("expected `os/architecture`, such as `linux/amd64`") from None


def _as_digest(value: object) -> Digest:
    try:
        return Digest.parse(string(value))
    except InvalidDigest:
        raise Refused("expected a digest, as in `sha256:` with 64 lowercase hex digits") from None


def _as_sha256(value: object) -> Digest:
    if (digest := _as_digest(value)).algorithm != "sha256":
        raise Refused("expected a SHA-256")
    return digest


def _as_key(value: object) -> LayerKey:
    try:
        return LayerKey.parse(string(value))
    except InvalidKey:
        raise Refused("expected the key of a layer") from None


def _as_time(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        what = "one without" if isinstance(value, datetime) else kind(value)
        raise Refused(f"expected a date with time and zone, got {what}")
    if abs(value.utcoffset() or timedelta()) > timedelta(days=1) or not 1 < value.year < 9999:
        raise Refused("is out of all times")
    return value.astimezone(UTC)


def _as_suite(value: object) -> str:
    if not _is_suite(found := string(value)):
        raise Refused("expected the name of a suite")
    return found


def _as_path(value: object) -> str:
    """Take the path of a package below its archive, out of which it cannot lead."""
    found = string(value)
    # In a flat repository, paths begin with a dot (sources.list(5)).
    if not _is_path(found.removeprefix("./")) or not found.endswith((".deb", ".ddeb", ".udeb")):
        raise Refused("expected the path of a package, relative to its archive")
    return found


def _is_suite(value: str) -> bool:
    """Say whether it is a suite; with a slash at its end, the folder of a flat repository."""
    if value.endswith("/"):
        folder = value.strip("/").removeprefix("./")
        return folder in ("", ".") or _is_path(folder)
    return _is_path(value)


def _is_path(value: str) -> bool:
    is_plain = value.isprintable() and not _HIDDEN.search(value)
    return is_plain and all(_STEP.fullmatch(step) for step in value.split("/"))


def _as_name(value: object) -> str:
    try:
        name = canonicalize_name(string(value), validate=True)
    except InvalidName:
        raise Refused("is no valid name") from None
    if name != value:
        raise Refused(f"expected `{name}`")
    return name


def _as_version(value: object) -> str:
    try:
        Version(found := string(value))
    except InvalidVersion:
        raise Refused("is no valid version") from None
    return found


def _as_filename(value: object) -> str:
    try:
        parse_filename(found := string(value))
    except InvalidWheelFilename:
        raise Refused("is no name of a wheel") from None
    if "/" in found or not found.isprintable():
        raise Refused("is no name of a wheel")
    return found
