"""The overrides: files that stand again above all wheels, where wheels disagree about a path."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lamina.archive import deflate
from lamina.archive.entry import CHUNK, Entry, Kind, Streamed
from lamina.archive.parents import with_parents
from lamina.oci.blob import DamagedBlob, unpacked
from lamina.oci.changeset import Changeset
from lamina.plan.collisions import Collision, collisions, common_tops, suspects
from lamina.plan.contents import InLayer
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import LayerKind, LayerPlan, PlannedWheel
from lamina.store.blobs import draft
from lamina.store.layers import StoredLayer
from lamina.store.scratch import Scratch
from lamina.wheel.errors import WheelError
from lamina.wheel.record import Row, parse_installed
from lamina.wheel.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Overrides:
    """What must stand above the wheels, and where its bytes are."""

    plan: LayerPlan
    collisions: tuple[Collision, ...]
    layers: dict[str, StoredLayer]
    """By the name of a distribution, the layer that holds it."""

    def entries(self, scheme: Scheme, scratch: Scratch) -> Iterator[Entry]:
        """Give the winners' files, sorted by path, each read from its wheel's layer."""
        files: list[Entry] = []
        for winner in sorted({collision.winner for collision in self.collisions}):
            paths = {
                posixpath.join(scheme.root, collision.path)
                for collision in self.collisions
                if collision.winner == winner
            }
            files += _extract(self.layers[winner], paths, scratch)
        return with_parents(sorted(files, key=lambda entry: entry.path))


def find_overrides(
    layers: Sequence[StoredLayer], wheels: Iterable[PlannedWheel], recipe: Recipe, scheme: Scheme
) -> Overrides | None:
    """Compare what the wheels of the layers own; None if they agree about every path."""
    by_name = {each.name: layer for layer in layers for each in layer.contents.distributions}
    suspected = suspects([each for layer in layers for each in layer.contents.distributions])
    records = {each.name: _rows(by_name[each.name], each) for each in suspected}
    found = collisions(records, f"{scheme.library}/site-packages", common_tops(suspected))
    if not found:
        return None
    involved = sorted({owner for collision in found for owner in collision.owners})
    planned = {wheel.name: wheel for wheel in wheels}
    key = LayerKey.of(
        {
            "kind": LayerKind.OVERRIDES.value,
            "recipe": recipe.to_json(),
            "distributions": [planned[name].to_json() for name in involved],
        }
    )
    plan = LayerPlan(LayerKind.OVERRIDES, key, f"files that {', '.join(involved)} do not agree on")
    return Overrides(plan, tuple(found), {name: by_name[name] for name in involved})


def _rows(layer: StoredLayer, distribution: InLayer) -> Sequence[Row]:
    """Read a RECORD from the middle of a layer's blob, where it lies unpacked."""
    try:
        return parse_installed(deflate.read_stored(layer.read(distribution.record)))
    except (ValueError, WheelError) as error:
        what = f"the RECORD of {distribution.name} at byte {distribution.record.offset}"
        raise DamagedBlob(layer.written.digest, what, "something else") from error


def _extract(layer: StoredLayer, paths: set[str], scratch: Scratch) -> list[Entry]:
    """Copy some files out of a layer, to the scratch folder."""
    found = []
    with layer.open() as blob:
        changeset = Changeset(unpacked(iter(lambda: blob.read(CHUNK), b"")))
        for member in changeset:
            if member.path in paths:
                with draft(scratch) as copy:
                    size = 0
                    for chunk in changeset.content():
                        copy.write(chunk)
                        size += len(chunk)
                content = Streamed(size, partial(_open, copy.path))
                found.append(Entry(member.path, Kind.FILE, member.mode, content))
                if len(found) == len(paths):
                    break
    return found


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
