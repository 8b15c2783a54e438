"""The entries of a base's layers: packages unpacked, and what their scripts would have added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lamina.archive.entry import Entry, Kind, directory, file, symlink
from lamina.archive.parents import parents
from lamina.archive.rootfs import Rootfs
from lamina.bases.debian.plan import DebianLayer
from lamina.deb.package import DebianPackage
from lamina.deb.status import STATUS
from lamina.system.configuration import Below, configure
from lamina.system.notes import PackageNotes
from lamina.system.placing import Placing
from lamina.system.small_files import SmallFiles
from lamina.system.unpacking import OpenDeb, TakeNotes, unpack_all, without_documentation

_MERGED = ("bin", "lib", "sbin")
"""What is a symlink into usr: everywhere since bookworm (Debian TC #994388), though the packages
of bookworm still ship files in lib."""

_LIB64 = frozenset({"amd64", "ppc64el"})
"""Architectures whose C library has its loader in ``lib64``, which is merged as well."""

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

_NONROOT = 65532
"""A user for programs that need no rights, and its group; distroless has the same."""

_ADDED = {
    "etc/group": f"nonroot:*:{_NONROOT}:\n".encode(),
    "etc/passwd": (
        f"nonroot:*:{_NONROOT}:{_NONROOT}:nonroot:/home/nonroot:/usr/sbin/nologin\n".encode()
    ),
}

_BASE_FILES = (
    directory("opt"),
    directory("run/lock", 0o1777),
    directory("srv"),
    directory("usr/local/bin"),
    directory("usr/local/sbin"),
    symlink("var/lock", "/run/lock"),
    Entry("var/mail", Kind.DIRECTORY, 0o2775, gid=8),
    symlink("var/run", "/run"),
)
"""What the script of base-files makes in ways that `lamina.system` does not read."""

_TZDATA = (
    symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
    file("etc/timezone", b"Etc/UTC\n"),
)


def entries(layer: DebianLayer, open_deb: OpenDeb, take: TakeNotes) -> Iterator[Entry]:
    """Give the entries of ``layer`` in the order in which they are to be written.

    The content of each must be read before the next entry is asked for: nothing is unpacked twice,
    nor held whole. ``open_deb`` is asked for each package once, in turn; ``take`` gets its notes.
    """
    placing = Placing(Rootfs(links=_links(layer.architecture)))
    captured: dict[str, bytes] = {}

    def taken(package: DebianPackage, notes: PackageNotes) -> None:
        captured.update(notes.captured)
        take(package, notes)

    keep = without_documentation
    yield from unpack_all(layer.packages, open_deb, placing, keep, taken)
    names = {package.name for package in layer.packages}
    for entry in _scripted(names, captured, _merged(layer.architecture)):
        # Already where it belongs; what a package ships itself wins.
        for path in [*parents(entry.path), entry.path]:
            if path not in placing.owners:
                placing.owners[path] = ""
                yield entry if path == entry.path else directory(path)


def configured(notes: Sequence[PackageNotes], architecture: str) -> list[Entry]:
    """Give the entries of the highest layer: what dpkg and scripts keep of all packages."""
    captured = {path: data for each in notes for path, data in each.captured.items()}
    base = SmallFiles({STATUS: b"", **_copied(captured)})
    below = Below(files=base, rootfs=Rootfs(links=_links(architecture)), architecture=architecture)
    return configure(notes, below, without_documentation).entries


def _copied(captured: Mapping[str, bytes]) -> dict[str, bytes]:
    return {
        copy: captured[source] + _ADDED.get(copy, b"")
        for source, copy in _COPIES.items()
        if source in captured
    }


def _links(architecture: str) -> dict[str, str]:
    return {name: f"usr/{name}" for name in _merged(architecture)} | _MOVED


def _merged(architecture: str) -> tuple[str, ...]:
    return ("bin", "lib", "lib64", "sbin") if architecture in _LIB64 else _MERGED


def _scripted(
    names: set[str], captured: Mapping[str, bytes], merged: Iterable[str]
) -> Iterator[Entry]:
    if "libc6" in names:
        for name in merged:
            yield directory(f"usr/{name}")
            yield symlink(name, f"usr/{name}")
    if "base-files" in names:
        yield from _BASE_FILES
    if "tzdata" in names:
        yield from _TZDATA
    if "base-passwd" in names:
        yield Entry("home/nonroot", Kind.DIRECTORY, 0o700, uid=_NONROOT, gid=_NONROOT)
    for path, data in _copied(captured).items():
        yield file(path, data)
