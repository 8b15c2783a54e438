"""Files of the store brought into an environment: cloned, linked or copied."""

from __future__ import annotations

import errno
from collections.abc import Callable
from enum import Enum

from lamina.sync.ways import WAYS

_FORBIDDEN = frozenset(
    getattr(errno, name)
    for name in ("EXDEV", "EOPNOTSUPP", "ENOTSUP", "EINVAL", "ENOTTY", "EPERM", "EMLINK", "ENOSYS")
)
"""What a file system says to what it cannot do."""


class LinkMode(Enum):
    """How a file of the store comes into an environment; the names are uv's."""

    CLONE = "clone"
    HARDLINK = "hardlink"
    COPY = "copy"
    SYMLINK = "symlink"


class Linker:
    """Brings files into an environment, in the best way that the file system can.

    The state is that way: what it has once refused is not tried again.
    """

    def __init__(self, mode: LinkMode | None, warn: Callable[[str], None]) -> None:
        """``mode`` is what was asked for; None tries to clone, then to link, and copies last."""
        self.mode = mode or LinkMode.CLONE
        self._is_chosen = mode is not None
        self._warn = warn

    def link(self, source: str, path: str, mode: int) -> None:
        """Bring a file to ``path``, where nothing may be."""
        while True:
            tried = self.mode  # Another thread may change it meanwhile.
            try:
                _WAYS[tried](source, path, mode)
            except OSError as error:
                if error.errno not in _FORBIDDEN or tried is LinkMode.COPY:
                    raise
                self._give_way(tried)
            else:
                return

    def _give_way(self, refused: LinkMode) -> None:
        if self.mode is not refused:
            return  # Another thread was faster.
        if refused is LinkMode.CLONE and not self._is_chosen:
            self.mode = LinkMode.HARDLINK
            return
        self.mode = LinkMode.COPY
        self._warn(
            "Files are copied, since the file system of the store and of the environment cannot "
            f"{_VERBS[refused]}; to copy without this warning, pass `--link-mode copy`"
        )


_WAYS: dict[LinkMode, Callable[[str, str, int], None]] = {
    mode: WAYS[mode.value] for mode in LinkMode
}
_VERBS = {
    LinkMode.CLONE: "clone them",
    LinkMode.HARDLINK: "link them",
    LinkMode.SYMLINK: "have symbolic links",
}
