"""What `ldconfig` would list of the libraries that lie where it looks (glibc: elf/ldconfig.c).

Left out is what only old systems have: folders named after a processor without ``glibc-hwcaps``,
and libraries of the time before glibc 2.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from lamina.archive.tree import BadPath, follow
from lamina.system.loader.cache import Cache, CacheEntry, name_key
from lamina.system.loader.library import Library, is_library_name

CONFIGURATION = "etc/ld.so.conf"

_TRIPLETS = {
    "amd64": "x86_64-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "armel": "arm-linux-gnueabi",
    "armhf": "arm-linux-gnueabihf",
    "i386": "i386-linux-gnu",
    "loong64": "loongarch64-linux-gnu",
    "ppc64el": "powerpc64le-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "s390x": "s390x-linux-gnu",
}
_BIG_ENDIAN = frozenset({"s390x"})
_HWCAPS = "glibc-hwcaps"
_INCLUDE = "include"
_INCLUDE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that `ldconfig` looks into."""

    path: str
    """Absolute, as the configuration has it; so it stands in the cache."""
    real: str
    """Relative to the root, symlinks followed."""
    hwcaps: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What `ldconfig` would write: entries for the cache, and symlinks that no package ships."""

    entries: tuple[CacheEntry, ...]
    links: Mapping[str, str]
    """From the path of a name that programs ask for, relative to the root, to its file's name."""


@dataclass(frozen=True, slots=True)
class System:
    """The libraries and symlinks of a system, and what its configuration of the loader says.

    Of a base in whose files nobody looks, its cache tells the libraries, see `added_to`.
    """

    libraries: Sequence[Library]
    links: Mapping[str, str]
    """All symlinks that may matter, by path relative to the root: of directories, as in a merged
    ``/usr``, of libraries, and of the alternatives that they lead through."""
    configuration: Mapping[str, bytes]
    """``etc/ld.so.conf`` and what it includes, by path relative to the root."""
    architecture: str
    """Debian's name of it."""

    def real(self, path: str) -> str:
        """Follow all symlinks of a path; one that leads nowhere is given as it is."""
        try:
            return "/".join(follow(path, lambda parts: self.links.get("/".join(parts))))
        except BadPath:
            return path.strip("/")

    def placed(self, path: str) -> str:
        """Follow the symlinks on the way to a path, and not the path itself."""
        folder, name = posixpath.split(path)
        return posixpath.join(self.real(folder), name)


def is_configuration(path: str) -> bool:
    """Say whether a file may be part of the loader's configuration."""
    return path == CONFIGURATION or path.startswith(f"{CONFIGURATION}.d/")


def folders(system: System) -> tuple[Folder, ...]:
    """Return the folders in the order that the loader prefers; those for processors not among them.

    First come those of the configuration, then those that glibc trusts, as Debian builds it. Each
    is there once, under the name that it had first.
    """
    triplet = _TRIPLETS.get(system.architecture)
    named = list(_configured(system.configuration, CONFIGURATION, set()))
    if triplet is not None:
        named += [f"/lib/{triplet}", f"/usr/lib/{triplet}"]
    found: dict[str, Folder] = {}
    for path in [*named, "/lib", "/usr/lib"]:
        real = system.real(path)
        found.setdefault(real, Folder(path, real))
    return tuple(found.values())


def found(system: System) -> Found:
    """Return what `ldconfig` finds in ``system``."""
    by_real = {folder.real: folder for folder in folders(system)}
    contents: dict[Folder, dict[str, _Candidate]] = {}
    for candidate in sorted(_candidates(system), key=lambda each: each.rank):
        folder = _folder(candidate.folder, by_real)
        if folder is not None:
            # What is ranked higher comes later, and stays.
            contents.setdefault(folder, {})[candidate.soname] = candidate
    order = {real: number for number, real in enumerate(by_real)}
    entries: list[CacheEntry] = []
    links: dict[str, str] = {}
    for folder in sorted(contents, key=lambda each: (order.get(each.real, len(order)), each.real)):
        for soname, candidate in contents[folder].items():
            entries.append(_entry(folder, soname, candidate))
            if folder.hwcaps is None and candidate.name != soname:
                links[posixpath.join(folder.real, soname)] = candidate.name
    there = {system.placed(path) for path in system.links}
    there |= {system.placed(library.path) for library in system.libraries}
    return Found(tuple(entries), {path: to for path, to in links.items() if path not in there})


def added_to(cache: Cache, system: System) -> tuple[Cache, Mapping[str, str]]:
    """Return ``cache`` with the libraries of ``system`` added, and the symlinks that are missing.

    ``cache`` knows the libraries of the base below. Between libraries of one name, the loader takes
    that whose folder comes first, as if `ldconfig` had listed all of them.
    """
    new = found(system)
    # A path of the base may be spelt otherwise, through another symlink to its folder.
    places = {
        (each.soname, system.placed(each.path), each.hwcaps): each
        for each in (*cache.entries, *new.entries)
    }
    order = {folder.real: number for number, folder in enumerate(folders(system))}

    def rank(entry: CacheEntry) -> int:
        return order.get(system.real(posixpath.dirname(entry.path)), len(order))

    known = {system.placed(each.path) for each in cache.entries}
    links = {path: target for path, target in new.links.items() if path not in known}
    entries = sorted(places.values(), key=rank)
    is_big_endian = cache.is_big_endian or system.architecture in _BIG_ENDIAN
    return Cache.of(entries, is_big_endian=is_big_endian), links


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file or symlink in some folder, and the name under which the cache would have it."""

    folder: str
    name: str
    soname: str
    is_link: bool
    library: Library

    @property
    def rank(self) -> tuple[bool, tuple[int, ...], str]:
        """Order those of one name: a file goes before a symlink, then the newest version."""
        return (not self.is_link, name_key(self.name), self.name)


def _candidates(system: System) -> Iterator[_Candidate]:
    files: dict[str, Library] = {}
    for library in system.libraries:
        path = system.placed(library.path)
        files[path] = library
        folder, name = posixpath.split(path)
        yield _Candidate(folder, name, library.soname or name, False, library)
    for path in system.links:
        folder, name = posixpath.split(system.placed(path))
        if is_library_name(name) and (target := files.get(system.real(path))) is not None:
            yield _linked(folder, name, target)


def _linked(folder: str, name: str, library: Library) -> _Candidate:
    """Return what a symlink counts as.

    Named as its library wants to be called, or as the linker looks for it (``libfoo.so``), it is an
    entry of its own; else it is as good as the file.
    """
    soname = library.soname or name
    if name == soname or (name.endswith(".so") and soname.startswith(name)):
        return _Candidate(folder, name, name, True, library)
    return _Candidate(folder, name, soname, False, library)


def _folder(real: str, by_real: Mapping[str, Folder]) -> Folder | None:
    """Return the folder to list a directory as, or as what directory for processors of it."""
    if real in by_real:
        return by_real[real]
    above, name = posixpath.split(real)
    parent, between = posixpath.split(above)
    if between != _HWCAPS or parent not in by_real or name.startswith(".") or ":" in name:
        return None
    return Folder(f"{by_real[parent].path}/{_HWCAPS}/{name}", real, name)


def _entry(folder: Folder, soname: str, candidate: _Candidate) -> CacheEntry:
    library = candidate.library
    if folder.hwcaps is None:
        return CacheEntry(soname, f"{folder.path}/{soname}", library.flags)
    entry = CacheEntry(soname, f"{folder.path}/{candidate.name}", library.flags)
    return replace(entry, hwcaps=folder.hwcaps, isa_level=library.isa_level)


def _configured(texts: Mapping[str, bytes], path: str, seen: set[str]) -> Iterator[str]:
    """Give the folders that a file of the configuration names, and those that it includes."""
    if path not in texts or path in seen or len(seen) > _INCLUDE_LIMIT:
        return
    seen.add(path)
    for raw in texts[path].decode("utf-8", "replace").splitlines():
        line = raw.partition("#")[0].strip()
        word, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        if word == _INCLUDE:
            for pattern in rest.split():
                for each in _included(texts, path, pattern):
                    yield from _configured(texts, each, seen)
        elif line.startswith("/"):
            # `=libc6` behind a folder spoke of a time with several C libraries.
            yield line.partition("=")[0].rstrip().rstrip("/") or "/"


def _included(texts: Mapping[str, bytes], path: str, pattern: str) -> list[str]:
    """Return the files that a pattern of glob(7) means, in the order of their names."""
    whole = posixpath.join("/", posixpath.dirname(path), pattern)
    parts = whole.strip("/").split("/")
    return sorted(
        each
        for each in texts
        if len(names := each.split("/")) == len(parts)
        and all(
            fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))
            for name, part in zip(names, parts, strict=True)
        )
    )
