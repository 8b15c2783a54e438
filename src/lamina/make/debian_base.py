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
from lamina.deb.package import DebianPackage
from lamina.deb.resolver import NO_PINS
from lamina.make.blobs import generated
from lamina.make.debs import Debs
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.mirror_files import MirrorFiles
from lamina.make.tools import files_of
from lamina.mirrors.archives import Archive
from lamina.mirrors.debs import fetch_deb
from lamina.observer import Traffic
from lamina.oci.descriptor import Platform
from lamina.oci.document import MalformedDocument
from lamina.plan.plan import LayerKind, LayerPlan


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

    If its packages are ``pinned``, no archive is asked for others.
    """
    if pinned is None:
        plan = _debian_plan(codename, platform, workshop, settings)
    else:
        architecture = debian_architecture(platform)
        plan = DebianPlan(codename, architecture, (), (), tuple(pinned), settings.now)
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
    return Base(f"debian:{codename}", None, config, tuple(layers), library=library)


def _files(layer: DebianLayer, debs: Debs, files: Mapping[DebianPackage, Path]) -> Iterator[Entry]:
    return entries(layer, files.__getitem__, debs.take)


def _database(layer: DebianLayer, debs: Debs) -> list[Entry]:
    return configured(debs.notes(layer.packages), layer.architecture)


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


def _debian_plan(
    codename: str, platform: Platform, workshop: ImageWorkshop, settings: DebianSettings
) -> DebianPlan:
    """Return the packages: as they were found less than a day ago, or as the mirror has them."""
    architecture = debian_architecture(platform)
    archives = [each.identity for each in settings.archives]
    key = plan_key(codename, architecture, archives, shell=settings.shell).hex
    try:
        previous = DebianPlan.from_json(workshop.facts(key))
    except MalformedDocument:
        previous = None
    if previous is not None and previous.is_fresh(settings.now):
        return previous
    plan = _resolve(codename, platform, workshop, settings, previous=previous)
    workshop.store.facts.put(key, plan.to_json())
    return plan


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
