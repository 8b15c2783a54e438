"""What a maintainer script would find where it runs: its package, on a system otherwise fresh."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from lamina.system.small_files import program_of

_TRIPLETS = {
    "amd64": "x86_64-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "armel": "arm-linux-gnueabi",
    "armhf": "arm-linux-gnueabihf",
    "i386": "i386-linux-gnu",
    "ppc64el": "powerpc64le-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "s390x": "s390x-linux-gnu",
}
_EVERYWHERE = frozenset({"dpkg", "dpkg-divert", "dpkg-query", "update-alternatives"})
"""Programs of every system with packages of Debian."""
_ABSENT = ("/run", "/var/run", "/proc", "/sys", "/dev", "/boot", "/tmp", "/target")  # noqa: S108
"""What a running system has, and an image has not."""
_FRESH = ("/etc", "/var", "/root", "/home", "/srv", "/opt", "/mnt", "/media", "/usr/local")
"""Where nothing is at a first installation but what packages ship."""
_ALWAYS = frozenset(
    {"/", "/etc", "/usr", "/var", "/usr/bin", "/usr/lib", "/usr/sbin", "/usr/share", "/usr/local"}
    | {"/usr/local/bin", "/usr/local/lib", "/usr/local/share", "/usr/local/sbin", "/usr/include"}
    | {"/var/lib", "/var/log", "/var/cache", "/var/spool", "/var/mail", "/etc/default", "/root"}
    | {"/bin", "/sbin", "/lib", "/home", "/opt", "/srv", "/usr/share/doc"}
    | {"/tmp", "/var/tmp"}  # noqa: S108
    | {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"}
)
"""What every Debian system has (packages base-files, base-passwd, libc-bin)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the system around a script."""

    package: str
    architecture: str
    """Of the package; ``all`` tells nothing of the system."""
    paths: Collection[str] | None = frozenset()
    """All absolute paths that the package ships; None if they are not known yet."""
    programs: Collection[str] | None = None
    """The names of all programs of the system, if they are known."""
    answers: Mapping[str, str | None] = field(default_factory=dict)
    """What debconf answers if nobody is asked, by question."""
    changed: dict[str, bool | None] = field(default_factory=dict)
    """Whether a path is there by what the package's scripts have done so far; None if perhaps."""

    @property
    def triplet(self) -> str | None:
        """The architecture as libraries name it, such as ``x86_64-linux-gnu``."""
        return _TRIPLETS.get(self.architecture)

    def variables(self) -> dict[str, str | None]:
        """Return the variables that dpkg sets (dpkg(1), environment)."""
        known = self.architecture != "all"
        return {
            "DPKG_ROOT": "",
            "DPKG_MAINTSCRIPT_PACKAGE": self.package,
            "DPKG_MAINTSCRIPT_ARCH": self.architecture if known else None,
            "DPKG_RECONFIGURE": "",
            "DEBCONF_RECONFIGURE": "",
            "DEBIAN_FRONTEND": "noninteractive",
        }

    def has(self, path: str) -> bool | None:
        """Say whether something is at a path, if that can be known."""
        path = posixpath.normpath(path)
        if path in self.changed:
            return self.changed[path]
        if path in _ALWAYS or path in (self.paths or ()):
            return True
        if self.paths is None:
            return False if _is_below(path, _ABSENT) else None
        if (name := program_of(path)) and self.programs is not None:
            return name in self.programs
        return False if _is_below(path, (*_ABSENT, *_FRESH)) else None

    def has_directory(self, path: str) -> bool | None:
        """Say whether a directory is at a path, if that can be known."""
        path = posixpath.normpath(path)
        if path in _ALWAYS or any(each.startswith(f"{path}/") for each in self.paths or ()):
            return True
        if path in (self.paths or ()):
            # A list of paths does not tell an empty directory from a file.
            return None
        return self.has(path)

    def has_program(self, name: str) -> bool | None:
        """Say whether a program is there; those of other packages are unknown."""
        if name.startswith("/"):
            return self.has(name)
        if self.programs is not None:
            return name in self.programs
        is_own = any(program_of(path) == name for path in self.paths or ())
        return True if is_own or name in _EVERYWHERE else None


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
