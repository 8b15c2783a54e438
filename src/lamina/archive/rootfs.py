"""What must be known of the filesystem below a layer, so that the layer does not break it.

A directory entry replaces a symlink of the layer below, and the mode and owner of a directory. So
the entries of a layer are placed: through the symlinks below, with the base's own permissions.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lamina.archive import entry as entries_of
from lamina.archive.entry import Entry, Kind
from lamina.archive.parents import parents
from lamina.archive.tree import (
    PLAIN,
    BadPath,
    Directory,
    Leaf,
    Permissions,
    Tree,
    follow,
    split,
)
from lamina.errors import LaminaError
from lamina.oci.document import MalformedDocument

_KNOWN_DEPTH = 2
"""Down to which depth plain directories are remembered: what nobody would replace knowingly."""


class PlacementRefused(LaminaError):
    """Entries that would destroy what lies below them, or each other."""


class PrefixNotPlain(LaminaError):
    """The base image has something at the environment's prefix that its layers would change."""


@dataclass(frozen=True, slots=True)
class Rootfs:
    """What lies below, as far as it matters to a layer above.

    Small on purpose, since it is kept for each base: of an ordinary slim image under 4 KiB.
    """

    links: Mapping[str, str] = field(default_factory=dict)
    """Symlinks that lead to a directory, or to nothing known; with their targets as written."""
    directories: Mapping[str, Permissions] = field(default_factory=dict)
    """All directories that are not plain, those near the root, and those that links lead to."""
    files: frozenset[str] = frozenset()
    """What else lies at the root itself."""

    @classmethod
    def of(cls, tree: Tree, keep: Iterable[str] = ()) -> Rootfs:
        """Condense a whole tree; directories on the way to the paths ``keep`` are kept too."""
        links: dict[str, str] = {}
        files: set[str] = set()
        kept = {path for path in keep if isinstance(tree.find(split(path)), Directory)}
        for path, node in tree.walk():
            depth = path.count("/") + 1
            if isinstance(node, Directory):
                if depth <= _KNOWN_DEPTH or node.permissions != PLAIN:
                    kept.add(path)
            elif node.target is not None and (leads := _leads(tree, path)) is not None:
                links[path] = node.target
                kept |= leads
            elif depth == 1:
                files.add(path)
        known = kept | {parent for path in (*kept, *links, *keep) for parent in parents(path)}
        nodes = {path: tree.find(path.split("/")) for path in sorted(known)}
        directories = {
            path: node.permissions for path, node in nodes.items() if isinstance(node, Directory)
        }
        return cls(links, directories, frozenset(files))

    def resolve(self, path: str) -> str:
        """Return ``path`` with every symlink followed, as the kernel would in the container.

        >>> Rootfs(links={"lib": "usr/lib"}).resolve("lib/x")
        'usr/lib/x'
        """
        return "/".join(follow(path, lambda parts: self.links.get("/".join(parts))))

    def directory(self, path: str) -> Entry | None:
        """Return the directory that lies at a path without symlinks, as an entry.

        ``None`` says that it is absent or plain: of root's, 0755.
        """
        known = self.directories.get(path)
        if known is None:
            return None
        return Entry(path, Kind.DIRECTORY, known.mode, uid=known.uid, gid=known.gid)

    def apply(self, entries: Iterable[Entry]) -> Rootfs:
        """Return what lies below after one more layer; its whiteouts hide what is here."""
        tree = self._tree()
        tree.next_layer()
        for each in entries:
            tree.apply(each)
        return Rootfs.of(tree, keep=self.directories)

    def _tree(self) -> Tree:
        tree = Tree()
        for path, known in self.directories.items():
            tree.apply(Entry(path, Kind.DIRECTORY, known.mode, uid=known.uid, gid=known.gid))
        for path in sorted(self.files):
            tree.apply(Entry(path))
        # Each below the directories it lies in, never below another symlink: order does not matter.
        for path, target in self.links.items():
            tree.apply(entries_of.symlink(path, target))
        return tree

    def to_json(self) -> dict[str, object]:
        """Return an object that mirrors the tree, which spares most of the common parts.

        A directory is an object, with ``[mode, uid, gid]`` at the empty name if it is not plain; a
        symlink is its target; anything else is ``null``.
        """
        root: dict[str, object] = {}
        for path, known in self.directories.items():
            here = _descend(root, path.split("/"))
            if known != PLAIN:
                here[""] = [known.mode, known.uid, known.gid]
        for path, target in self.links.items():
            *parents, name = path.split("/")
            _descend(root, parents)[name] = target
        return root | dict.fromkeys(self.files)

    @classmethod
    def from_json(cls, document: object) -> Rootfs:
        """Read what `to_json` wrote."""
        links: dict[str, str] = {}
        directories: dict[str, Permissions] = {}
        files: set[str] = set()
        waiting: list[tuple[str, object]] = [("", document)]
        while waiting:
            path, value = waiting.pop()
            match value:
                case dict() if all(map(_is_name, value)):
                    directories[path] = _parse_permissions(value.get(""))
                    waiting += [(posixpath.join(path, name), value[name]) for name in value if name]
                case str() if path:
                    links[path] = value
                case None if path:
                    files.add(path)
                case _:
                    raise MalformedDocument(f"Malformed facts of a base image at {path!r}")
        del directories[""]
        ordered = {path: directories[path] for path in sorted(directories)}
        return cls({path: links[path] for path in sorted(links)}, ordered, frozenset(files))


def place(entries: Iterable[Entry], rootfs: Rootfs) -> list[Entry]:
    """Return the entries of one layer as they must be written above ``rootfs``.

    Every path is resolved through the symlinks below; a directory that the base has keeps the
    base's mode and owner; missing parents are added, once. Sorted, a directory before what lies in
    it, hard links last. Refused, all at once: what would replace a directory of the base, or a
    symlink to one, by something else; two entries of one path; an entry below one that is no
    directory.
    """
    placed: dict[str, Entry] = {}
    problems: set[str] = set()
    resolved: dict[str, str] = {}
    for each in entries:
        entry = _resolved(each, rootfs, resolved)
        if not entry.path:  # A symlink to the root itself, which every layer has.
            continue
        if entry.kind is not Kind.DIRECTORY:
            problems.update(_destroys(entry, rootfs))
        there = placed.setdefault(entry.path, entry)
        if there is not entry and there != entry:
            problems.add(f"`{entry.path}`: stands there twice")
    for path in list(placed):
        for parent in parents(path):
            above = placed.get(parent)
            if above is None:
                placed[parent] = rootfs.directory(parent) or entries_of.directory(parent)
            elif above.kind is not Kind.DIRECTORY:
                problems.add(f"`{path}`: lies below `{parent}`, which is a {above.kind.value}")
    if problems:
        lines = "".join(f"\n  {problem}" for problem in sorted(problems))
        raise PlacementRefused(f"Unable to lay these paths over what is below them{lines}")
    return sorted(
        placed.values(), key=lambda entry: (entry.kind is Kind.HARDLINK, entry.path.split("/"))
    )


def check_parents(prefix: str, rootfs: Rootfs) -> None:
    """Refuse a prefix whose directories the base has otherwise than our layers write them.

    Wheel layers hold the directories from the prefix's parents down, written alike everywhere; so
    each must be absent from the base, or a plain directory there.
    """
    at = "/".join(split(prefix))
    on_the_way = [*parents(at), at]
    problems = [
        f"`/{path}`: {found}"
        for path in on_the_way
        if (found := _not_plain(path, rootfs)) is not None
    ]
    inside = sorted(path for path in {*rootfs.links, *rootfs.directories} if _below(path, at))
    problems += [
        f"`/{path}`: {found}" for path in inside if (found := _not_plain(path, rootfs)) is not None
    ]
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise PrefixNotPlain(
            f"Unable to put the environment at `/{at}`: only directories of mode 0755 and "
            f"owner 0:0 may lie there, but the base image has{lines}",
            hint="Set `venv` in `[tool.lamina]` to a path elsewhere",
        )


def _leads(tree: Tree, path: str) -> set[str] | None:
    """Return the directory that a symlink leads to, nothing if it dangles, ``None`` for a file."""
    try:
        parts = tree.resolve(path)
    except BadPath:  # A loop is kept, so that who goes through it is told so.
        return set()
    match tree.find(parts):
        case Leaf():
            return None
        case Directory() if parts:
            return {"/".join(parts)}
        case _:
            return set()


def _below(path: str, directory: str) -> bool:
    return path.startswith(f"{directory}/")


def _resolved(entry: Entry, rootfs: Rootfs, known: dict[str, str]) -> Entry:
    """Return the entry at the path where the kernel would find it, a directory as the base has it.

    Only a directory is itself followed if it is a symlink below: any other entry replaces it.
    """
    if entry.kind is Kind.DIRECTORY:
        path = rootfs.resolve("/".join(split(entry.path)))
        if (there := rootfs.directory(path)) is not None:
            return there
    else:
        path = _beside(entry.path, rootfs, known)
    target = _beside(entry.target, rootfs, known) if entry.kind is Kind.HARDLINK else entry.target
    return entry if (path, target) == (entry.path, entry.target) else _moved(entry, path, target)


def _moved(entry: Entry, path: str, target: str) -> Entry:
    return replace(entry, path=path, target=target)


def _beside(path: str, rootfs: Rootfs, known: dict[str, str]) -> str:
    """Resolve the parent of ``path``, and remember it: most files have it in common."""
    parent, _, name = "/".join(split(path)).rpartition("/")
    if not name:
        raise BadPath(f"A path has no name: {path!r}")
    if parent not in known:
        known[parent] = rootfs.resolve(parent)
    return posixpath.join(known[parent], name)


def _destroys(entry: Entry, rootfs: Rootfs) -> Iterator[str]:
    """Say what of the base an entry that is no directory would replace."""
    if entry.path in rootfs.directories:
        yield f"`{entry.path}`: would replace a directory of the base by a {entry.kind.value}"
        return
    target = rootfs.links.get(entry.path)
    same = entry.kind is Kind.SYMLINK and entry.target == target
    if target is not None and not same and rootfs.resolve(entry.path) in rootfs.directories:
        yield f"`{entry.path}`: would replace the symlink to the directory `{target}`"


def _not_plain(path: str, rootfs: Rootfs) -> str | None:
    """Say what the base has at a path, if it is not a plain directory, nor absent."""
    if (target := rootfs.links.get(path)) is not None:
        return f"a symlink to `{target}`"
    if path in rootfs.files:
        return "a file"
    known = rootfs.directories.get(path, PLAIN)
    if known != PLAIN:
        return f"a directory of mode {known.mode:04o} and owner {known.uid}:{known.gid}"
    return None


def _descend(root: dict[str, object], parts: Collection[str]) -> dict[str, object]:
    here = root
    for part in parts:
        inner = here.setdefault(part, {})
        assert isinstance(inner, dict), "what lies below a directory was not given before it"
        here = inner
    return here


def _is_name(name: str) -> bool:
    """Say whether a file can have that name; the empty one stands for the directory itself."""
    return name not in (".", "..") and "/" not in name and "\0" not in name


def _parse_permissions(value: object) -> Permissions:
    match value:
        case None:
            return PLAIN
        case [int() as mode, int() as uid, int() as gid] if 0 <= mode <= 0o7777:
            return Permissions(mode, uid, gid)
        case _:
            raise MalformedDocument("Malformed facts of a base image: expected `[mode, uid, gid]`")
