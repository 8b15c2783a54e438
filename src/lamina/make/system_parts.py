"""The layers of Debian packages above a base, lowest first, the small one above them too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lamina.archive.entry import Entry
from lamina.deb.package import DebianPackage
from lamina.make.blobs import generated
from lamina.make.debs import Debs, privileged
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parts import Part
from lamina.make.system import System
from lamina.make.system_configuration import configured
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.said import Said
from lamina.store.layers import StoredLayer
from lamina.system.notes import PackageNotes
from lamina.system.placing import Placing
from lamina.system.plan import SystemLayer
from lamina.system.unpacking import TakeNotes, unpack_all


def system_parts(system: System, workshop: ImageWorkshop) -> list[Part]:
    """Return the layers of the packages' files, and the small one above, lowest first."""
    if not system.plan.packages:  # The base has all that was asked for.
        return []
    layers = system.plan.layers
    debs = Debs(workshop, system.fetch, partial(system.notes, layers))
    files = [_files_part(layer, system, debs) for layer in layers]
    return [*files, _configuration_part(system, debs)]


def _files_part(layer: SystemLayer, system: System, debs: Debs) -> Part:
    plan = LayerPlan(LayerKind.SYSTEM, layer.key, layer.title, packages=layer.packages)
    return Part(plan, partial(_make_files, plan, layer, system, debs))


def _make_files(plan: LayerPlan, layer: SystemLayer, system: System, debs: Debs) -> StoredLayer:
    told: list[str] = []

    def take(package: DebianPackage, notes: PackageNotes) -> None:
        debs.take(package, notes)
        told.extend(privileged(package, notes))

    with debs.noting(layer.packages):
        make = partial(generated, said=lambda: Said(tuple(told)))
        return debs.workshop.make(plan, make, _entries(layer, system, debs, take))


def _entries(layer: SystemLayer, system: System, debs: Debs, take: TakeNotes) -> Iterator[Entry]:
    files = debs.fetch_all(layer.packages)
    placing = Placing(system.plan.rootfs, system.plan.rearranged)
    return unpack_all(layer.packages, files.__getitem__, placing, system.keep, take)


def _configuration_part(system: System, debs: Debs) -> Part:
    packages = system.plan.packages
    title = f"dpkg database with {len(packages)} more package{'' if len(packages) == 1 else 's'}"
    plan = LayerPlan(LayerKind.SYSTEM, system.plan.configuration, title)

    def make() -> StoredLayer:
        entries, said = configured(debs.notes(packages), system, debs)
        return debs.workshop.make(plan, partial(generated, said=lambda: said), entries)

    return Part(plan, make)
