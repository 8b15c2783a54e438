"""What lies in an image when its layers are laid over each other, lowest first."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lamina.archive.entry import Entry, Kind
from lamina.errors import LaminaError

LINK_LIMIT = 40
"""How many symlinks a path may lead through, as in Linux (path_resolution(7))."""

PATH_LIMIT = 2_000_000
"""How many paths an image may have; the largest known have a quarter of that."""

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


class BadPath(LaminaError):
    """A path that leaves the root, or that never ends."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Mode and owner of a directory."""

    mode: int = 0o755
    uid: int = 0
    gid: int = 0


PLAIN = Permissions()
"""Those of a directory of root's that everybody may enter: what we write where nobody says more."""


@dataclass(slots=True)
class Directory:
    """A directory, with what lies in it."""

    permissions: Permissions = PLAIN
    layer: int = 0
    children: dict[str, Directory | Leaf] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaf:
    """Whatever is no directory; ``target`` is that of a symlink, else ``None``."""

    layer: int
    target: str | None = None


def split(path: str) -> list[str]:
    """Return the parts of a path as tar headers and symlinks write it; ``..`` is refused.

    >>> split("./usr//bin/")
    ['usr', 'bin']
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in path:
        raise BadPath(f"A path leaves the root of the image: {path!r}")
    return parts


class Tree:
    """All paths of an image, while layers are applied to it (image-spec, layer.md).

    Whiteouts and opaque directories hide only what lower layers have, wherever in their own layer
    they stand.
    """

    def __init__(self) -> None:
        self.root = Directory()
        self._layer = 0
        self._count = 0

    def next_layer(self) -> None:
        """Say that what is applied from now on lies above all that was."""
        self._layer += 1

    def apply(self, entry: Entry) -> None:
        """Lay one entry over what is there."""
        parts = split(entry.path)
        if not parts:
            if entry.kind is Kind.DIRECTORY:
                self.root.permissions = _permissions(entry)
            return
        *parents, name = parts
        parent = self._directory("/".join(parents))
        if name == OPAQUE:
            _hide(parent, self._layer)
        elif name.startswith(WHITEOUT):
            self._whiteout(parent, name.removeprefix(WHITEOUT))
        elif entry.kind is Kind.DIRECTORY:
            self._put_directory(parent, name, _permissions(entry))
        else:
            target = entry.target if entry.kind is Kind.SYMLINK else None
            self._put(parent, name, Leaf(self._layer, target))

    def _put(self, parent: Directory, name: str, node: Directory | Leaf) -> None:
        self._count += name not in parent.children
        if self._count > PATH_LIMIT:
            raise BadPath(f"The image has more than {PATH_LIMIT} paths")
        parent.children[name] = node

    def _put_directory(self, parent: Directory, name: str, permissions: Permissions) -> Directory:
        there = parent.children.get(name)
        if not isinstance(there, Directory):
            there = Directory()
            self._put(parent, name, there)
        there.permissions, there.layer = permissions, self._layer
        return there

    def _whiteout(self, parent: Directory, name: str) -> None:
        there = parent.children.get(name)
        if isinstance(there, Directory):
            _hide(there, self._layer)
        if there is not None and there.layer < self._layer and not _has_children(there):
            del parent.children[name]

    def _directory(self, path: str) -> Directory:
        """Return the directory at ``path``, through symlinks, made where it is missing."""
        here = self.root
        for part in self.resolve(path):
            there = here.children.get(part)
            here = there if isinstance(there, Directory) else self._put_directory(here, part, PLAIN)
        return here

    def resolve(self, path: str) -> list[str]:
        """Return the parts of ``path`` with every symlink followed, never above the root."""
        return follow(path, self._target)

    def place(self, path: str) -> str:
        """Return where an entry of that path lies, its folder resolved, and not itself."""
        *parents, name = split(path) or [""]
        return "/".join([*self.resolve("/".join(parents)), name])

    def _target(self, parts: list[str]) -> str | None:
        node = self.find(parts)
        return node.target if isinstance(node, Leaf) else None

    def find(self, parts: list[str]) -> Directory | Leaf | None:
        """Return what lies at a path without following symlinks."""
        here: Directory | Leaf | None = self.root
        for part in parts:
            if not isinstance(here, Directory):
                return None
            here = here.children.get(part)
        return here

    def walk(self) -> Iterator[tuple[str, Directory | Leaf]]:
        """Give every path below the root, sorted, a directory before what lies in it."""
        waiting: list[tuple[str, Directory | Leaf]] = [("", self.root)]
        while waiting:
            path, node = waiting.pop()
            if path:
                yield path, node
            if isinstance(node, Directory):
                inner = sorted(node.children.items(), reverse=True)
                waiting.extend((posixpath.join(path, name), child) for name, child in inner)


def follow(path: str, target_of: Callable[[list[str]], str | None]) -> list[str]:
    """Return the parts of ``path`` with every symlink followed, never above the root.

    ``target_of`` says where the symlink at a path points, ``None`` where there is none.
    """
    waiting = path.split("/")[::-1]
    found: list[str] = []
    links = 0
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del found[-1:]
            continue
        found.append(part)
        target = target_of(found)
        if target is None:
            continue
        links += 1
        if links > LINK_LIMIT:
            raise BadPath(f"Too many symlinks on the way to `{path}`")
        found = [] if target.startswith("/") else found[:-1]
        waiting.extend(target.split("/")[::-1])
    return found


def _permissions(entry: Entry) -> Permissions:
    return Permissions(entry.mode, entry.uid, entry.gid)


def _has_children(node: Directory | Leaf) -> bool:
    return isinstance(node, Directory) and bool(node.children)


def _hide(directory: Directory, layer: int) -> None:
    """Take away all that is not of ``layer``, and keep the directories that lead to what is."""
    order: list[Directory] = [directory]
    for node in order:
        order.extend(child for child in node.children.values() if isinstance(child, Directory))
    for node in reversed(order):
        node.children = {
            name: child
            for name, child in node.children.items()
            if child.layer >= layer or _has_children(child)
        }
