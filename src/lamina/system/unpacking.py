"""Debian packages to the entries of one layer, noting on the way what must be known of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from lamina.archive.entry import Content, Entry, Kind, Literal
from lamina.deb.file import DebFile, UnreadableDeb
from lamina.deb.package import DebianPackage
from lamina.deb.replaces import Claimant, replacers_first
from lamina.deb.unpack import Keep, Listing, unpack
from lamina.system.captured import is_captured
from lamina.system.loader.elf import ElfWatch
from lamina.system.loader.library import Library, is_library_name, library_of
from lamina.system.notes import PackageNotes, Shipped
from lamina.system.placing import Placing
from lamina.system.scripts.reading import needed_files

OpenDeb = Callable[[DebianPackage], Path]
"""Gives the file of a package, its SHA-256 checked."""

TakeNotes = Callable[[DebianPackage, PackageNotes], None]

SETID = 0o6000
"""Bits of a mode: a program runs with the rights of its owner, or of its group."""
_LARGEST_CAPTURED = 1 << 20
_PRUNED = re.compile(r"usr/share/(groff|info|linda|lintian|locale|man)/.")
_DOC = re.compile(r"usr/share/doc/[^/]+/(?P<name>.+)")


def without_documentation(path: str, kind: Kind) -> bool:
    """Say whether a path goes into the image: all but documentation, as in Debian's slim images.

    Licences stay, and the links between folders of documentation that lead to them.
    """
    if _PRUNED.match(path):
        return path == "usr/share/locale/locale.alias"
    match = _DOC.fullmatch(path)
    return match is None or (match["name"] == "copyright" and kind is not Kind.DIRECTORY)


def everything(_path: str, _kind: Kind) -> bool:
    """Say that every path goes into the image."""
    return True


def unpack_all(
    packages: Iterable[DebianPackage],
    open_deb: OpenDeb,
    placing: Placing,
    keep: Keep,
    take: TakeNotes,
) -> Iterator[Entry]:
    """Give the entries of a layer with these packages, in the order they are to be written.

    The content of each must be read before the next entry is asked for: nothing is unpacked twice,
    nor held whole. ``take`` gets the notes on each package at its end.
    """
    for package in _in_order([*packages], open_deb, placing):
        with DebFile(open_deb(package), package.file_name) as deb:
            _check_identity(deb, package)
            watch = _Watch(deb)
            for entry in unpack(deb, keep, watch.listed):
                watched = watch.watched(entry)
                is_placed = False
                for each in placing.place(package.name, watched):
                    is_placed = True
                    yield each
                if not is_placed:
                    _exhaust(watched)
            take(package, watch.notes())


def note(package: DebianPackage, path: Path) -> PackageNotes:
    """Return the notes on a package without a layer of it."""
    with DebFile(path, package.file_name) as deb:
        _check_identity(deb, package)
        watch = _Watch(deb)
        for entry in unpack(deb, everything, watch.listed):
            _exhaust(watch.watched(entry))
        return watch.notes()


def entries_at(package: DebianPackage, path: Path, wanted: Collection[str]) -> list[Entry]:
    """Return the entries of a package at these paths, held; of hard links, each a file of its own.

    ``path`` is where the package lies; ``wanted`` are relative to the root.
    """
    links: list[Entry] = []
    found: dict[str, Entry] = {}
    with DebFile(path, package.file_name) as deb:
        for entry in unpack(deb, everything, Listing()):
            if entry.kind is Kind.HARDLINK and entry.path in wanted:
                links.append(entry)
            elif entry.path in wanted:
                data = b"".join(entry.content.chunks())
                found[entry.path] = replace(entry, content=Literal(data))
    targets = {each.target for each in links} - found.keys()
    found |= {each.path: each for each in entries_at(package, path, targets)} if targets else {}
    copies = [replace(found[each.target], path=each.path) for each in links]
    return [*(each for each in found.values() if each.path in wanted), *copies]


def _exhaust(entry: Entry) -> None:
    """Read a content to its end, so that all of it is seen."""
    for _ in entry.content.chunks():
        pass


def _in_order(
    packages: Sequence[DebianPackage], open_deb: OpenDeb, placing: Placing
) -> Iterable[DebianPackage]:
    """Return packages, each before those whose files it takes, and tell ``placing`` of whom.

    What is in a layer cannot be taken back, so the file that stays has to be the first.
    """
    if len(packages) == 1:
        return packages
    named = {}
    claimants = []
    for package in packages:
        with DebFile(open_deb(package), package.file_name) as deb:
            _check_identity(deb, package)
            claimants.append(Claimant.of(deb.control))
            named[package.name] = package
    for each in claimants:
        placing.replacers[each.name] = frozenset(
            other.name for other in claimants if other.wins_over(each)
        )
    return [named[each.name] for each in replacers_first(claimants)]


@dataclass(slots=True)
class _Watch:
    """What is seen of a package while its entries pass."""

    deb: DebFile
    listed: Listing = field(default_factory=Listing)
    privileged: list[str] = field(default_factory=list)
    permissions: dict[str, Shipped] = field(default_factory=dict)
    captured: dict[str, bytes] = field(default_factory=dict)
    conffiles: dict[str, str] = field(default_factory=dict)
    libraries: list[Library] = field(default_factory=list)
    library_links: dict[str, str] = field(default_factory=dict)
    _named: frozenset[str] = field(init=False)
    _needed: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        text = self.deb.control_files.get("conffiles", b"").decode("utf-8", "replace")
        # A line may say `remove-on-upgrade` before the path (deb-conffiles(5)).
        self._named = frozenset(line for line in text.splitlines() if line.startswith("/"))
        # What scripts copy, or give another mode, stands again in another layer.
        self._needed = needed_files(self.deb.name, self.deb.control_files)

    def watched(self, entry: Entry) -> Entry:
        """Return an entry whose content is seen while it is read."""
        if entry.path in self._needed and entry.kind in (Kind.FILE, Kind.DIRECTORY):
            shipped = Shipped(entry.kind, entry.mode, entry.uid, entry.gid)
            self.permissions[entry.path] = shipped
        is_library = is_library_name(entry.path.rpartition("/")[2])
        if entry.kind is not Kind.FILE:
            if is_library and entry.target:
                is_hard = entry.kind is Kind.HARDLINK
                self.library_links[entry.path] = f"/{entry.target}" if is_hard else entry.target
            return entry
        if entry.mode & SETID:
            self.privileged.append(f"/{entry.path}")
        sights: list[_Sight] = []
        if f"/{entry.path}" in self._named:
            sights.append(_Md5(f"/{entry.path}", self.conffiles))
        is_wanted = is_captured(entry.path) or entry.path in self._needed
        if is_wanted and entry.content.size <= _LARGEST_CAPTURED:
            sights.append(_Capture(entry.path, self.captured))
        if is_library:
            sights.append(_Elf(entry.path, self.libraries))
        return replace(entry, content=_Seen(entry.content, sights)) if sights else entry

    def notes(self) -> PackageNotes:
        """Return what was seen, once the package was read to its end."""
        return PackageNotes(
            control=self.deb.control_files,
            listed=tuple(self.listed.paths),
            folders=frozenset(self.listed.folders),
            links=self.listed.links,
            conffiles=self.conffiles,
            privileged=tuple(self.privileged),
            permissions=self.permissions,
            captured=self.captured,
            libraries=tuple(self.libraries),
            library_links=self.library_links,
        )


class _Sight(Protocol):
    """What sees the content of one file while it is read."""

    def see(self, chunk: bytes) -> None:
        """See the next bytes."""
        ...

    def end(self) -> None:
        """Note what was seen."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """Content that others see while it is read."""

    content: Content
    sights: Sequence[_Sight]

    @property
    def size(self) -> int:
        """See `Content.size`."""
        return self.content.size

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`."""
        for chunk in self.content.chunks():
            for sight in self.sights:
                sight.see(chunk)
            yield chunk
        for sight in self.sights:
            sight.end()


class _Md5:
    """The MD5 of a configuration file, by which dpkg tells whether an administrator changed it."""

    def __init__(self, path: str, found: dict[str, str]) -> None:
        self._path, self._found = path, found
        self._md5 = hashlib.md5(usedforsecurity=False)

    def see(self, chunk: bytes) -> None:
        self._md5.update(chunk)

    def end(self) -> None:
        self._found[self._path] = self._md5.hexdigest()


class _Capture:
    """The bytes of a small file."""

    def __init__(self, path: str, found: dict[str, bytes]) -> None:
        self._path, self._found = path, found
        self._data = bytearray()

    def see(self, chunk: bytes) -> None:
        self._data += chunk

    def end(self) -> None:
        self._found[self._path] = bytes(self._data)


class _Elf:
    """What a shared library says of itself."""

    def __init__(self, path: str, found: list[Library]) -> None:
        self._path, self._found = path, found
        self._watch = ElfWatch()

    def see(self, chunk: bytes) -> None:
        self._watch.feed(chunk)

    def end(self) -> None:
        if library := library_of(self._path, self._watch):
            self._found.append(library)


def _check_identity(deb: DebFile, package: DebianPackage) -> None:
    expected = f"{package.name} {package.version} {package.architecture}"
    got = " ".join(deb.control[key] for key in ("Package", "Version", "Architecture"))
    if got != expected:
        raise UnreadableDeb(
            deb.name, f"it is another package\n  expected: {expected}\n  got:      {got}"
        )
