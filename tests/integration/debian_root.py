"""Debian on disk, and its own apt and dpkg, asked in it: what they say is true by definition."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_INSTALLED = re.compile(
    r"^Inst (?P<name>\S+)( \[[^\]]*\])? \((?P<version>\S+) [^\[]*\[(?P<architecture>\w+)\]", re.M
)


@dataclass(frozen=True)
class DebianRoot:
    """A root folder with a Debian in it that has apt."""

    path: Path
    options: tuple[str, ...] = field(default=())
    """More that is said to apt at each call."""

    def run(self, *command: str) -> str:
        """Run a program inside, and return what it said; it must end well."""
        done = self.tried(*command)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def tried(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program inside, and return how it ended."""
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        return subprocess.run(
            ["chroot", str(self.path), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def apt_get(self, *arguments: str) -> str:
        """Run `apt-get`."""
        return self.run("apt-get", *self.options, *arguments)

    def would_install(self, *names: str) -> dict[str, str]:
        """Return name and version of all that apt would unpack for these packages."""
        return _unpacked(self.apt_get("--simulate", "install", "--no-install-recommends", *names))

    def can_install(self, *names: str) -> dict[str, str] | None:
        """Return the same; None where apt refuses, or removes something for it."""
        command = ("--simulate", "install", "--no-install-recommends", *names)
        done = self.tried("apt-get", *self.options, *command)
        if done.returncode != 0 or "\nRemv " in done.stdout:
            return None
        return _unpacked(done.stdout)

    def of_base(self, status: bytes, name: str, architecture: str = "amd64") -> DebianRoot:
        """Return the same apt, which takes another base's packages for those that are installed.

        For bases that have no apt of their own.
        """
        state = self.path / "bases" / name
        for part in ("lists/partial", "cache/archives/partial"):
            (state / part).mkdir(parents=True)
        (state / "status").write_bytes(status)
        (state / "extended_states").touch()
        inside = Path("/bases", name)
        other = DebianRoot(
            self.path,
            (
                f"-oDir::State={inside}",
                f"-oDir::State::status={inside}/status",
                f"-oDir::Cache={inside}/cache",
                f"-oAPT::Architecture={architecture}",
                f"-oAPT::Architectures={architecture}",
            ),
        )
        if architecture == "amd64":
            shutil.rmtree(state / "lists")
            (state / "lists").symlink_to("/var/lib/apt/lists")
        else:
            other.apt_get("update")
        return other


def _unpacked(said: str) -> dict[str, str]:
    return {
        found["name"].partition(":")[0]: found["version"] for found in _INSTALLED.finditer(said)
    }


def unpack_root(layers: Iterable[Path], at: Path) -> DebianRoot:
    """Unpack layers upon each other; what needs the network in it reaches what we reach."""
    at.mkdir()
    for layer in layers:
        subprocess.run(["tar", "-xpzf", str(layer), "-C", str(at)], check=True, umask=0)
    shutil.copy("/etc/resolv.conf", at / "etc" / "resolv.conf")
    add_null(at)
    return DebianRoot(at)


def add_null(root: Path) -> None:
    """Make the one device that most programs open. A reader of others might never end."""
    null = root / "dev" / "null"
    null.parent.mkdir(exist_ok=True)
    os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    null.chmod(0o666)
