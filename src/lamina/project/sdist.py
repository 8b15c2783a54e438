"""The files of an sdist, unpacked; nothing of it is written outside of its folder.

Read by our own hands and not by `TarFile.extractall`, whose filters not every Python has (PEP 706).
"""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from lamina.errors import LaminaError

_MOST_MEMBERS = 1_000_000
_LONGEST_TARGET = 4096
_CHUNK = 1 << 20
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError, OSError, ValueError, KeyError),
)
_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")


class UnusableSdist(LaminaError):
    """An sdist that cannot be unpacked, or that would write where it must not."""


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    kind: Literal["file", "folder", "symlink", "link"]
    is_executable: bool
    target: str
    open: Callable[[], IO[bytes] | None]


def unpack_sdist(path: Path, filename: str, folder: Path, *, limit: int) -> Path:
    """Unpack an sdist below ``folder``, which does not exist yet; return its single top folder.

    ``limit`` is of all that it unpacks to, in bytes. Links come last, so that nothing is written
    through one. Raises `UnusableSdist`.
    """
    folder.mkdir(parents=True)
    try:
        if filename.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                _write(_zipped(archive), folder, filename, limit)
        elif filename.lower().endswith(_TARS):
            with tarfile.open(path, "r:*") as tar:
                _write(_tarred(tar), folder, filename, limit)
        else:
            raise UnusableSdist(
                f"Unable to unpack `{filename}`: sdists are `.tar.gz` or `.zip` files"
            )
    except _BROKEN as error:
        raise UnusableSdist(f"Unable to unpack `{filename}`: {error}") from error
    tops = [each for each in folder.iterdir() if each.name != "pax_global_header"]
    if len(tops) != 1 or not tops[0].is_dir():
        raise UnusableSdist(f"Unable to unpack `{filename}`: expected one folder at its top")
    return tops[0]


def _tarred(tar: tarfile.TarFile) -> Iterator[_Member]:
    kinds: dict[bytes, Literal["folder", "symlink", "link"]] = {
        tarfile.DIRTYPE: "folder",
        tarfile.SYMTYPE: "symlink",
        tarfile.LNKTYPE: "link",
    }
    for info in tar:
        if not (info.isreg() or info.type in kinds):
            raise ValueError(f"`{info.name}` is neither file, folder nor link")
        yield _Member(
            info.name,
            kinds.get(info.type, "file"),
            bool(info.mode & 0o111),
            info.linkname,
            lambda info=info: tar.extractfile(info),  # type: ignore[misc]
        )


def _zipped(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        mode = info.external_attr >> 16
        if stat.S_ISLNK(mode):
            if info.file_size > _LONGEST_TARGET:
                raise ValueError(f"`{info.filename}` is no link")
            target = os.fsdecode(archive.read(info))
            yield _Member(info.filename, "symlink", False, target, lambda: None)
        else:
            yield _Member(
                info.filename,
                "folder" if info.is_dir() else "file",
                bool(mode & 0o111),
                "",
                lambda info=info: archive.open(info),  # type: ignore[misc]
            )


def _write(members: Iterator[_Member], folder: Path, filename: str, limit: int) -> None:
    links: list[tuple[_Member, str]] = []
    left = limit
    for count, member in enumerate(members):
        name = _inside(member.name)
        if count > _MOST_MEMBERS:
            raise ValueError(f"it has more than {_MOST_MEMBERS} members")
        if member.kind in ("symlink", "link"):
            links.append((member, name))
        elif member.kind == "folder":
            (folder / name).mkdir(parents=True, exist_ok=True)
        else:
            left -= _write_file(member, folder / name, left)
            if left < 0:
                raise UnusableSdist(
                    f"Unable to unpack `{filename}`: it unpacks to more than {limit} bytes",
                    hint="To allow more, pass `--max-wheel-size`",
                )
    for member, name in links:
        _link(member, name, folder)


def _write_file(member: _Member, path: Path, left: int) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    source, size = member.open(), 0
    if source is None:
        raise ValueError(f"`{member.name}` has no content")
    with source, path.open("wb") as file:
        while size <= left and (chunk := source.read(_CHUNK)):
            file.write(chunk)
            size += len(chunk)
    path.chmod(0o755 if member.is_executable else 0o644)
    return size


def _link(member: _Member, name: str, folder: Path) -> None:
    """Make a link that leads to somewhere inside; a hard link becomes a copy."""
    path = folder / name
    base = posixpath.dirname(name) if member.kind == "symlink" else ""
    if member.target.startswith("/"):
        raise ValueError(f"`{member.name}` leads out of it")
    target = _inside(posixpath.normpath(posixpath.join(base, member.target)))
    path.parent.mkdir(parents=True, exist_ok=True)
    real = os.path.realpath(path.parent)
    if not f"{real}/".startswith(f"{os.path.realpath(folder)}/"):
        raise ValueError(f"`{member.name}` leads out of it")
    if path.is_symlink() or path.exists():
        raise ValueError(f"`{member.name}` is there twice")
    if member.kind == "symlink":
        path.symlink_to(member.target)
    else:
        shutil.copyfile(folder / target, path, follow_symlinks=False)


def _inside(name: str) -> str:
    """Return a path in the archive, normalised. Raises `ValueError` for one that leads out."""
    normal = posixpath.normpath(name)
    if not name or "\0" in name or normal.startswith(("/", "../")) or normal == "..":
        raise ValueError(f"`{name}` leads out of it")
    return normal
