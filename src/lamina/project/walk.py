"""The project's files as they lie on disk: which are kept, and their bytes."""

from __future__ import annotations

import io
import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lamina.archive.entry import CHUNK
from lamina.archive.parents import parents
from lamina.archive.tree import WHITEOUT
from lamina.errors import LaminaError
from lamina.project.ignore import VENV_MARK, Ignore

_KINDS = {
    stat.S_IFSOCK: "is a socket",
    stat.S_IFIFO: "is a named pipe",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


class UnusableFiles(LaminaError):
    """Files of the project that no layer can hold, or that cannot be read; all at once."""


class FileChanged(LaminaError):
    """A file was written to while it was read; what was read of it is of no use."""


@dataclass(frozen=True, slots=True)
class Found:
    """A path that the walk came to, relative to the root, ``/`` between its parts."""

    path: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        """Whether a folder lies there; a link to one is none."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        """Whether a symlink lies there."""
        return stat.S_ISLNK(self.status.st_mode)


@dataclass(frozen=True, slots=True)
class DiskContent:
    """The bytes of a file on disk, which must still be the file that was looked at."""

    path: str
    size: int
    stamp: tuple[int, int, int]
    """Device, inode and date: another one shows that it is not the same file any more."""

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`; raise `FileChanged` rather than end with other bytes."""
        try:
            # Not through a link, nor waiting for a pipe, should one stand there by now.
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise UnusableFiles(f"Unable to read `{self.path}`: {error.strerror}") from error
        with io.FileIO(handle) as file:
            self._check(handle)
            left = self.size
            while left and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
            self._check(handle)
            if left:
                raise _changed(self.path)

    def _check(self, handle: int) -> None:
        now = os.fstat(handle)
        if now.st_size != self.size or _stamp(now) != self.stamp:
            raise _changed(self.path)


def content(root: Path, found: Found) -> DiskContent:
    """Return the bytes of the file that was found."""
    status = found.status
    return DiskContent(str(root / found.path), status.st_size, _stamp(status))


def walk(root: Path, start: str, ignore: Ignore, *, lenient: bool = False) -> list[Found]:
    """Return what is kept below the folder ``start``, folders included, sorted by path.

    Folders of which nothing is kept are not entered. What no layer can hold ends in one error,
    or is passed over by a ``lenient`` walk; what cannot be read ends in an error always.
    """
    kept: list[Found] = []
    left_out: dict[str, Found] = {}
    problems: list[str] = []
    waiting: list[Found | None] = [None]
    while waiting:
        folder = waiting.pop()
        path = folder.path if folder else start
        items = _scan(root, path, problems)
        if folder and any(item.name == VENV_MARK for item in items):
            continue
        if folder and ignore.excludes(path):
            left_out[path] = folder
        elif folder:
            kept.append(folder)
        for item in items:
            below = f"{path}/{item.name}" if path else item.name
            is_folder = item.is_dir(follow_symlinks=False)
            if ignore.excludes(below) and (not is_folder or ignore.prunes(below)):
                continue
            found = Found(below, item.stat(follow_symlinks=False))
            if (problem := misfit(found)) is not None:
                problems += [] if lenient else [problem]
            else:
                (waiting if is_folder else kept).append(found)
    refuse(problems)
    if left_out:
        above = {parent for found in kept for parent in parents(found.path)}
        kept += (found for path, found in left_out.items() if path in above)
    return sorted(kept, key=lambda found: found.path)


def misfit(found: Found) -> str | None:
    """Return why no layer can hold what was found, or None where one can."""
    kind = _KINDS.get(stat.S_IFMT(found.status.st_mode))
    if kind is not None:
        return f"  {shown(found.path)}: {kind}"
    if not _is_utf8(found.path):
        return f"  {shown(found.path)}: its name is not UTF-8"
    if posixpath.basename(found.path).startswith(WHITEOUT):
        return f"  {shown(found.path)}: in a layer it would hide other files"
    return None


def refuse(problems: list[str]) -> None:
    """Raise one error for all problems, if there are any."""
    if problems:
        raise UnusableFiles(
            "\n".join(["Unable to copy files of the project", *sorted(problems)]),
            hint="To leave a file out, name it in `.dockerignore`",
        )


def shown(path: str) -> str:
    """Return a path that may be printed, whatever bytes are in it."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def link_target(root: Path, found: Found) -> str:
    """Return where a symlink points, as written."""
    # Not `Path.readlink`, which would write `./x/` as `x`.
    target = os.readlink(root / found.path)  # noqa: PTH115
    if not _is_utf8(target):
        refuse([f"  {shown(found.path)}: its target is not UTF-8"])
    return target


def _scan(root: Path, path: str, problems: list[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / path) as listing:
            return list(listing)
    except OSError as error:
        problems.append(f"  {shown(path) or '.'}: {error.strerror}")
        return []


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _changed(path: str) -> FileChanged:
    return FileChanged(
        f"`{path}` changed while it was read",
        hint="Build again when nothing writes to the project's folder",
    )
