"""File systems that only one test sees: whatever becomes of it, they are gone when it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_OWN = ("--mount",) if os.getuid() == 0 else ("--mount", "--map-root-user")
_ENTER = ("--mount",) if os.getuid() == 0 else ("--mount", "--user", "--preserve-credentials")


@dataclass(frozen=True)
class Mounts:
    """A mount namespace, kept by a process that waits."""

    pid: int

    def command(self, *line: str | os.PathLike[str]) -> list[str]:
        """Return the command line that runs another one where the file systems are."""
        return [
            "nsenter",
            "--target",
            str(self.pid),
            *_ENTER,
            "--",
            *(os.fspath(each) for each in line),
        ]

    def path(self, path: Path) -> Path:
        """Return where a path of there is seen from here."""
        return Path(f"/proc/{self.pid}/root{path}")

    def mount(self, *arguments: str | os.PathLike[str]) -> None:
        """Run `mount`."""
        subprocess.run(self.command("mount", *arguments), check=True)

    def small(self, folder: Path, kibibytes: int) -> None:
        """Put a file system of that size at a folder."""
        self.mount("-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", folder)

    def grow(self, folder: Path) -> None:
        """Give it all the room that is wanted."""
        self.mount("-o", "remount,size=64m", folder)

    def read_only(self, path: Path) -> None:
        """Let nothing be written to a file, or below a folder."""
        self.mount("--bind", path, path)
        self.mount("-o", "remount,bind,ro", path)

    def undo(self, path: Path) -> None:
        """Take away what was mounted last at a path."""
        subprocess.run(self.command("umount", path), check=True)


@contextmanager
def own_mounts(instead: str) -> Iterator[Mounts]:
    """Give a namespace; where there may be none, ``instead`` says what stands in for the test."""
    waits: Sequence[str] = ["unshare", *_OWN, "sh", "-c", "echo ready; exec cat"]
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip(f"there is no `unshare` here (apt-get install util-linux); {instead}")
    with subprocess.Popen(
        waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            _, said = process.communicate()
            pytest.skip(f"nothing may be mounted here: {said.strip()}; {instead}")
        try:
            yield Mounts(process.pid)
        finally:
            process.kill()
