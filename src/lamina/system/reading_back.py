"""Notes on packages, read back from the files that were made of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lamina.deb.control import Paragraph, parse_paragraphs
from lamina.deb.replaces import Claimant
from lamina.deb.status import INFO, STATUS
from lamina.system.captured import is_captured
from lamina.system.loader import cache as ldcache
from lamina.system.loader.cache import Cache
from lamina.system.loader.library import Library, is_library_name
from lamina.system.notes import PackageNotes
from lamina.system.scripts.reading import needed_files

_LIST = ".list"
_ALTERNATIVES = b"update-alternatives"


def is_read_back(path: str) -> bool:
    """Say whether `read_back` reads a file; ``path`` is relative to the root."""
    return path in (STATUS, ldcache.PATH) or path.startswith(f"{INFO}/")


def read_back(files: Mapping[str, bytes]) -> Iterator[PackageNotes]:
    """Give the notes on the packages of an earlier image that its configuration layer tells whole.

    ``files`` are those of the layer. A package is left out whose own files must be looked into.
    Raises `ControlError`, `MalformedCache`.
    """
    libraries = _Libraries(files.get(ldcache.PATH))
    paragraphs = {
        name: paragraph
        for paragraph in parse_paragraphs(files.get(STATUS, b""), where=f"`/{STATUS}`")
        for name in _info_names(paragraph)
    }
    replaced = {each.name for each in _replaced(paragraphs.values())}
    for path in sorted(files):
        name = path.removeprefix(f"{INFO}/").removesuffix(_LIST)
        if path == f"{INFO}/{name}{_LIST}" and name in paragraphs:
            listed = tuple(files[path].decode("utf-8", "replace").splitlines())
            if any(is_captured(each[1:]) for each in listed) or not libraries.tells(listed):
                continue
            if paragraphs[name]["Package"] in replaced:  # Its list may lack what others took.
                continue
            told = _notes(name, paragraphs[name], listed, files)
            # What alternatives lead to lies in folders of which the cache tells nothing.
            has_alternatives = _ALTERNATIVES in told.control.get("postinst", b"")
            if not has_alternatives and not needed_files(name, told.control):
                yield replace(told, libraries=tuple(libraries.of(listed)))


class _Libraries:
    """What the loader's cache of the image tells of the libraries of its packages."""

    def __init__(self, data: bytes | None) -> None:
        cache = Cache() if data is None else Cache.parse(data)
        self._entries = {_merged(each.path): each for each in cache.entries}
        self._folders = {posixpath.dirname(path) for path in self._entries}

    def of(self, listed: Iterable[str]) -> Iterator[Library]:
        """Give the libraries of a package, each under the name that programs ask for.

        The cache that is made of these is the same, though they stand for files of longer names.
        """
        for path in listed:
            if entry := self._entries.get(_merged(path)):
                yield Library(path[1:], entry.soname, entry.flags, entry.isa_level)

    def tells(self, listed: Sequence[str]) -> bool:
        """Say whether nothing is missing: a file that has another name has one as its own there.

        What lies in other folders, as plugins do, is not in the cache, nor would it be.
        """
        named = [path for path in listed if is_library_name(posixpath.basename(path))]
        if self._entries:
            named = [path for path in named if posixpath.dirname(_merged(path)) in self._folders]
        known = {_stem(path) for path in named if _merged(path) in self._entries}
        return all(_stem(path) in known for path in named)


def _replaced(paragraphs: Iterable[Paragraph]) -> Iterator[Claimant]:
    """Give the packages of which another may have taken files."""
    whole = (each for each in paragraphs if "Version" in each)  # Not what is only remembered.
    claimants = {each.name: each for each in map(Claimant.of, whole)}
    for each in claimants.values():
        for relation in each.replaced:
            other = claimants.get(relation.name)
            if other is not None and each.replaces(other):
                yield other


def _merged(path: str) -> str:
    """Return what is the same for a path in a merged ``/usr``, whichever way it is written."""
    return path.removeprefix("/usr")


def _stem(path: str) -> str:
    """Return what the names of a library have in common, with the folder."""
    folder, name = posixpath.split(_merged(path))
    return posixpath.join(folder, name.partition(".so")[0])


def _info_names(paragraph: Paragraph) -> Iterator[str]:
    """Give what dpkg may call the files of a package."""
    if "Package" in paragraph and "Architecture" in paragraph:
        yield paragraph["Package"]
        yield f"{paragraph['Package']}:{paragraph['Architecture']}"


def _notes(
    name: str, paragraph: Paragraph, listed: tuple[str, ...], files: Mapping[str, bytes]
) -> PackageNotes:
    prefix = f"{INFO}/{name}."
    control = {
        path.removeprefix(prefix): data
        for path, data in files.items()
        if path.startswith(prefix) and "." not in path.removeprefix(prefix)
    }
    del control["list"]
    own = {key: value for key, value in paragraph.items() if key not in ("Status", "Conffiles")}
    text = "".join(f"{key}: {value}\n" for key, value in own.items())
    sums = control.get("md5sums", b"").decode("utf-8", "replace").splitlines()
    folders = frozenset(posixpath.dirname(path) for path in listed) | {"/."}
    words = [line.split() for line in paragraph.get("Conffiles", "").splitlines()]
    return PackageNotes(
        control={"control": text.encode(), **control},
        listed=listed,
        folders=folders & frozenset(listed),
        unclear=frozenset(listed)
        - folders
        - {f"/{line.partition('  ')[2]}" for line in sums}
        - {line[0] for line in words if line},
        conffiles={line[0]: line[1] for line in words if len(line) == 2},
    )
