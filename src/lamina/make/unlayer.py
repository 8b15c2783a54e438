"""A layer back to the wheels that it was made of, as far as their trees go.

A layer has all that an environment needs of a wheel, at the places of one environment. What was
made of the wheel's own is turned back: first lines of scripts, launchers, notes of the installer,
paths of RECORD. What comes of it is installed as the wheel itself would be; its RECORD alone may
differ, in the order of its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamina.archive import deflate
from lamina.archive.entry import CHUNK
from lamina.archive.inflate import InflateError
from lamina.oci.blob import DamagedBlob, unpacked
from lamina.oci.changeset import Changeset, MalformedLayer, Member
from lamina.plan.contents import Contents, InLayer
from lamina.plan.key import LayerKey
from lamina.store.layers import StoredLayer
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.store.trees import Given, Tree
from lamina.wheel.errors import WheelError
from lamina.wheel.record import Row, parse_installed, render_record
from lamina.wheel.scripts import parse_entry_points, shebang

_ROOT = "../../../"
_NOTES = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"})


class NotToBeHad(Exception):
    """The layer does not tell the wheel's files from others."""


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
        wheel = _Wheel.of(layer, found, hash_)
        return store.trees.take(key, filename, wheel.files(layer), scratch)
    except (NotToBeHad, DamagedBlob, MalformedLayer, WheelError, InflateError):
        return None


@dataclass(frozen=True, slots=True)
class _Wheel:
    """Where the files of one wheel lie in a layer."""

    found: Found
    info: str
    """The name of its ``*.dist-info``."""
    rows: Mapping[str, Row]
    """Of its RECORD, by the path in the layer."""
    is_alone: bool

    @classmethod
    def of(cls, layer: StoredLayer, found: Found, hash_: str) -> _Wheel:
        """Read the RECORDs of a layer. Raises `NotToBeHad` where wheels share a file."""
        mine: Sequence[Row] = ()
        others: set[str] = set()
        for each in found.contents.distributions:
            rows = _record(layer, each)
            if each.hash == hash_:
                mine = rows
            else:
                others.update(_path(row.path, found) for row in rows)
        paths = {_path(row.path, found): row for row in mine}
        infos = [
            row.path.partition("/")[0] for row in mine if row.path.endswith(".dist-info/RECORD")
        ]
        if len(infos) != 1 or len(paths) != len(mine) or others & paths.keys():
            raise NotToBeHad
        return cls(found, infos[0], paths, len(found.contents.distributions) == 1)

    def files(self, layer: StoredLayer) -> Iterator[Given]:
        """Give the files as the wheel has them. Raises `NotToBeHad`."""
        seen, folders, above = set[str](), set[str](), set[str]()
        is_executable = False
        commands: frozenset[str] = frozenset()
        rows: list[Row] = []
        with layer.open() as blob:
            changeset = Changeset(unpacked(iter(lambda: blob.read(CHUNK), b"")))
            for member in changeset:
                path = member.path.rstrip("/")
                if member.is_directory:
                    folders.add(path)
                    continue
                _add_parents(path, above)
                if (row := self.rows.get(path)) is None:
                    continue
                seen.add(path)
                name = self._name(row.path, commands)
                if name is None:
                    continue
                if name == f"{self.info}/entry_points.txt":
                    data = b"".join(changeset.content())
                    minor = self.found.python.removesuffix("t")
                    commands = frozenset(c.name for c in parse_entry_points(data).commands(minor))
                    given = Given(name, False, bool(member.mode & 0o111), [data])
                elif name == f"{self.info}/RECORD":
                    rows.append(row._replace(path=name))
                    is_executable = bool(member.mode & 0o111)
                    continue
                else:
                    given = self._given(name, member, changeset)
                rows.append(self._row(row, name, given))
                yield given
        if seen != self.rows.keys():
            raise NotToBeHad
        record = render_record(rows)
        yield Given(f"{self.info}/RECORD", False, is_executable, [record])
        yield from self._folders(folders - above)

    def _given(self, name: str, member: Member, changeset: Changeset) -> Given:
        is_executable = bool(member.mode & 0o111)
        chunks: Iterable[bytes] = changeset.content()
        if name.startswith(f"{_data(self.info)}/scripts/"):
            script = b"".join(chunks)
            first = shebang(f"{self.found.prefix}/bin/python")
            if script.startswith(first):
                script = b"#!python\n" + script[len(first) :]
            chunks = [script]
        return Given(name, False, is_executable, chunks)

    def _row(self, row: Row, name: str, given: Given) -> Row:
        is_script = name.startswith(f"{_data(self.info)}/scripts/")
        if is_script and isinstance(given.chunks, list) and given.chunks[0].startswith(b"#!python"):
            return Row(name, "", len(given.chunks[0]))
        return row._replace(path=name)

    def _folders(self, empty: Iterable[str]) -> Iterator[Given]:
        """Give the folders without a file that are the wheel's own."""
        site = f"{self._prefix}lib/python{self.found.python}/site-packages/"
        for path in sorted(empty):
            if not self.is_alone or not path.startswith(site):
                raise NotToBeHad
            yield Given(path[len(site) :], True, False, ())

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


def _record(layer: StoredLayer, distribution: InLayer) -> tuple[Row, ...]:
    try:
        return parse_installed(deflate.read_stored(layer.read(distribution.record)))
    except ValueError as error:
        raise NotToBeHad from error


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
