"""A Debian package to entries: what dpkg would put on disk, scripts not run."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lamina.archive.entry import CHUNK, Entry, Kind
from lamina.archive.tree import WHITEOUT
from lamina.deb.file import DebFile, UnreadableDeb, faults_of

Keep = Callable[[str, Kind], bool]
"""Says of a path whether it is wanted."""


@dataclass(slots=True)
class Listing:
    """All paths of a package, absolute, as dpkg keeps them, and what lies there."""

    paths: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    """The symlinks among them, with their targets as written."""

    def add(self, entry: Entry) -> None:
        """Note one more path."""
        path = f"/{entry.path}"
        self.paths.append(path)
        if entry.kind is Kind.DIRECTORY:
            self.folders.add(path)
        elif entry.kind is Kind.SYMLINK:
            self.links[path] = entry.target


@dataclass(frozen=True, slots=True)
class MemberContent:
    """A file's bytes in the tar being read: to be read before the next entry is asked for."""

    deb: str
    tar: tarfile.TarFile
    member: tarfile.TarInfo

    @property
    def size(self) -> int:
        """See `Content.size`."""
        return self.member.size

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`."""
        with faults_of(self.deb):
            stream = self.tar.extractfile(self.member)
            assert stream is not None
            while chunk := stream.read(CHUNK):
                yield chunk


def unpack(deb: DebFile, keep: Keep, listed: Listing) -> Iterator[Entry]:
    """Give the entries of ``deb`` that ``keep`` wants, and add all of its paths to ``listed``.

    Owners are the numbers in the package, which Debian fixes for all that it ships (Policy 9.2.2).
    The list is as dpkg keeps it: of all paths, wanted or not, as with its ``path-exclude``.
    """
    listed.paths.append("/.")
    listed.folders.add("/.")
    kept: set[str] = set()
    with deb.data() as tar, faults_of(deb.name):
        for member in tar:
            path = _path(deb.name, member.name)
            if not path:
                continue
            entry = _entry(deb.name, tar, member, path)
            listed.add(entry)
            if not keep(path, entry.kind):
                continue
            if entry.kind is Kind.HARDLINK and entry.target not in kept:
                problem = f"`{path}` is a hard link to `{entry.target}`, which is not there before"
                raise UnreadableDeb(deb.name, problem)
            kept.add(path)
            yield entry


def _path(deb: str, name: str) -> str:
    """Return ``name`` relative to the root; the root itself is empty."""
    _check_text(deb, name)
    parts = [part for part in name.removeprefix("./").split("/") if part != "."]
    if name.startswith("/") or ".." in parts or "" in parts[:-1]:
        raise UnreadableDeb(deb, f"the name `{name}` is not one below the root")
    if any(part.startswith(WHITEOUT) for part in parts):
        # In a layer it would hide what lies below it, instead of being a file.
        raise UnreadableDeb(deb, f"no layer can hold a file with the name `{name}`")
    return "/".join(parts).removesuffix("/")


def _check_text(deb: str, text: str) -> None:
    """Refuse what terminals, dpkg's lists or UTF-8 cannot show."""
    if not text or any(
        ord(char) < 32 or ord(char) == 127 or "\ud800" <= char <= "\udfff" for char in text
    ):
        raise UnreadableDeb(
            deb, f"a name that is empty, not UTF-8 or has control characters: {text!r}"
        )


def _entry(deb: str, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> Entry:
    mode, uid, gid = member.mode & 0o7777, member.uid, member.gid
    if member.isreg():
        content = MemberContent(deb, tar, member)
        return Entry(path, Kind.FILE, mode, content, uid=uid, gid=gid)
    if member.isdir():
        return Entry(path, Kind.DIRECTORY, mode, uid=uid, gid=gid)
    if member.issym():
        _check_text(deb, member.linkname)
        return Entry(path, Kind.SYMLINK, 0o777, target=member.linkname, uid=uid, gid=gid)
    if member.islnk():
        target = _path(deb, member.linkname)
        return Entry(path, Kind.HARDLINK, mode, target=target, uid=uid, gid=gid)
    raise UnreadableDeb(deb, f"`{path}` is neither file, directory nor link")
