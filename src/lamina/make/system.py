"""The layers of Debian packages above a base, and of what they leave behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from lamina.archive.entry import Entry, Kind
from lamina.deb.installed import Installed
from lamina.deb.unpack import Keep
from lamina.make.blobs import generated
from lamina.make.debs import Debs, Fetch
from lamina.make.former_notes import former_notes
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parts import Part
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.store.layers import StoredLayer
from lamina.system.configuration import Below, configure
from lamina.system.notes import PackageNotes
from lamina.system.placing import Placing
from lamina.system.plan import SystemLayer, SystemPlan
from lamina.system.small_files import SmallFiles
from lamina.system.unpacking import SETID, everything, unpack_all, without_documentation


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The packages above the base of an image, and where they come from."""

    plan: SystemPlan
    fetch: Fetch
    small_files: Callable[[], SmallFiles]
    """Gives those of the base, which is read for them if need be."""


def system_parts(system: System, workshop: ImageWorkshop) -> list[Part]:
    """Return the layers of the packages' files, and the small one above, lowest first."""
    if not system.plan.packages:  # The base has all that was asked for.
        return []
    layers = system.plan.layers
    debs = Debs(workshop, system.fetch, partial(former_notes, layers, workshop))
    files = [_files_part(layer, system.plan, debs) for layer in layers]
    return [*files, _configuration_part(system, debs)]


def _files_part(layer: SystemLayer, system: SystemPlan, debs: Debs) -> Part:
    plan = LayerPlan(LayerKind.SYSTEM, layer.key, layer.title, packages=layer.packages)
    return Part(plan, partial(_make_files, plan, layer, system, debs))


def _make_files(plan: LayerPlan, layer: SystemLayer, system: SystemPlan, debs: Debs) -> StoredLayer:
    with debs.noting(layer.packages):
        return debs.workshop.make(plan, generated, _entries(layer, system, debs))


def _entries(layer: SystemLayer, system: SystemPlan, debs: Debs) -> Iterator[Entry]:
    files = debs.fetch_all(layer.packages)
    placing = Placing(system.rootfs)
    keep = _keep(system)
    return unpack_all(layer.packages, files.__getitem__, placing, keep, debs.take)


def _keep(system: SystemPlan) -> Keep:
    return everything if system.keeps_docs else without_documentation


def _configuration_part(system: System, debs: Debs) -> Part:
    packages = system.plan.packages
    title = f"dpkg database with {len(packages)} more package{'' if len(packages) == 1 else 's'}"
    plan = LayerPlan(LayerKind.SYSTEM, system.plan.configuration, title)

    def make() -> StoredLayer:
        below = Below(
            files=system.small_files(),
            rootfs=system.plan.rootfs,
            architecture=system.plan.architecture,
        )
        notes = debs.notes(packages)
        made = configure(notes, below, _keep(system.plan))
        observer = debs.workshop.observer
        if updates := list(_updates(notes, below.files)):
            observer.note(
                f"Newer than in the base: {', '.join(updates)}; what only the older ones had of "
                "files stays below"
            )
        for path in sorted(_privileged(made.entries)):
            observer.note(f"As a script of its package would, `{path}` is made setuid or setgid")
        for warning in made.warnings:
            observer.warn(warning)
        return debs.workshop.make(plan, generated, made.entries)

    return Part(plan, make)


def _privileged(entries: Iterable[Entry]) -> Iterator[str]:
    """Tell which programs get more rights than their users by what scripts do."""
    for entry in entries:
        if entry.kind is Kind.FILE and entry.mode & SETID:
            yield f"/{entry.path}"


def _updates(notes: Iterable[PackageNotes], base: SmallFiles) -> Iterator[str]:
    """Tell which packages of the base are replaced by other versions."""
    installed = Installed.parse(base.statuses.values(), where="the base")
    for each in notes:
        version = each.paragraph["Version"]
        for old in installed.named(each.name):
            if old.version != version:
                yield f"{each.name} {version} (was {old.version})"
