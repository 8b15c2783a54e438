"""What an administrator of a base has laid down for files that packages may bring.

dpkg heeds both at each installation: dpkg-divert(1), dpkg-statoverride(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lamina.oci.document import MalformedDocument

_OVERRIDE = re.compile(r"(?P<user>\S+) (?P<group>\S+) (?P<mode>[0-7]+) (?P<path>/.*)")
_MALFORMED = "Malformed facts of a base image: expected diversions and overrides"


@dataclass(frozen=True, slots=True)
class Diversion:
    """A path that all packages but one find elsewhere."""

    to: str
    """Absolute."""
    by: str
    """The package whose own file lies there; ``:`` stands for none."""


@dataclass(frozen=True, slots=True)
class Override:
    """Mode and owner of a file, whatever packages say; an owner may be unknown."""

    mode: int
    uid: int | None
    gid: int | None


@dataclass(frozen=True, slots=True)
class Rearranged:
    """Diversions and overrides by absolute paths, as packages write them."""

    diversions: Mapping[str, Diversion] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        diversions: Iterable[str],
        overrides: Iterable[str],
        users: Mapping[str, int],
        groups: Mapping[str, int],
    ) -> Rearranged:
        """Read the lines of dpkg's own files; what has another form is passed over.

        >>> Rearranged.read(["/x", "/x.moved", ":"], [], {}, {}).diversions
        {'/x': Diversion(to='/x.moved', by=':')}
        """
        lines = [*diversions]
        threes = zip(lines[::3], lines[1::3], lines[2::3], strict=False)
        found: dict[str, Override] = {}
        for line in overrides:
            if match := _OVERRIDE.fullmatch(line):
                user, group = _number(match["user"], users), _number(match["group"], groups)
                found[match["path"]] = Override(int(match["mode"], 8) & 0o7777, user, group)
        return cls({path: Diversion(to, by) for path, to, by in threes}, found)

    def place_of(self, path: str, package: str) -> str:
        """Return where a file of a package lies; paths are absolute."""
        diversion = self.diversions.get(path)
        return path if diversion is None or diversion.by == package else diversion.to

    def to_json(self) -> dict[str, object]:
        """Return the object that is kept; empty if there is nothing."""
        document: dict[str, object] = {}
        if self.diversions:
            document["diversions"] = {
                path: [each.to, each.by] for path, each in self.diversions.items()
            }
        if self.overrides:
            document["overrides"] = {
                path: [each.mode, each.uid, each.gid] for path, each in self.overrides.items()
            }
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Rearranged:
        """Read what `to_json` gave. Raises `MalformedDocument`."""
        diversions: dict[str, Diversion] = {}
        overrides: dict[str, Override] = {}
        for path, value in _items(document.get("diversions")):
            match value:
                case [str(to), str(by)]:
                    diversions[path] = Diversion(to, by)
                case _:
                    raise MalformedDocument(_MALFORMED)
        for path, value in _items(document.get("overrides")):
            match value:
                case [int(mode), int() | None as uid, int() | None as gid]:
                    overrides[path] = Override(mode, uid, gid)
                case _:
                    raise MalformedDocument(_MALFORMED)
        return cls(diversions, overrides)


def _items(value: object) -> Iterable[tuple[str, object]]:
    return value.items() if isinstance(value, dict) else ()


def _number(name: str, known: Mapping[str, int]) -> int | None:
    """Return the number of a user or group, who may be numbered already."""
    if name.startswith("#") and name[1:].isdigit():
        return int(name[1:])
    return known.get(name)
