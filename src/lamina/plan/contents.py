"""What is in a layer, as far as it must be known without reading the layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lamina.archive.blob import Extent

_TO_ROOT = "../../../"


@dataclass(frozen=True, slots=True)
class InLayer:
    """One distribution in a layer."""

    name: str
    version: str
    hash: str
    """Of the wheel, as ``algorithm:hex``."""
    size: int
    """Of the wheel, in bytes."""
    tops: tuple[str, ...]
    """What it owns at the top: names in site-packages, and ``../../../bin/x`` for what lies
    elsewhere. Distributions that share none of these share no path."""
    record: Extent
    """Where its RECORD lies in the blob, as stored blocks."""

    def to_json(self) -> dict[str, object]:
        """Return what is kept of it."""
        return {
            "name": self.name,
            "version": self.version,
            "hash": self.hash,
            "size": self.size,
            "tops": list(self.tops),
            "record": [self.record.offset, self.record.size],
        }


@dataclass(frozen=True, slots=True)
class Contents:
    """The distributions of a layer; a layer of something else has none."""

    distributions: tuple[InLayer, ...] = ()

    def to_json(self) -> list[object]:
        """Return what is kept of it."""
        return [each.to_json() for each in self.distributions]

    @classmethod
    def from_json(cls, document: object) -> Contents:
        """Read what `to_json` wrote.

        Raises `ValueError`, `KeyError` or `TypeError` for anything else.
        """
        if not isinstance(document, list):
            raise TypeError("expected a list")
        return cls(
            tuple(
                InLayer(
                    str(each["name"]),
                    str(each["version"]),
                    str(each["hash"]),
                    int(each["size"]),
                    tuple(map(str, each["tops"])),
                    Extent(*map(int, each["record"])),
                )
                for each in document
            )
        )


NOTHING = Contents()


def tops(record_paths: Iterable[str]) -> tuple[str, ...]:
    """Return what the paths of a RECORD own at the top, sorted, but for the ``*.dist-info``.

    >>> tops(["a/b.py", "a/c.py", "a-1.dist-info/RECORD", "../../../bin/a", "../../../share/man/x"])
    ('../../../bin/a', '../../../share/man', 'a')
    """
    found = set(map(top, record_paths))
    return tuple(sorted(each for each in found if not each.endswith(".dist-info")))


def top(record_path: str) -> str:
    """Return the top-level name that a path of a RECORD lies below."""
    if not record_path.startswith(_TO_ROOT):
        return record_path.partition("/")[0]
    first, _, rest = record_path[len(_TO_ROOT) :].partition("/")
    return f"{_TO_ROOT}{first}/{rest.partition('/')[0]}" if rest else record_path
