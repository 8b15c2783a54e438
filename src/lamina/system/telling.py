"""What the small layer was made of, told in the layer itself: the next one is made of that.

So neither a package that did not change is fetched for it, nor the base read again. What stands
elsewhere in the layer is not repeated: dpkg's database has the scripts of packages and their lists,
and where bytes are a part of another file, such as a certificate of the bundle, it says of which.
"""

from __future__ import annotations

import base64
import json
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lamina.archive.entry import Entry, Kind, file
from lamina.deb.control import Paragraph, parse_paragraphs
from lamina.deb.status import INFO, STATUS
from lamina.oci.document import Fields, MalformedDocument, encode
from lamina.system.base_paths import BasePaths
from lamina.system.made.certificates import BUNDLE
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles

PATH = "var/lib/lamina/packages.json"
"""Relative to the root. Nobody but root reads it, since the base's shadow passwords may be in it.
"""

_FORMAT = 1
_WHAT = "notes on packages"
_QUOTED = (STATUS, BUNDLE)
"""The files of the layer that bytes may be a part of."""
_SHORTEST = 64
"""What is shorter, in bytes, is not looked for in other files."""
_LIST = "list"
_IN_DATABASE: Mapping[str, object] = {"control": {}, "listed": [], "conffiles": {}}
"""What dpkg's database has of the notes on a package; and how it looks when it is left out."""


@dataclass(frozen=True, slots=True)
class KnownBase:
    """What must be known of a base to configure packages above it."""

    files: SmallFiles
    """All of them, or those that an image tells: see `SmallFiles.travelling`."""
    paths: BasePaths


@dataclass(frozen=True, slots=True)
class Telling:
    """What a small layer tells."""

    base: KnownBase
    packages: Mapping[str, PackageNotes]
    """By the names that dpkg gives their files."""


def telling(notes: Sequence[PackageNotes], base: KnownBase, entries: Iterable[Entry]) -> Entry:
    """Return the file that tells what ``entries`` were made of.

    ``notes`` are as packages were unpacked, before anybody said whose a path of several is. It is
    the same whether they and the base were read, or told themselves.
    """
    there = {
        each.path: _bytes(each)
        for each in entries
        if each.kind is Kind.FILE and is_told_by(each.path)
    }
    quotes, database = _Quotes(there), _Database(there)
    travelling = base.files.travelling
    document = {
        "format": _FORMAT,
        "base": {
            "files": quotes.all(travelling.files),
            "links": dict(travelling.links),
            "programs": sorted(travelling.programs),
            "untold": sorted(travelling.untold),
            "folders": sorted(base.paths.folders),
            "leaves": dict(base.paths.leaves),
            "lists": dict(base.paths.lists),
            "edited": dict(base.paths.edited),
        },
        "packages": {each.info_name: _package(each, quotes, database) for each in notes},
    }
    return replace(file(PATH, encode(document)), mode=0o600)


def is_told_by(path: str) -> bool:
    """Say whether `told` reads a file; ``path`` is relative to the root."""
    return path == PATH or path in _QUOTED or path.startswith(f"{INFO}/")


def told(files: Mapping[str, bytes]) -> Telling | None:
    """Return what a small layer tells, of which ``files`` are; None if it tells nothing.

    Raises `MalformedDocument`, `ControlError`.
    """
    if PATH not in files:
        return None
    fields = Fields(_WHAT, "", _document(files[PATH]))
    if fields.number("format") != _FORMAT:
        return None
    quotes = _Quotes(files)
    database = _Database(files)
    packages = fields.object("packages")
    return Telling(
        _base(fields.object("base"), quotes),
        {name: _notes(name, packages.object(name), quotes, database) for name in packages.values},
    )


def _base(fields: Fields, quotes: _Quotes) -> KnownBase:
    files = SmallFiles(
        quotes.read_all(fields.object("files")),
        fields.text_map("links"),
        frozenset(fields.texts("programs") or ()),
        frozenset(fields.texts("untold") or ()),
    )
    leaves, lists = fields.object("leaves").values, fields.object("lists").values
    paths = BasePaths(
        frozenset(_strings(fields.values.get("folders"))),
        {path: None if target is None else str(target) for path, target in leaves.items()},
        {path: str(text) for path, text in lists.items()},
        fields.text_map("edited"),
    )
    return KnownBase(files, paths)


def _package(each: PackageNotes, quotes: _Quotes, database: _Database) -> dict[str, object]:
    """Return the notes on a package, without what the database has, if that is the same."""
    whole = each.to_json() | {"captured": quotes.all(each.captured)}
    more = sorted(each.folders - _parents(each.listed))
    short = {key: value for key, value in whole.items() if key not in _IN_DATABASE}
    short["folders"] = more
    with suppress(MalformedDocument):
        if _is_same(_notes(each.info_name, Fields(_WHAT, "", short), quotes, database), each):
            return short
    return whole | {"control": quotes.all(each.control)}


def _is_same(one: PackageNotes, other: PackageNotes) -> bool:
    """Say whether notes are the same, but for how a control file is written."""
    if one.paragraph != other.paragraph:
        return False
    text = {"control": b""}
    return replace(one, control={**one.control, **text}) == replace(
        other, control={**other.control, **text}
    )


def _notes(name: str, fields: Fields, quotes: _Quotes, database: _Database) -> PackageNotes:
    bare = PackageNotes.parse({**_IN_DATABASE, **fields.values, "control": {}, "captured": {}})
    captured = quotes.read_all(fields.object("captured"))
    if "control" in fields.values:
        return replace(bare, captured=captured, control=quotes.read_all(fields.object("control")))
    notes = database.completed(name, replace(bare, captured=captured))
    return replace(notes, folders=notes.folders | _parents(notes.listed))


def _parents(listed: Collection[str]) -> frozenset[str]:
    """Return those of the paths that others lie in."""
    return frozenset(map(posixpath.dirname, listed)) & frozenset(listed)


class _Database:
    """dpkg's database of the layer."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._paragraphs = {
            name: paragraph
            for paragraph in parse_paragraphs(files.get(STATUS, b""), where=f"`/{STATUS}`")
            for name in _info_names(paragraph)
        }
        self._files: dict[str, dict[str, bytes]] = {}
        for path, data in files.items():
            name, dot, kind = path.removeprefix(f"{INFO}/").rpartition(".")
            if path.startswith(f"{INFO}/") and dot:
                self._files.setdefault(name, {})[kind] = data

    def completed(self, name: str, notes: PackageNotes) -> PackageNotes:
        """Return notes with what the database has of the package."""
        paragraph, control = self._paragraphs.get(name), dict(self._files.get(name, {}))
        if paragraph is None or _LIST not in control:
            raise MalformedDocument(f"Malformed {_WHAT}: `{name}` is not in dpkg's database")
        listed = control.pop(_LIST).decode("utf-8", "replace").splitlines()
        own = {key: value for key, value in paragraph.items() if key not in ("Status", "Conffiles")}
        text = "".join(f"{key}: {value}\n" for key, value in own.items())
        words = [line.split() for line in paragraph.get("Conffiles", "").splitlines()]
        return replace(
            notes,
            control={"control": text.encode(), **control},
            listed=tuple(listed),
            conffiles={line[0]: line[1] for line in words if len(line) == 2},
        )


def _info_names(paragraph: Paragraph) -> Iterator[str]:
    """Give what dpkg may call the files of a package."""
    if "Package" in paragraph and "Architecture" in paragraph:
        yield paragraph["Package"]
        yield f"{paragraph['Package']}:{paragraph['Architecture']}"


@dataclass(frozen=True, slots=True)
class _Quotes:
    """Bytes as JSON: text, Base64, or where they stand in another file."""

    files: Mapping[str, bytes]

    def all(self, files: Mapping[str, bytes]) -> dict[str, object]:
        return {path: self._quoted(data) for path, data in files.items()}

    def read_all(self, fields: Fields) -> dict[str, bytes]:
        return {path: self._read(fields, path, value) for path, value in fields.values.items()}

    def _quoted(self, data: bytes) -> object:
        if len(data) >= _SHORTEST:
            for path in _QUOTED:
                at = self.files.get(path, b"").find(data)
                if at >= 0:
                    return [path, at, len(data)]
        try:
            return data.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(data).decode()}

    def _read(self, fields: Fields, path: str, value: object) -> bytes:
        match value:
            case str(text):
                with suppress(ValueError):  # Half of a surrogate pair.
                    return text.encode()
            case {"base64": str(text)}:
                with suppress(ValueError):
                    return base64.b64decode(text, validate=True)
            case [str(other), int(at), int(size)] if at >= 0 and other in _QUOTED:
                data = self.files.get(other, b"")[at : at + size]
                if len(data) == size:
                    return data
        fields.refuse(path, "text, Base64 or a part of another file")


def _bytes(entry: Entry) -> bytes:
    assert entry.kind is Kind.FILE
    return b"".join(entry.content.chunks())


def _strings(value: object) -> list[str]:
    """Return a list of texts, which may be none in Unicode: names of files are bytes."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedDocument(f"Malformed {_WHAT}: expected a list of texts")
    return value


def _document(data: bytes) -> Mapping[str, object]:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise MalformedDocument(f"Malformed {_WHAT}: {error}") from error
    if not isinstance(document, dict):
        raise MalformedDocument(f"Malformed {_WHAT}: expected an object")
    return document
