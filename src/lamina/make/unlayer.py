"""A layer back to the wheels that it was made of, as far as their trees go.

A layer has all that an environment needs of a wheel, at the places of one environment. What was
made of the wheel's own is turned back: first lines of scripts, launchers, notes of the installer,
paths of RECORD. What comes of it is installed as the wheel itself would be; its RECORD alone may
differ, in the order of its rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from lamina.archive import deflate
from lamina.archive.entry import CHUNK
from lamina.archive.inflate import InflateError
from lamina.oci.blob import DamagedBlob, UnreadableBlob, unpacked
from lamina.oci.changeset import Changeset, MalformedLayer, Member
from lamina.plan.contents import Contents, InLayer
from lamina.plan.key import LayerKey
from lamina.store.layers import StoredLayer
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.store.trees import Given, Tree
from lamina.wheel.errors import WheelError
from lamina.wheel.file import WheelTooLarge, unsafe_name
from lamina.wheel.record import Row, parse_installed, record_hash, render_record
from lamina.wheel.scripts import parse_entry_points, shebang
from lamina.wheel.source import DEFAULT_LIMIT

_FILE = "0"
_SMALL = 1 << 24
"""Of what is read at once, in bytes."""
_ROOT = "../../../"
_UNTIDY = re.compile("(?:^|/)\\.?(?:/|$)")
_NOTES = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"})


class NotToBeHad(Exception):
    """The layer does not tell the wheel's files from others; the text says of which."""


NOT_HAD = (NotToBeHad, DamagedBlob, UnreadableBlob, MalformedLayer, WheelError, InflateError)
"""What is raised where a tree cannot be had of a layer."""


class OpenedLayer(Protocol):
    """The bytes of a layer, which are on this machine."""

    def tar(self) -> Iterator[bytes]:
        """Give its tar, in pieces."""
        ...

    def record(self, distribution: InLayer) -> bytes:
        """Return the RECORD of a distribution in it. Raises `NotToBeHad`."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A layer of the store, as `OpenedLayer`."""

    layer: StoredLayer

    def tar(self) -> Iterator[bytes]:
        """See `OpenedLayer.tar`."""
        with self.layer.open() as blob:
            yield from unpacked(iter(lambda: blob.read(CHUNK), b""))

    def record(self, distribution: InLayer) -> bytes:
        """See `OpenedLayer.record`."""
        return stored_record(distribution, self.layer.read(distribution.record))


def stored_record(distribution: InLayer, data: bytes) -> bytes:
    """Return a RECORD that lies in a blob as stored blocks. Raises `NotToBeHad`."""
    try:
        return deflate.read_stored(data)
    except ValueError:
        raise NotToBeHad(f"the RECORD of `{distribution.name}` is not where it should be") from None


@dataclass(frozen=True, slots=True)
class Found:
    """A layer in which a wheel is."""

    key: LayerKey
    contents: Contents
    prefix: str
    python: str
    """As in the folder ``lib/pythonX.Y[t]``."""


def find_layers(store: Store) -> dict[str, Found]:
    """Return for the hash of each wheel that is in a layer of the store, one such layer."""
    found = {}
    for key, contents, recipe in store.layers.with_wheels():
        match recipe:
            case {"prefix": str(prefix), "python": str(python)}:
                for each in contents.distributions:
                    found[each.hash] = Found(key, contents, prefix, python)
            case _:
                pass
    return found


def tree_of(
    found: Found, hash_: str, filename: str, key: str, store: Store, scratch: Scratch
) -> Tree | None:
    """Return the tree of a wheel, made of a layer; None where the layer does not tell it.

    Raises `StoreUnusable`.
    """
    try:
        layer = store.layers.get(found.key)
        if layer is None:
            return None
        files = files_of(Stored(layer), found, hash_, filename)
        return store.trees.take(key, filename, files, scratch)
    except NOT_HAD:
        return None


def files_of(
    layer: OpenedLayer,
    found: Found,
    hash_: str,
    filename: str,
    limit: int = DEFAULT_LIMIT,
    beside: AbstractSet[str] = frozenset(),
) -> Iterator[Given]:
    """Give the files of a wheel as the wheel has them; ``limit`` is of all their bytes.

    A layer has of a file that wheels share the content of the last of them. Where that is
    installed ``beside``, it replaces the file in any case, and may stand for it here.

    The layer is read to its end before the last file is given. Raises any of `NOT_HAD`, and
    `WheelTooLarge`.
    """
    sizes = 0
    for given, size in _Wheel.of(layer, found, hash_, beside).files(layer):
        sizes += size
        if sizes > limit:
            raise WheelTooLarge(filename, sizes, limit)
        yield given


@dataclass(frozen=True, slots=True)
class _Wheel:
    """Where the files of one wheel lie in a layer."""

    found: Found
    info: str
    """The name of its ``*.dist-info``."""
    rows: Mapping[str, Row]
    """Of its RECORD, by the path in the layer."""
    covered: Collection[str]
    """Of these, the paths that a later one in the layer has, too, and is not installed beside."""
    tops: frozenset[str]
    """What it has at the top of site-packages."""
    other_tops: frozenset[str]
    """What the others have there."""

    @classmethod
    def of(cls, layer: OpenedLayer, found: Found, hash_: str, beside: AbstractSet[str]) -> _Wheel:
        """Read the RECORDs of a layer. Raises `NotToBeHad`."""
        mine: Sequence[Row] = ()
        tops, other_tops = set[str](), set[str]()
        last: dict[str, str] = {}
        for each in found.contents.distributions:
            rows = parse_installed(layer.record(each))
            if each.hash == hash_:
                mine = rows
                tops.update(each.tops)
                last.clear()
            else:
                last.update((_path(row.path, found), each.name) for row in rows)
                other_tops.update(each.tops)
                other_tops.update(row.path.partition("/")[0] for row in rows if _is_record(row))
        paths = {_path(row.path, found): row for row in mine}
        infos = [row.path.partition("/")[0] for row in mine if _is_record(row)]
        if len(infos) != 1 or len(paths) != len(mine):
            raise NotToBeHad("a RECORD in it is of no distribution, or names a file twice")
        covered = {path for path in paths.keys() & last.keys() if last[path] not in beside}
        own = frozenset({*tops, *infos})
        return cls(found, infos[0], paths, covered, own, frozenset(other_tops))

    def files(self, layer: OpenedLayer) -> Iterator[tuple[Given, int]]:
        """Give the files as the wheel has them, each with its size. Raises `NotToBeHad`."""
        seen, folders, above = set[str](), set[str](), set[str]()
        names = _Names()
        is_executable = False
        commands: frozenset[str] = frozenset()
        rows: list[Row] = []
        changeset = Changeset(layer.tar())
        for member in changeset:
            path = member.path.rstrip("/")
            if member.is_directory:
                folders.add(path)
                continue
            _add_parents(path, above)
            if (row := self.rows.get(path)) is None:
                continue
            self._check(path, member, seen)
            name = self._name(row.path, commands)
            if name is None:
                continue
            names.add(name)
            if name == f"{self.info}/entry_points.txt":
                data = _small(name, member, changeset.content())
                minor = self.found.python.removesuffix("t")
                commands = frozenset(c.name for c in parse_entry_points(data).commands(minor))
                given = Given(name, False, bool(member.mode & 0o111), [data])
            elif name == f"{self.info}/RECORD":
                rows.append(row._replace(path=name))
                is_executable = bool(member.mode & 0o111)
                continue
            else:
                given = self._given(row, name, member, changeset)
            rows.append(self._row(row, name, given))
            yield given, member.size
        if lost := self.rows.keys() - seen:
            raise NotToBeHad(f"it has no `/{min(lost)}`, which its RECORD lists")
        record = render_record(rows)
        yield Given(f"{self.info}/RECORD", False, is_executable, [record]), len(record)
        for each in self._folders(folders - above, names):
            yield each, 0

    def _check(self, path: str, member: Member, seen: set[str]) -> None:
        if path in seen or member.type != _FILE:
            raise NotToBeHad(f"`/{path}` is there twice, or is no file")
        seen.add(path)

    def _given(self, row: Row, name: str, member: Member, changeset: Changeset) -> Given:
        is_executable = bool(member.mode & 0o111)
        chunks: Iterable[bytes] = changeset.content()
        if member.path in self.covered:
            data = _small(name, member, chunks)
            if record_hash(data) != row.hash:
                raise NotToBeHad(f"`/{member.path}` is of two distributions that do not agree")
            chunks = [data]
        if name.startswith(f"{_data(self.info)}/scripts/"):
            chunks = self._script(name, member, iter(chunks))
        return Given(name, False, is_executable, chunks)

    def _script(self, name: str, member: Member, chunks: Iterator[bytes]) -> Iterable[bytes]:
        """Return a script, with the first line that the wheel gave it; a program streams by."""
        first, head = shebang(f"{self.found.prefix}/bin/python"), b""
        while len(head) < len(first) and (chunk := next(chunks, b"")):
            head += chunk
        if head.startswith(first):
            script = _small(name, member, chain([head], chunks))
            return [b"#!python\n" + script[len(first) :]]
        return chain([head], chunks)

    def _row(self, row: Row, name: str, given: Given) -> Row:
        is_script = name.startswith(f"{_data(self.info)}/scripts/")
        if is_script and isinstance(given.chunks, list) and given.chunks[0].startswith(b"#!python"):
            return Row(name, "", len(given.chunks[0]))
        return row._replace(path=name)

    def _folders(self, empty: Iterable[str], names: _Names) -> Iterator[Given]:
        """Give the folders without a file that are the wheel's own."""
        site = f"{self._prefix}lib/python{self.found.python}/site-packages/"
        is_alone = len(self.found.contents.distributions) == 1
        for path in sorted(empty):
            name = path.removeprefix(site)
            top = name.partition("/")[0]
            is_mine, is_other = is_alone or top in self.tops, top in self.other_tops
            if name == path or is_mine is is_other:
                raise NotToBeHad(f"whose folder `/{path}` is, is not told")
            if is_mine:
                names.add(name)
                yield Given(name, True, False, ())

    @property
    def _prefix(self) -> str:
        return f"{self.found.prefix[1:]}/"

    def _name(self, path: str, commands: frozenset[str]) -> str | None:
        """Return the name that a file had in the wheel; None for what the installer has made."""
        folder, _, last = path.rpartition("/")
        if folder == self.info and last in _NOTES:
            return path if last == "RECORD" else None
        if not path.startswith(_ROOT):
            return path
        below = path[len(_ROOT) :]
        data = _data(self.info)
        if below.startswith("bin/"):
            script = below.removeprefix("bin/")
            return None if script in commands else f"{data}/scripts/{script}"
        headers = f"include/site/python{self.found.python.removesuffix('t')}/"
        if below.startswith(headers):
            inner = below[len(headers) :].partition("/")[2]
            return f"{data}/headers/{inner}"
        return f"{data}/data/{below}"


def _data(info: str) -> str:
    return f"{info.removesuffix('.dist-info')}.data"


def _is_record(row: Row) -> bool:
    return row.path.endswith(".dist-info/RECORD")


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a wheel's files so far, and of the folders above them."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def add(self, name: str) -> None:
        """Add a name; raises `NotToBeHad` for what is none, or in the way of another."""
        if name in self.files or name in self.folders or not _is_name(name):
            raise NotToBeHad(f"{name!r} is no name of a file, or of two")
        self.files.add(name)
        at = name.rfind("/")
        while at > 0 and (parent := name[:at]) not in self.folders:
            if parent in self.files:
                raise NotToBeHad(f"{name!r} lies below a file")
            self.folders.add(parent)
            at = name.rfind("/", 0, at)


def _is_name(name: str) -> bool:
    return not _UNTIDY.search(name) and not any(unsafe_name(name))


def _small(name: str, member: Member, chunks: Iterable[bytes]) -> bytes:
    if member.size > _SMALL:
        raise NotToBeHad(f"`{name}` has {member.size} bytes, expected at most {_SMALL}")
    return b"".join(chunks)


def _path(row: str, found: Found) -> str:
    """Return where a file of a RECORD lies in the layer."""
    prefix = found.prefix[1:]
    if not row.startswith(_ROOT):
        return f"{prefix}/lib/python{found.python}/site-packages/{row}"
    below = row[len(_ROOT) :]
    return f"{prefix}/lib/{below[6:]}" if below.startswith("lib64/") else f"{prefix}/{below}"


def _add_parents(path: str, above: set[str]) -> None:
    at = path.rfind("/")
    while at > 0 and path[:at] not in above:
        above.add(path[:at])
        at = path.rfind("/", 0, at)
