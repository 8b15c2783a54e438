"""What `lamina lock` pins: as it was pinned before where that still answers, else as it is now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from lamina.cli.lock import LockOptions
from lamina.cli.orders import debian_mirrors
from lamina.cli.pinning import backend_settings, pins_path
from lamina.cli.project import ProjectFolder
from lamina.deb.package import DebianPackage
from lamina.lock.model import Lock
from lamina.make.base import follow, identify, is_of_debian, open_base
from lamina.make.build_releases import BackendReleases
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.source_trees import SourceTree
from lamina.oci.descriptor import Platform
from lamina.oci.index import normalize
from lamina.pins.model import Asked, PinnedBase, PinnedLayer, PinnedRelease, Pins, PlatformPins
from lamina.pins.names import BASE
from lamina.project.building import Building
from lamina.project.config import Config
from lamina.project.ignore import read_ignore
from lamina.project.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinning:
    """Makes a lock of what was pinned before, and what there is now."""

    options: LockOptions
    asked: Asked
    base: str
    """By the name that leads to it from here."""
    config: Config
    folder: Path
    """Of the project."""
    before: Pins | None
    workshop: ImageWorkshop
    backend: BackendReleases | None

    def pins(self) -> Pins:
        """Return a lock that answers what is asked."""
        platforms = tuple(map(self._platform, self.asked.platforms))
        return Pins(
            asked=self.asked,
            platforms=platforms,
            suites=self._suites(platforms),
            releases=self._releases(),
            layers=self._layers(),
        )

    def _platform(self, platform: Platform) -> PlatformPins:
        had = None if self.before is None else self.before.of(platform)
        pins = PlatformPins(
            platform=platform,
            base=self._base(platform),
            base_packages=self._base_packages(platform, had),
        )
        return replace(pins, packages=self._packages(pins, had)) if self.asked.apt else pins

    def _base(self, platform: Platform) -> PinnedBase | None:
        kept = self._kept_bases()
        had = next((each for each in kept if normalize(each.platform) == normalize(platform)), None)
        if had is not None:
            return had.base
        # What is pinned for one platform leads to the same release for another.
        for base in (each.base for each in kept):
            if base is not None and base.index is not None:
                follow(self.base, base, self.workshop)
        return identify(self.base, platform, self.workshop)

    def _base_packages(
        self, platform: Platform, had: PlatformPins | None
    ) -> tuple[DebianPackage, ...]:
        """Return the packages of a base that is made from them; else none."""
        if not is_of_debian(self.base):
            return ()
        before, is_whole = self.before, self.options.upgrades(BASE)
        of_before = () if had is None or is_whole else had.base_packages
        kept = self._kept(of_before)
        is_same = before is not None and (before.asked.base, before.asked.shell) == (
            self.asked.base,
            self.asked.shell,
        )
        if had is not None and is_same and kept == had.base_packages:
            return kept
        # Here, since other bases need none of it.
        from lamina.make.debian_base import packages_now

        codename = self.base.partition(":")[2]
        settings = debian_mirrors(self.config, self.folder, self.workshop, platform, codename)
        preferred = {each.name: each.version for each in kept}
        return packages_now(codename, platform, self.workshop, settings, preferred)

    def _kept_bases(self) -> Sequence[PlatformPins]:
        before = self.before
        if before is None or before.asked.base != self.asked.base or self.options.upgrades(BASE):
            return ()
        return [each for each in before.platforms if each.base is not None]

    def _packages(self, pins: PlatformPins, had: PlatformPins | None) -> tuple[DebianPackage, ...]:
        """Return the packages above a base: nobody is asked while base and wishes are the same."""
        kept = () if had is None else self._kept(had.packages)
        if had is not None and self._is_answered(pins, had, kept):
            return had.packages
        # Here, since most projects ask for no packages.
        from lamina.cli.system import supply_above
        from lamina.make.choosing_system import choose

        workshop, config, folder = self.workshop, self.config, self.folder
        mirrors = partial(debian_mirrors, config, folder, workshop, pins.platform)
        opened = open_base(self.base, pins.platform, workshop, mirrors, pins=pins)
        supply = supply_above(opened, config, workshop, os.environ, folder)
        preferred = {each.name: each.version for each in kept}
        return choose(config.apt, supply, preferred).packages

    def _is_answered(
        self, pins: PlatformPins, had: PlatformPins, kept: Sequence[DebianPackage]
    ) -> bool:
        """Say whether what was pinned above a base need not be chosen anew."""
        is_same_base = (had.base, had.base_packages) == (pins.base, pins.base_packages)
        is_same = self.before is not None and (self.before.asked.apt, self.before.asked.base) == (
            self.asked.apt,
            self.asked.base,
        )
        return is_same_base and is_same and len(kept) == len(had.packages)

    def _kept(self, packages: Sequence[DebianPackage]) -> tuple[DebianPackage, ...]:
        return tuple(each for each in packages if not self.options.upgrades(each.name))

    def _suites(self, platforms: Sequence[PlatformPins]) -> dict[str, datetime]:
        """Return the dates of release files; with the same packages they are those of before.

        A lock that is brought up to date every day does not change for them alone.
        """
        before, found = self.before, self.workshop.dates.found
        if before is None:
            return dict(found)
        debs = [(each.base_packages, each.packages) for each in platforms]
        had = [(each.base_packages, each.packages) for each in before.platforms]
        if debs == had:
            return dict(before.suites)
        kept = before.suites if any(each in had for each in debs) else {}
        return {**kept, **found} if any(map(any, debs)) else {}

    def _releases(self) -> tuple[PinnedRelease, ...]:
        if self.backend is None:
            return ()
        if self.before is None:
            return self.backend.find(())
        had = self.before.releases
        kept = tuple(each for each in had if not self.options.upgrades(each.name))
        is_same = _of_backend(self.before.asked) == _of_backend(self.asked)
        return self.backend.keep(had) if kept == had and is_same else self.backend.find(kept)

    def _layers(self) -> tuple[PinnedLayer, ...]:
        """Return those that were pinned: their keys say what they are made of, whatever else is."""
        if self.before is None or self.options.with_layers is False:
            return ()
        return self.before.layers


def backend_of(
    config: Config,
    project: ProjectFolder,
    lock: Lock,
    building: Building,
    version: str | None,
    workshop: ImageWorkshop,
) -> BackendReleases | None:
    """Return what finds releases for the project's own backend; ``version`` is of the Python."""
    settings = backend_settings(config, project, lock, building)
    if settings is None:
        return None
    outputs = read_ignore(project.folder, [pins_path(project), workshop.store.root]).outputs
    tree = SourceTree(project.folder, Subject.of_project(project.facts), settings, outputs)
    pythons = workshop.backends.pythons
    minor = ".".join((version or "").removesuffix("t").split(".")[:2])
    found = pythons.of_minor(minor + "t" * (version or "").endswith("t")) if minor else None
    return BackendReleases(tree, found or pythons.running, workshop)


def _of_backend(asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return asked.build_requires, asked.build_constraints
