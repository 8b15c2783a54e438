"""The entries of a base's layers: packages unpacked, and what their scripts would have added."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from lamina.archive.entry import Entry, Kind, Literal, directory, file, symlink
from lamina.archive.tree import follow
from lamina.bases.debian.plan import DebianLayer
from lamina.deb.file import DebFile, UnreadableDeb
from lamina.deb.package import DebianPackage
from lamina.deb.unpack import INFO, unpack
from lamina.errors import LaminaError

OpenDeb = Callable[[DebianPackage], Path]
"""Gives the file of a package, its SHA-256 checked."""

_MERGED = {"amd64": ("bin", "lib", "lib64", "sbin"), "arm64": ("bin", "lib", "sbin")}
"""What is a symlink into usr: everywhere since bookworm (Debian TC #994388), though the packages
of bookworm still ship files in lib."""

_MOVED = {"var/run": "/run", "var/lock": "/run/lock"}
"""Directories in base-files that its script makes symlinks."""

_COPIES = {
    "usr/share/base-files/dot.bashrc": "root/.bashrc",
    "usr/share/base-files/dot.profile": "root/.profile",
    "usr/share/base-files/motd": "etc/motd",
    "usr/share/base-files/profile": "etc/profile",
    "usr/share/base-passwd/group.master": "etc/group",
    "usr/share/base-passwd/passwd.master": "etc/passwd",
    "usr/share/libc-bin/nsswitch.conf": "etc/nsswitch.conf",
    "usr/share/readline/inputrc": "etc/inputrc",
}
"""Files that scripts copy where they are used."""

_BASE_FILES = (
    symlink("etc/dpkg/origins/default", "debian"),
    directory("etc/opt"),
    directory("media"),
    directory("mnt"),
    directory("opt"),
    directory("run/lock", 0o1777),
    directory("srv"),
    *(directory(f"usr/local/{name}") for name in ("bin", "etc", "games", "include", "lib")),
    *(directory(f"usr/local/{name}") for name in ("sbin", "share", "share/man", "src")),
    symlink("usr/local/man", "share/man"),
    symlink("var/lock", "/run/lock"),
    Entry("var/mail", Kind.DIRECTORY, 0o2775, gid=8),
    directory("var/opt"),
    symlink("var/run", "/run"),
    symlink("var/spool/mail", "../mail"),
)
"""What the script of base-files makes."""

_TZDATA = (
    symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
    file("etc/timezone", b"Etc/UTC\n"),
)

_CERTIFICATE = re.compile(r"usr/share/ca-certificates/(?P<path>.+)\.crt")
_PRUNED = re.compile(r"usr/share/(groff|info|linda|lintian|locale|man)/.")
_DOC = re.compile(r"usr/share/doc/[^/]+/(?P<name>.+)")


class PackagesCollide(LaminaError):
    """Two packages of a base with different things at one path."""


def entries(layer: DebianLayer, open_deb: OpenDeb) -> Iterator[Entry]:
    """Give the entries of ``layer`` in the order in which they are to be written.

    The content of each must be read before the next entry is asked for: nothing is unpacked twice,
    nor held whole. ``open_deb`` is asked for each package once, in turn.
    """
    if layer.is_database:
        return _database(layer)
    return _Rootfs(layer.architecture).unpack(layer.packages, open_deb)


def is_kept(path: str, kind: Kind) -> bool:
    """Say whether a path goes into the image: all but documentation, as in Debian's slim images.

    Licences stay, and the links between folders of documentation that lead to them.
    """
    if _PRUNED.match(path):
        return False
    match = _DOC.fullmatch(path)
    return match is None or (match["name"] == "copyright" and kind is not Kind.DIRECTORY)


@dataclass(slots=True)
class _Rootfs:
    """One layer while packages are unpacked to it: the paths it has, and the symlinks below."""

    architecture: str
    owners: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(init=False)
    captured: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.links = {name: f"usr/{name}" for name in _MERGED[self.architecture]} | _MOVED

    def unpack(self, packages: Iterable[DebianPackage], open_deb: OpenDeb) -> Iterator[Entry]:
        names: set[str] = set()
        for package in packages:
            names.add(package.name)
            with DebFile(open_deb(package), package.file_name) as deb:
                _check_identity(deb, package)
                for entry in unpack(deb, is_kept):
                    yield from self._place(package.name, self._capture(entry))
        for entry in self._scripted(names):
            # Already where it belongs; what a package ships itself wins.
            if entry.path not in self.owners:
                yield from self._parents(entry.path)
                self.owners[entry.path] = "lamina"
                yield entry

    def _place(self, owner: str, entry: Entry) -> Iterator[Entry]:
        path = self._resolve(entry.path)
        if self._is_there(path, entry):
            return
        if path in self.owners:
            other = self.owners[path] or "another package, as a directory"
            raise PackagesCollide(
                f"Unable to unpack `{owner}`: `{path}` is already there, from {other}"
            )
        yield from self._parents(path)
        self.owners[path] = "" if entry.kind is Kind.DIRECTORY else owner
        if entry.kind is Kind.SYMLINK:
            self.links[path] = entry.target
        target = self._resolve(entry.target) if entry.kind is Kind.HARDLINK else entry.target
        yield replace(entry, path=path, target=target)

    def _is_there(self, path: str, entry: Entry) -> bool:
        """Say whether a directory, or a symlink to one, is left as it is, as dpkg would."""
        if entry.kind is Kind.DIRECTORY:
            return path in self.links or self.owners.get(path) == ""
        is_ours = path in self.links and path not in self.owners
        return is_ours and entry.kind is Kind.SYMLINK and entry.target == self.links[path]

    def _parents(self, path: str) -> Iterator[Entry]:
        parts = path.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            if parent not in self.owners:
                self.owners[parent] = ""
                yield directory(parent)

    def _resolve(self, path: str) -> str:
        """Follow the symlinks on the way to ``path``, as dpkg does on a running system."""
        parent, _, name = path.rpartition("/")
        resolved = "/".join(follow(parent, lambda parts: self.links.get("/".join(parts))))
        return posixpath.join(resolved, name)

    def _capture(self, entry: Entry) -> Entry:
        """Hold the content of a file that the scripts would read; there are few, and small."""
        if entry.kind is not Kind.FILE:
            return entry
        if entry.path not in _COPIES and not _CERTIFICATE.fullmatch(entry.path):
            return entry
        data = b"".join(entry.content.chunks())
        self.captured[entry.path] = data
        return replace(entry, content=Literal(data))

    def _scripted(self, names: set[str]) -> Iterator[Entry]:
        if "libc6" in names:
            for name in _MERGED[self.architecture]:
                yield directory(f"usr/{name}")
                yield symlink(name, f"usr/{name}")
        if "base-files" in names:
            yield from _BASE_FILES
        if "tzdata" in names:
            yield from _TZDATA
        for source, copy in _COPIES.items():
            if source in self.captured:
                yield file(copy, self.captured[source])
        yield from _certificates(self.captured)


def _certificates(captured: dict[str, bytes]) -> Iterator[Entry]:
    """Do what update-ca-certificates does, but for the links by hash, which need openssl.

    Instead, OpenSSL's own default file leads to the bundle.
    """
    found = {
        match["path"]: captured[path]
        for path in sorted(captured)
        if (match := _CERTIFICATE.fullmatch(path))
    }
    if not found:
        return
    bundle = b"".join(data if data.endswith(b"\n") else data + b"\n" for data in found.values())
    listed = "".join(f"{path}.crt\n" for path in found)
    yield file("etc/ca-certificates.conf", listed.encode())
    for path in found:
        # The names as the script spells them.
        name = re.sub("[()]", "=", re.sub("[ ,]", "_", path.rpartition("/")[2]))
        yield symlink(f"etc/ssl/certs/{name}.pem", f"/usr/share/ca-certificates/{path}.crt")
    yield file("etc/ssl/certs/ca-certificates.crt", bundle)
    yield symlink("usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt")
    yield symlink("usr/lib/ssl/certs", "/etc/ssl/certs")


def _database(layer: DebianLayer) -> Iterator[Entry]:
    """Give what dpkg keeps of all packages at once; what it keeps of each lies in its layer."""
    for path in ("var", "var/lib", "var/lib/dpkg", INFO):
        yield directory(path)
    yield file(f"{INFO}/format", b"1\n")
    status = "\n".join(package.status for package in layer.packages)
    yield file("var/lib/dpkg/status", status.encode())


def _check_identity(deb: DebFile, package: DebianPackage) -> None:
    expected = f"{package.name} {package.version} {package.architecture}"
    got = " ".join(deb.control[key] for key in ("Package", "Version", "Architecture"))
    if got != expected:
        raise UnreadableDeb(
            deb.name, f"it is another package\n  expected: {expected}\n  got:      {got}"
        )
