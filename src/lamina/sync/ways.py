"""The ways in which a file of the store comes into an environment: a system call or two each.

Paths may be relative to open folders, ``source_at`` and ``path_at``. Imports next to nothing: see
`lamina.sync.hand`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from typing import Protocol

_FICLONE = 0x40049409
_CHUNK = 1 << 20


class Way(Protocol):
    """Brings a file to ``path``, where nothing may be; ``mode`` is that of one that is new."""

    def __call__(
        self,
        source: str,
        path: str,
        mode: int,
        source_at: int | None = None,
        path_at: int | None = None,
    ) -> None:
        """Do it. Raises `OSError`."""
        ...


def clone(
    source: str, path: str, mode: int, source_at: int | None = None, path_at: int | None = None
) -> None:
    """Share the bytes, in a file of its own; see `Way`."""
    if sys.platform != "linux":
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), path)
    theirs = os.open(source, os.O_RDONLY, dir_fd=source_at)
    try:
        ours = _new(path, mode, path_at)
        try:
            fcntl.ioctl(ours, _FICLONE, theirs)
        except OSError:
            os.unlink(path, dir_fd=path_at)
            raise
        finally:
            os.close(ours)
    finally:
        os.close(theirs)


def hardlink(
    source: str, path: str, mode: int, source_at: int | None = None, path_at: int | None = None
) -> None:
    """Let it be the same file; see `Way`."""
    os.link(source, path, src_dir_fd=source_at, dst_dir_fd=path_at)


def symlink(
    source: str, path: str, mode: int, source_at: int | None = None, path_at: int | None = None
) -> None:
    """Let it lead to the file, whose path is absolute; see `Way`."""
    os.symlink(source, path, dir_fd=path_at)


def copy(
    source: str, path: str, mode: int, source_at: int | None = None, path_at: int | None = None
) -> None:
    """Write the same bytes; see `Way`."""
    theirs = os.open(source, os.O_RDONLY, dir_fd=source_at)
    try:
        ours = _new(path, mode, path_at)
        try:
            while chunk := os.read(theirs, _CHUNK):
                view = memoryview(chunk)
                while view:
                    view = view[os.write(ours, view) :]
        finally:
            os.close(ours)
    finally:
        os.close(theirs)


def _new(path: str, mode: int, at: int | None) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode, dir_fd=at)


WAYS: dict[str, Way] = {"clone": clone, "hardlink": hardlink, "symlink": symlink, "copy": copy}
"""By the names that uv gives them."""
