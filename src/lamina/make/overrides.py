"""The overrides: files that stand again above all wheels, where wheels disagree about a path."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lamina.archive import deflate
from lamina.archive.entry import CHUNK, Entry, Kind, Streamed, file
from lamina.archive.parents import with_parents
from lamina.oci.blob import DamagedBlob, unpacked
from lamina.oci.changeset import Changeset
from lamina.plan.bytecode import Bytecode, is_module
from lamina.plan.collisions import Collision, circles, collisions, common_tops
from lamina.plan.contents import InLayer, OurLayer
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.store.blobs import draft
from lamina.store.scratch import Scratch
from lamina.wheel.errors import WheelError
from lamina.wheel.record import Row, parse_installed
from lamina.wheel.scheme import Scheme

_READERS = 32
"""Of RECORDs at a time; each may be a question to a registry."""

Agreements = Mapping[LayerKey, tuple[Collision, ...]]
"""What distributions that share names do not agree on, by the key of their circle."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What must stand above the wheels, and where its bytes are."""

    plan: LayerPlan
    collisions: tuple[Collision, ...]
    layers: dict[str, OurLayer]
    """By the name of a distribution, the layer that holds it."""
    bytecode: Bytecode | None = None
    """Of the modules, if the layers have it."""

    def entries(self, scheme: Scheme, scratch: Scratch) -> Iterator[Entry]:
        """Give the winners' files, sorted by path, each read from its wheel's layer."""
        files: list[Entry] = []
        for winner in sorted({collision.winner for collision in self.collisions}):
            paths = {
                posixpath.join(scheme.root, collision.path)
                for collision in self.collisions
                if collision.winner == winner
            }
            own = self._compiled(paths, scheme)
            found = _extract(self.layers[winner], paths | own, scratch)
            # Of what does not compile, a loser's bytecode must not be taken: an empty file is none.
            missing = own - {entry.path for entry in found}
            files += [*found, *(file(path, b"") for path in missing)]
        return with_parents(sorted(files, key=lambda entry: entry.path))

    def _compiled(self, paths: set[str], scheme: Scheme) -> set[str]:
        """Return where the bytecode of modules lies, if there is any."""
        if self.bytecode is None:
            return set()
        modules = [path for path in paths if is_module(path, scheme.site_packages)]
        return {found for path in modules if (found := self.bytecode.path(path)) is not None}


def agree(
    layers: Sequence[OurLayer],
    wheels: Iterable[PlannedWheel],
    recipe: Recipe,
    scheme: Scheme,
    known: Callable[[LayerKey], tuple[Collision, ...] | None],
) -> Agreements:
    """Compare what the wheels of the layers own, where it is not ``known`` from before."""
    holders = _by_name(layers)
    planned = {wheel.name: wheel for wheel in wheels}
    everything = [each for layer in layers for each in layer.contents.distributions]
    by_key = {_key("agreement", circle, planned, recipe): circle for circle in circles(everything)}
    found = {key: _sane(known(key), circle) for key, circle in by_key.items()}
    unknown = [each for key, circle in by_key.items() if found[key] is None for each in circle]
    with ThreadPoolExecutor(_READERS, "record") as pool:
        read = pool.map(lambda each: _rows(holders[each.name], each), unknown)
        records = dict(zip((each.name for each in unknown), read, strict=True))
    # All at once, so that all that cannot be put together is told at once.
    fresh = collisions(records, f"{scheme.library}/site-packages", common_tops(unknown))
    agreements = {}
    for key, circle in by_key.items():
        members, had = {each.name for each in circle}, found[key]
        agreements[key] = (
            tuple(each for each in fresh if each.winner in members) if had is None else had
        )
    return agreements


def _sane(
    told: tuple[Collision, ...] | None, circle: Sequence[InLayer]
) -> tuple[Collision, ...] | None:
    """Return what an earlier image tells of a circle, if it can be true of it."""
    members = {each.name for each in circle}
    for each in told or ():
        is_below = posixpath.normpath(each.path) == each.path and each.path[:1] not in "./"
        are_members = members.issuperset(each.owners) and sorted(each.owners) == list(each.owners)
        if not (is_below and are_members and each.path.isprintable()):
            return None
    return told


def find_overrides(
    agreements: Agreements,
    layers: Sequence[OurLayer],
    wheels: Iterable[PlannedWheel],
    recipe: Recipe,
) -> Overrides | None:
    """Return what must stand above; None if the wheels agree about every path."""
    found = sorted(collision for each in agreements.values() for collision in each)
    if not found:
        return None
    holders, planned = _by_name(layers), {wheel.name: wheel for wheel in wheels}
    involved = sorted({owner for collision in found for owner in collision.owners})
    members = [
        each
        for layer in layers
        for each in layer.contents.distributions
        if each.name in set(involved)
    ]
    key = _key(LayerKind.OVERRIDES.value, members, planned, recipe)
    plan = LayerPlan(LayerKind.OVERRIDES, key, f"files that {', '.join(involved)} do not agree on")
    layers_of = {name: holders[name] for name in involved}
    return Overrides(plan, tuple(found), layers_of, recipe.bytecode)


def _by_name(layers: Sequence[OurLayer]) -> dict[str, OurLayer]:
    return {each.name: layer for layer in layers for each in layer.contents.distributions}


def _key(
    kind: str, members: Sequence[InLayer], planned: Mapping[str, PlannedWheel], recipe: Recipe
) -> LayerKey:
    names = sorted(each.name for each in members)
    return LayerKey.of(
        {
            "kind": kind,
            "recipe": recipe.to_json(),
            "distributions": [planned[name].to_json() for name in names],
        }
    )


def _rows(layer: OurLayer, distribution: InLayer) -> Sequence[Row]:
    """Read a RECORD from the middle of a layer's blob, where it lies unpacked."""
    try:
        return parse_installed(deflate.read_stored(layer.read(distribution.record)))
    except (ValueError, WheelError) as error:
        what = f"the RECORD of {distribution.name} at byte {distribution.record.offset}"
        raise DamagedBlob(layer.descriptor.digest, what, "something else") from error


def _extract(layer: OurLayer, paths: set[str], scratch: Scratch) -> list[Entry]:
    """Copy some files out of a layer, to the scratch folder.

    What streams from a registry is read to its end: only then is it known to be right.
    """
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
            if len(found) == len(paths) and blob.seekable():
                return found
        while blob.read(CHUNK):
            pass
    return found


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
