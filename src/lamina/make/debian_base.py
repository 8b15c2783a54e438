"""The base that is made from Debian's packages: planned, fetched, and its layers had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from lamina.archive.entry import Entry
from lamina.bases.base import Base
from lamina.bases.debian.plan import DebianLayer, DebianPlan, plan_key
from lamina.bases.debian.resolve import resolve
from lamina.bases.debian.rootfs import configured, entries
from lamina.deb.architecture import debian_architecture
from lamina.deb.installed import Installed
from lamina.deb.package import DebianPackage
from lamina.deb.resolver import NO_PINS
from lamina.deb.soundness import check, package_of
from lamina.make.blobs import generated
from lamina.make.debs import Debs, privileged
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.mirror_files import MirrorFiles
from lamina.make.tools import files_of
from lamina.mirrors.archives import Archive
from lamina.mirrors.debs import PackageGone, fetch_deb
from lamina.observer import Traffic
from lamina.oci.descriptor import Platform
from lamina.oci.document import MalformedDocument
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.system.notes import PackageNotes


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianSettings:
    """Where Debian's packages come from, and what the time is."""

    archives: Sequence[Archive]
    now: datetime
    shell: bool = False
    """Whether the base has a shell, and programs that scripts rely on."""


def debian_base(
    codename: str,
    platform: Platform,
    workshop: ImageWorkshop,
    settings: DebianSettings,
    pinned: Sequence[DebianPackage] | None = None,
) -> Base:
    """Return the base of a release of Debian; its layers are ours, known by keys.

    If its packages are ``pinned``, no archive is asked for others. Else one that was found today
    may have been replaced at the mirror since: then all are looked up anew.
    """
    if pinned is not None:
        architecture = debian_architecture(platform)
        plan = DebianPlan(codename, architecture, (), (), tuple(pinned), settings.now)
        return _made(plan, platform, workshop, settings)
    kept = _kept_plan(codename, platform, workshop, settings)
    if kept is not None and kept.is_fresh(settings.now):
        try:
            return _made(kept, platform, workshop, settings)
        except PackageGone:
            kept = None
    plan = _resolve(codename, platform, workshop, settings, previous=kept)
    workshop.store.facts.put(_key(codename, platform, settings), plan.to_json())
    return _made(plan, platform, workshop, settings)


def _made(
    plan: DebianPlan, platform: Platform, workshop: ImageWorkshop, settings: DebianSettings
) -> Base:
    fetch = MirrorFiles(files_of(workshop, Traffic.BASE))
    debs = Debs(workshop, partial(fetch_deb, archives=settings.archives, fetch=fetch))
    planned = [
        (layer, LayerPlan(LayerKind.SYSTEM, layer.key, layer.title)) for layer in plan.layers
    ]
    found = workshop.believed([each for _, each in planned])
    wanted = [
        package
        for layer, each in planned
        if found[each] is None and not layer.is_database
        for package in layer.packages
    ]
    files = debs.fetch_all(wanted)
    layers = []
    for layer, each in planned:
        had = found[each]
        if had is None:
            made = _database(layer, debs) if layer.is_database else _files(layer, debs, files)
            had = workshop.make(each, generated, made)
        layers.append(had)
    config = plan.image_config(platform, [layer.diff_id for layer in layers])
    library = next(
        (had for (layer, _), had in zip(planned, layers, strict=True) if layer.name == "python"),
        None,
    )
    return Base(f"debian:{plan.codename}", None, config, tuple(layers), library=library)


def _files(layer: DebianLayer, debs: Debs, files: Mapping[DebianPackage, Path]) -> Iterator[Entry]:
    def take(package: DebianPackage, notes: PackageNotes) -> None:
        debs.take(package, notes)
        for text in privileged(package, notes):
            debs.workshop.observer.note(text)

    return entries(layer, files.__getitem__, take)


def _database(layer: DebianLayer, debs: Debs) -> list[Entry]:
    notes = debs.notes(layer.packages)
    new = [package_of(each.paragraph) for each in notes]
    check(new, Installed.nothing(), layer.architecture)
    return configured(notes, layer.architecture)


def packages_now(
    codename: str,
    platform: Platform,
    workshop: ImageWorkshop,
    settings: DebianSettings,
    preferred: Mapping[str, str],
) -> tuple[DebianPackage, ...]:
    """Return the packages of a base as its archives have them at this moment.

    ``preferred`` are versions that are taken where the archives still have them.
    """
    return _resolve(codename, platform, workshop, settings, preferred=preferred).packages


def _kept_plan(
    codename: str, platform: Platform, workshop: ImageWorkshop, settings: DebianSettings
) -> DebianPlan | None:
    """Return the packages as they were found before, if they were."""
    try:
        return DebianPlan.from_json(workshop.facts(_key(codename, platform, settings)))
    except MalformedDocument:
        return None


def _key(codename: str, platform: Platform, settings: DebianSettings) -> str:
    archives = [each.identity for each in settings.archives]
    architecture = debian_architecture(platform)
    return plan_key(codename, architecture, archives, shell=settings.shell).hex


def _resolve(
    codename: str,
    platform: Platform,
    workshop: ImageWorkshop,
    settings: DebianSettings,
    *,
    preferred: Mapping[str, str] = NO_PINS,
    previous: DebianPlan | None = None,
) -> DebianPlan:
    return resolve(
        codename,
        debian_architecture(platform),
        settings.archives,
        fetch=MirrorFiles(files_of(workshop, Traffic.BASE)),
        now=settings.now,
        shell=settings.shell,
        seen=workshop.dates.seen(settings.archives),
        keep=workshop.dates.keep,
        preferred=preferred,
        previous=previous,
    )
