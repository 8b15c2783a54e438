"""What is in a layer, as far as it must be known without reading the layer."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from lamina.archive.blob import Extent
from lamina.oci.document import MalformedDocument
from lamina.oci.layer import Layer
from lamina.plan.said import SILENT, Said
from lamina.wheel.record import encode_hash

_TO_ROOT = "../../../"
_LARGEST = 1 << 63
_PACKED = "sha256="
_SHA256 = re.compile("[0-9a-f]{64}")
_BASE64 = re.compile("[A-Za-z0-9_-]{43}")


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

    def to_json(self) -> list[object]:
        """Return what is kept of it: a row, since there are hundreds in an image."""
        extent = [self.record.offset, self.record.size]
        return [self.name, self.version, _packed(self.hash), self.size, list(self.tops), extent]


@dataclass(frozen=True, slots=True)
class Contents:
    """The distributions of a layer; a layer of something else has none."""

    distributions: tuple[InLayer, ...] = ()
    said: Said = SILENT
    """What is to be said of the layer in each build."""

    def to_json(self) -> list[object]:
        """Return what is kept of it: a row a distribution, then an object if there is more."""
        more = [] if self.said == SILENT else [self.said.to_json()]
        return [*(each.to_json() for each in self.distributions), *more]

    @classmethod
    def from_json(cls, document: object) -> Contents:
        """Read what `to_json` wrote. Raises `MalformedDocument` for anything else."""
        if not isinstance(document, list):
            raise MalformedDocument("Malformed contents of a layer: expected a list")
        said = SILENT
        if document and isinstance(document[-1], dict):
            *document, last = document
            said = Said.from_json(last)
        return cls(tuple(map(_in_layer, document)), said)


def _in_layer(row: object) -> InLayer:
    match row:
        case [
            str(name),
            str(version),
            str(hash_),
            int(size),
            [*tops],
            [int(offset), int(length)],
        ] if _are_sizes(size, offset, length) and all(isinstance(top, str) for top in tops):
            named = tuple(map(str, tops))
            return InLayer(name, version, _unpacked(hash_), size, named, Extent(offset, length))
        case _:
            raise MalformedDocument("Malformed contents of a layer: expected rows of six")


def _are_sizes(*numbers: int) -> bool:
    return all(0 <= number < _LARGEST for number in numbers)


def _packed(hash_: str) -> str:
    """Return a hash as RECORD writes it, which is shorter by a third; others as they are.

    >>> _unpacked(_packed(f"sha256:{'ab' * 32}")) == f"sha256:{'ab' * 32}"
    True
    """
    algorithm, _, hex_ = hash_.partition(":")
    if algorithm != "sha256" or not _SHA256.fullmatch(hex_):
        return hash_
    return encode_hash(bytes.fromhex(hex_))


def _unpacked(text: str) -> str:
    """Return what `_packed` was given."""
    if not text.startswith(_PACKED):
        return text
    digits = text.removeprefix(_PACKED)
    if not _BASE64.fullmatch(digits):
        raise MalformedDocument(
            f"Malformed contents of a layer: expected a hash, got: {text[:80]!r}"
        )
    return f"sha256:{base64.urlsafe_b64decode(f'{digits}=').hex()}"


NOTHING = Contents()


class OurLayer(Layer, Protocol):
    """A layer that Lamina has made, here or elsewhere, and what is in it."""

    @property
    def contents(self) -> Contents:
        """The distributions in it."""
        ...

    def read(self, extent: Extent) -> bytes:
        """Return some bytes of the blob. Raises `DamagedBlob` where it is gone."""
        ...


def tops(record_paths: Iterable[str], site_packages: str) -> tuple[str, ...]:
    """Return what the paths of a RECORD own at the top, sorted, but for the ``*.dist-info``.

    ``site_packages`` is relative to the prefix.

    >>> paths = ["a/b.py", "a-1.dist-info/RECORD", "../../../bin/a", "../../../share/man/x"]
    >>> tops(paths, "lib/python3.12/site-packages")
    ('../../../bin/a', '../../../share/man', 'a')
    """
    found = {top(path, site_packages) for path in record_paths}
    return tuple(sorted(each for each in found if not each.endswith(".dist-info")))


def top(record_path: str, site_packages: str) -> str:
    """Return the top-level name that a path of a RECORD lies below."""
    if not record_path.startswith(".."):
        return record_path.partition("/")[0]
    below = below_prefix(record_path, site_packages)
    if below.startswith(f"{site_packages}/"):
        return below[len(site_packages) + 1 :].partition("/")[0]
    return _TO_ROOT + "/".join(below.split("/", 2)[:2])


def below_prefix(record_path: str, site_packages: str) -> str:
    """Return where a path of a RECORD is, relative to the prefix, whose ``lib64`` is ``lib``.

    >>> below_prefix("../../../lib64/x.so", "lib/python3.12/site-packages")
    'lib/x.so'
    """
    path = posixpath.normpath(f"{site_packages}/{record_path}")
    return f"lib/{path[6:]}" if path.startswith("lib64/") else path
