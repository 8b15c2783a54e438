"""All that lies in a base, and what dpkg's lists say whose it is."""

from __future__ import annotations

import base64
import posixpath
import re
import zlib
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lamina.archive.rearranged import Rearranged
from lamina.archive.tree import BadPath, Directory, Leaf, Tree, follow
from lamina.deb.status import INFO, STATUS_FOLDER
from lamina.oci.document import Fields, MalformedDocument

_FORMAT = 2
"""Raised whenever other things are read, so that those that are kept are read again."""
_WHAT = "paths of a base image"
_CONFFILE = re.compile(rb"^ /(\S+) ([0-9a-f]{32})\b", re.MULTILINE)
_LIST = re.compile(rf"{INFO}/(?P<name>[^/]+)\.list|{STATUS_FOLDER}/(?P<other>[^/]+)\.md5sums")


def is_list(path: str) -> bool:
    """Say whether a file of a base tells what belongs to a package; relative to the root."""
    return path.startswith("var/lib/dpkg/") and bool(_LIST.fullmatch(path))


def is_configuration(path: str) -> bool:
    """Say whether a file of a base is one that people edit; ``path`` is relative to the root."""
    return path.startswith("etc/")


@dataclass(frozen=True, slots=True)
class Claim:
    """A path in the list of a package."""

    info_name: str
    """As dpkg calls the package's files."""
    path: str
    """As the list has it, absolute; it may lead through symlinks."""


@dataclass(frozen=True)
class BasePaths:
    """What lies in a base, by paths relative to the root that lead through no symlink."""

    folders: frozenset[str] = frozenset()
    leaves: Mapping[str, str | None] = field(default_factory=dict)
    """All else; of a symlink its target as written."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Files of dpkg's that say which paths a package has, or its sums, by their own paths."""
    edited: Mapping[str, str] = field(default_factory=dict)
    """The MD5 of configuration that is not as a package brought it, as far as dpkg's status tells
    what that was."""

    @classmethod
    def of(
        cls,
        tree: Tree,
        lists: Mapping[str, bytes],
        sums: Mapping[str, str] = MappingProxyType({}),
        status: bytes = b"",
    ) -> BasePaths:
        """Take what matters of the tree of a base, and of those files that `is_list` names.

        ``sums`` are the MD5 of those that `is_configuration` names.
        """
        brought = {
            path.decode("utf-8", "surrogateescape"): md5.decode()
            for path, md5 in _CONFFILE.findall(status)
        }
        nodes = [(path, node) for path, node in tree.walk() if "\n" not in path]
        return cls(
            frozenset(path for path, node in nodes if isinstance(node, Directory)),
            {path: node.target for path, node in nodes if isinstance(node, Leaf)},
            {path: data.decode("utf-8", "surrogateescape") for path, data in lists.items()},
            {path: md5 for path, md5 in sorted(sums.items()) if brought.get(path) != md5},
        )

    def resolve(self, path: str) -> str:
        """Return where a path leads, all symlinks followed; a loop leads to itself."""
        try:
            return "/".join(follow(path, lambda parts: self.leaves.get("/".join(parts))))
        except BadPath:
            return path

    def has_below(self, folder: str) -> bool:
        """Say whether there is anything in a directory."""
        start = f"{folder}/"
        return any(path.startswith(start) for each in (self.folders, self.leaves) for path in each)

    def claims(self, wanted: Container[str], rearranged: Rearranged) -> dict[str, list[Claim]]:
        """Return by path who has it in a list, directories too, of the paths that are wanted."""
        found: dict[str, list[Claim]] = defaultdict(list)
        parents: dict[str, str] = {}
        for name, path in self._listed():
            place = rearranged.place_of(path, name.partition(":")[0])
            parent, _, last = place.strip("/").rpartition("/")
            if parent not in parents:
                parents[parent] = self.resolve(parent)
            where = posixpath.join(parents[parent], last)
            if where in wanted:
                found[where].append(Claim(name, path))
        return found

    def _listed(self) -> Iterator[tuple[str, str]]:
        for file, text in self.lists.items():
            match = _LIST.fullmatch(file)
            assert match is not None
            for line in text.splitlines():
                if match["name"]:
                    yield match["name"], line
                elif path := line.partition("  ")[2]:
                    yield match["other"], f"/{path}"

    def to_json(self) -> dict[str, object]:
        """Return the object that is kept: small, since large bases have 100,000 paths."""
        lines = [f"{path}/" for path in sorted(self.folders)]
        lines += [f"{path}\0{target or ''}" for path, target in sorted(self.leaves.items())]
        return {
            "format": _FORMAT,
            "paths": _packed("\n".join(lines)),
            "lists": {path: _packed(text) for path, text in self.lists.items()},
            "edited": dict(self.edited),
        }

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> BasePaths:
        """Read what `to_json` gave. Raises `MalformedDocument`."""
        fields = Fields(_WHAT, "", document)
        if fields.number("format") != _FORMAT:
            fields.refuse("format", f"the number {_FORMAT}")
        folders: set[str] = set()
        leaves: dict[str, str | None] = {}
        for line in _unpacked(fields.text("paths")).split("\n"):
            path, is_leaf, target = line.partition("\0")
            if is_leaf:
                leaves[path] = target or None
            else:
                folders.add(path.removesuffix("/"))
        lists = fields.object("lists").values
        return cls(
            frozenset(folders - {""}),
            leaves,
            {path: _unpacked(str(text)) for path, text in lists.items()},
            fields.text_map("edited"),
        )


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogateescape"), 6)).decode()


def _unpacked(text: str) -> str:
    try:
        return zlib.decompress(base64.b64decode(text, validate=True)).decode(
            "utf-8", "surrogateescape"
        )
    except (ValueError, zlib.error):
        raise MalformedDocument(f"Malformed {_WHAT}: expected Base64 of what zlib made") from None
