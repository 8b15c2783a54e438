"""Of a wheel, what lies in every site-packages as it lies in the wheel: nearly all of it.

To bring that needs no look at the wheel, at its RECORD or at the environment's path. It is noted
beside the tree once the wheel has been unpacked in full, which checks it; what is left (scripts and
the `*.dist-info`) is unpacked for each environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace

from lamina.archive.entry import Literal
from lamina.store.look import FILES
from lamina.store.scratch import Scratch
from lamina.store.trees import Tree, TreeMember, Trees
from lamina.sync.hand import BULK
from lamina.wheel.record import Row, parse_record, render_record
from lamina.wheel.unpack import Unpacked

_FORMAT = 1
"""Of the note; another one, too, if wheels are unpacked in another way than before."""
_LARGEST_RECORD = 1 << 27


@dataclass(frozen=True)
class Rest(Tree):
    """What a tree has besides its bulk, as if it were a wheel."""

    record_name: str
    record: str
    """Of its RECORD, the rows of these."""

    def read(self, name: str, *, limit: int) -> bytes | None:
        """See `WheelSource.read`."""
        return self.record.encode() if name == self.record_name else super().read(name, limit=limit)


@dataclass(frozen=True, slots=True)
class Bulk:
    """The files of a tree that are brought as they are."""

    tree: str
    """Its folder in the store."""
    tops: frozenset[str]
    """The names that they have in a site-packages, without regard to case."""
    rows: tuple[tuple[str, str], ...]
    """The path of each, and its line in RECORD."""
    rest: Rest

    @classmethod
    def read(cls, trees: Trees, key: str, name: str | None = None) -> Bulk | None:
        """Return what was noted of a tree, if it was; ``name`` is its wheel's, if it is known."""
        data = trees.noted(key, BULK)
        try:
            document = json.loads(data or b"null")
            if document is None or document["format"] != _FORMAT:
                return None
            members = tuple(TreeMember(*row) for row in document["rest"])
            folder = str(trees.path(key))
            record_name, record = document["record"]
            return cls(
                folder,
                frozenset(document["tops"]),
                tuple(zip(document["paths"], document["lines"], strict=True)),
                Rest(name or document["name"], f"{folder}/{FILES}", members, record_name, record),
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def complete(self, unpacked: Unpacked) -> Unpacked:
        """Return the rest, unpacked, with a RECORD that lists the bulk as well."""
        rows = [(row.path, _lines([row])) for row in unpacked.rows]
        record = "".join(line for _, line in sorted([*self.rows, *rows])).encode()
        entries = tuple(
            replace(entry, content=Literal(record)) if entry.path == unpacked.record else entry
            for entry in unpacked.entries
        )
        return replace(unpacked, entries=entries)


def note_bulk(trees: Trees, key: str, tree: Tree, whole: Unpacked, scratch: Scratch) -> None:
    """Note the bulk of a tree, whose wheel is unpacked to ``whole``, if it has one."""
    dist_info = whole.record.rpartition("/")[0].rpartition("/")[2]
    data, record_name = f"{dist_info.removesuffix('.dist-info')}.data", f"{dist_info}/RECORD"
    bulk, rest = _divided(tree.members, {dist_info, data})
    others = [name[len(data) + 1 :] for name, *_ in rest if name.startswith(f"{data}/")]
    recorded = parse_record(tree.read(record_name, limit=_LARGEST_RECORD) or b"")
    if not all(map(_lies_apart, others)) or not bulk or record_name not in recorded:
        return
    files = {member.name: member for member in bulk if not member.is_directory}
    rows = {row.path: row for row in whole.rows if row.path in files}
    assert rows.keys() == files.keys(), "what lies in a site-packages is listed as it lies there"
    left = [row for row in recorded.values() if row.path not in files]
    document = {
        "format": _FORMAT,
        "name": tree.name,
        "tops": sorted({member.name.partition("/")[0].casefold() for member in bulk}),
        "folders": sorted(set(_folders(bulk))),
        "paths": sorted(files),
        "lines": [_lines([rows[name]]) for name in sorted(files)],
        "executable": [name for name, member in files.items() if member.is_executable],
        "rest": rest,
        "record": [record_name, _lines(left)],
    }
    trees.note(key, BULK, json.dumps(document, separators=(",", ":")).encode(), scratch)


def _lies_apart(name: str) -> bool:
    """Say whether a member of ``.data`` can never lie in a site-packages, among the bulk."""
    kind, _, path = name.partition("/")
    is_data = kind == "data" and path.partition("/")[0].casefold() not in ("lib", "lib64")
    return is_data or kind in ("headers", "scripts", "")


def _divided(
    members: Iterable[TreeMember], special: Set[str]
) -> tuple[list[TreeMember], list[TreeMember]]:
    """Return the members that are not below the ``special`` folders, and those that are."""
    found: tuple[list[TreeMember], list[TreeMember]] = [], []
    for member in members:
        found[member.name.partition("/")[0] in special].append(member)
    return found


def _folders(bulk: Iterable[TreeMember]) -> Iterator[str]:
    """Give each folder of the bulk, be it an empty one."""
    for member in bulk:
        folder = member.name if member.is_directory else member.name.rpartition("/")[0]
        while folder:
            yield folder
            folder = folder.rpartition("/")[0]


def _lines(rows: Iterable[Row]) -> str:
    return render_record(rows).decode()
