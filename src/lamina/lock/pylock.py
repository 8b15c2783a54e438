"""Read ``pylock.toml``: text to `Lock`, with a `Listing` (PEP 751).

What is in the file is checked by packaging's own reader; here it becomes what all locks become.
Each entry is read apart, so that everything that is wrong is told at once.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import tomli
from packaging.pylock import (
    Package as ListedPackage,
)
from packaging.pylock import (
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockValidationError,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from lamina.lock.artifacts import COMMIT, HASH, UNSAFE_IN_FILENAME
from lamina.lock.model import Entry, Listing, Lock, Package, Sdist, Wheel
from lamina.lock.source import Directory, DirectUrl, Editable, Git, Path, Registry, Source
from lamina.lock.uvlock import InvalidLock, UnsupportedLockVersion

_ALGORITHMS = ("sha256", "sha512", "sha384", "blake2b", "md5")
"""Those that can be checked, the one that others know a file by first."""

_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")


class _Misfit(Exception):
    """What is wrong with an entry."""


def parse_pylock(text: str, *, path: str) -> Lock:
    """Read the text of a list; ``path`` is what errors call it."""
    try:
        document = tomli.loads(text)
    except RecursionError:
        raise InvalidLock(
            f"Unable to parse lockfile `{path}`: it is nested too deeply", hint=_AGAIN
        ) from None
    except ValueError as error:
        raise InvalidLock(f"Unable to parse lockfile `{path}`: {error}", hint=_AGAIN) from error
    minor = _minor(document, path)
    items = document.get("packages")
    has_items = isinstance(items, list) and all(isinstance(item, dict) for item in items)
    known = {**document, "lock-version": "1.0"}
    try:
        head = Pylock.from_dict({**known, "packages": []} if has_items else known)
    except (PylockValidationError, RecursionError) as error:
        raise InvalidLock(f"Unable to read `{path}`\n  {_said(error)}", hint=_AGAIN) from error
    return _lock(head, items if isinstance(items, list) else [], path, minor)


_AGAIN = "Let the tool that wrote the file write it again"


def _minor(document: Mapping[str, Any], path: str) -> int:
    """Return the minor version; one that is not known yet only adds to the format."""
    written = document.get("lock-version")
    if not isinstance(written, str) or not _VERSION.fullmatch(written):
        raise InvalidLock(
            f"Unable to read `{path}`\n  lock-version: expected such as `1.0`, got: {written}",
            hint=_AGAIN,
        )
    major, minor = map(int, written.split("."))
    if major != 1:
        raise UnsupportedLockVersion(
            f"Unsupported lockfile version in `{path}`: {written}",
            hint="This release reads version 1; upgrade lamina",
        )
    return minor


def _lock(head: Pylock, items: Sequence[Mapping[str, Any]], path: str, minor: int) -> Lock:
    packages, entries, problems = [], [], []
    for number, item in enumerate(items):
        try:
            package, entry = _read(item)
            packages.append(package)
            entries.append(entry)
        except PylockValidationError as error:
            problems.append(f"  {_said(error).replace('packages[0]', f'packages[{number}]')}")
        except _Misfit as misfit:
            problems.append(f"  packages[{number}] ({item.get('name')}): {misfit}")
        except RecursionError:
            problems.append(f"  packages[{number}].marker: it is nested too deeply")
    if problems:
        hint = f"It was written by {head.created_by}; let that write it again"
        raise InvalidLock("\n".join([f"Unable to read `{path}`", *problems]), hint=hint)
    listing = Listing(
        tuple(entries),
        extras=frozenset(head.extras or ()),
        groups=_names(head.dependency_groups),
        default_groups=_names(head.default_groups),
        created_by=head.created_by,
    )
    return Lock(
        version=1,
        revision=minor,
        requires_python=head.requires_python or SpecifierSet(),
        packages=tuple(packages),
        supported_markers=tuple(str(marker) for marker in head.environments or ()),
        path=path,
        listing=listing,
    )


def _names(groups: Sequence[str] | None) -> frozenset[str]:
    return frozenset(map(canonicalize_name, groups or ()))


def _said(error: Exception) -> str:
    """Return what packaging says, with the place first."""
    if isinstance(error, PylockValidationError):
        reason = error.message.partition("\n")[0]
        return f"{error.context}: {reason}" if error.context else reason
    return "it is nested too deeply"


def _read(item: Mapping[str, Any]) -> tuple[Package, Entry]:
    document = {"lock-version": "1.0", "created-by": "", "packages": [item]}
    (listed,) = Pylock.from_dict(document).packages
    entry = Entry(
        "" if listed.marker is None else str(listed.marker),
        listed.requires_python or SpecifierSet(),
    )
    if listed.directory is not None:
        return Package(listed.name, _directory(listed.directory), listed.version), entry
    if listed.vcs is not None:
        return Package(listed.name, _git(listed.vcs), listed.version), entry
    if listed.archive is not None:
        return _of_archive(listed, listed.archive), entry
    return _of_index(listed), entry


def _directory(directory: PackageDirectory) -> Source:
    path = posixpath.normpath(posixpath.join(directory.path, directory.subdirectory or ""))
    return Editable(path) if directory.editable else Directory(path)


def _git(vcs: PackageVcs) -> Git:
    if vcs.type != "git":
        raise _Misfit(f"only Git is supported, not `{vcs.type}`")
    if vcs.url is None:
        raise _Misfit("a repository is only taken from a `url`")
    if not COMMIT.fullmatch(vcs.commit_id):
        raise _Misfit("`vcs.commit-id` is no full commit")
    return Git(
        vcs.url.removeprefix("git+"),
        vcs.commit_id,
        requested=vcs.requested_revision,
        subdirectory=_inner(vcs.subdirectory),
    )


def _inner(path: str | None) -> str | None:
    """Return a path in a tree, which may not lead out of it."""
    if path is None or (path := posixpath.normpath(path)) == ".":
        return None
    if path.startswith(("/", "../")) or path == "..":
        raise _Misfit("`subdirectory` leads out of the source")
    return path


def _of_archive(listed: ListedPackage, archive: PackageArchive) -> Package:
    url, path = _place(archive.url, archive.path)
    filename = posixpath.basename(path if url is None else unquote(urlsplit(url).path))
    if not filename or UNSAFE_IN_FILENAME.search(filename):
        raise _Misfit("`archive` has no usable filename")
    source: Source = DirectUrl(url, _inner(archive.subdirectory)) if url else Path(path)
    if url is None and _inner(archive.subdirectory):
        raise _Misfit("`archive.subdirectory` is only supported with a `url`")
    if filename.endswith(".whl"):
        wheel = Wheel(filename, url, path or None, _hash(archive.hashes), archive.size)
        return Package(listed.name, source, _version(listed, filename), wheels=(wheel,))
    sdist = Sdist(filename, url, path or None, _hash(archive.hashes), archive.size)
    return Package(listed.name, source, _version(listed, filename), sdist=sdist)


def _of_index(listed: ListedPackage) -> Package:
    wheels = tuple(_wheel(wheel) for wheel in listed.wheels or ())
    sdist = None if listed.sdist is None else _sdist(listed.sdist)
    first = [*wheels, *([sdist] if sdist else [])][0]
    # Which index it was need not be said; then it is the folder of the file, as for uv.
    index = listed.index or (first.url or "").rpartition("/")[0]
    source = Registry(url=index) if index else Registry(path=posixpath.dirname(first.path or ""))
    version = _version(listed, first.filename)
    return Package(listed.name, source, version, sdist=sdist, wheels=wheels)


def _wheel(wheel: PackageWheel) -> Wheel:
    url, path = _place(wheel.url, wheel.path)
    return Wheel(wheel.filename, url, path or None, _hash(wheel.hashes), wheel.size)


def _sdist(sdist: PackageSdist) -> Sdist:
    url, path = _place(sdist.url, sdist.path)
    return Sdist(sdist.filename, url, path or None, _hash(sdist.hashes), sdist.size)


def _place(url: str | None, path: str | None) -> tuple[str | None, str]:
    """Return a URL, or the path of a file on this machine; of both, the file is taken."""
    if path:
        return None, path
    assert url is not None  # since one of both must be there
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _Misfit("a `url` is none") from None
    if parts.scheme == "file":
        return None, unquote(parts.path)
    if parts.scheme not in ("http", "https"):
        raise _Misfit("a `url` is neither of `http`, `https` nor of `file`")
    return url, ""


def _hash(hashes: Mapping[str, Any]) -> str:
    by_name = {name.lower(): f"{name}:{value}".lower() for name, value in hashes.items()}
    for algorithm in _ALGORITHMS:
        if (text := by_name.get(algorithm)) is not None:
            if HASH.fullmatch(text):
                return text
            raise _Misfit(f"a hash is no {algorithm}")
    raise _Misfit(f"no hash can be checked: {', '.join(sorted(by_name))}")


def _version(listed: ListedPackage, filename: str) -> Version | None:
    """Return the version, which a file's name tells as well, where it has one."""
    if listed.version is not None:
        return listed.version
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
