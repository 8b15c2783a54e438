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
from lamina.cli.pinning import pins_path
from lamina.cli.project import ProjectFolder
from lamina.deb.package import DebianPackage
from lamina.make.base import follow, identify, is_of_debian, open_base
from lamina.make.build_releases import BackendReleases
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.source_trees import SourceTree
from lamina.oci.descriptor import Platform
from lamina.oci.index import normalize
from lamina.pins.keeping import preferred
from lamina.pins.model import Asked, PinnedBase, PinnedLayer, Pins, PlatformPins
from lamina.pins.names import BASE
from lamina.pins.releases import PinnedRelease
from lamina.project.config import Config
from lamina.project.ignore import read_ignore


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
        if had is not None and self._is_same("base", "shell") and not self._is_new_base(had):
            return had.base_packages
        # Here, since other bases need none of it.
        from lamina.make.debian_base import packages_now

        workshop, codename = self.workshop, self.base.partition(":")[2]
        settings = debian_mirrors(self.config, self.folder, workshop, platform, codename)
        kept = preferred(self.before, platform, lambda each: each.base_packages, self._is_upgraded)
        return packages_now(codename, platform, workshop, settings, kept)

    def _is_new_base(self, had: PlatformPins) -> bool:
        return any(self._is_upgraded(each.name) for each in had.base_packages)

    def _is_upgraded(self, name: str) -> bool:
        """Say whether a package of a base is taken as it is now."""
        return self.options.upgrades(BASE) or self.options.upgrades(name)

    def _kept_bases(self) -> Sequence[PlatformPins]:
        before = self.before
        if before is None or before.asked.base != self.asked.base or self.options.upgrades(BASE):
            return ()
        return [each for each in before.platforms if each.base is not None]

    def _packages(self, pins: PlatformPins, had: PlatformPins | None) -> tuple[DebianPackage, ...]:
        """Return the packages above a base: nobody is asked while base and wishes are the same."""
        if had is not None and self._is_answered(pins, had):
            return had.packages
        # Here, since most projects ask for no packages.
        from lamina.cli.system import supply_above
        from lamina.make.choosing_system import choose

        workshop, config, folder = self.workshop, self.config, self.folder
        mirrors = partial(debian_mirrors, config, folder, workshop, pins.platform)
        opened = open_base(self.base, pins.platform, workshop, mirrors, pins=pins)
        supply = supply_above(opened, config, workshop, os.environ, folder)
        kept = preferred(
            self.before, pins.platform, lambda each: each.packages, self.options.upgrades
        )
        return choose(config.apt, supply, kept).packages

    def _is_answered(self, pins: PlatformPins, had: PlatformPins) -> bool:
        """Say whether what was pinned above a base need not be chosen anew."""
        is_same_base = (had.base, had.base_packages) == (pins.base, pins.base_packages)
        names = {package.name for package in had.packages} | {wish.name for wish in self.config.apt}
        is_free = any(map(self.options.upgrades, names))
        return is_same_base and self._is_same("base", "apt") and not is_free

    def _is_same(self, *names: str) -> bool:
        """Say whether these are asked for as they were before."""
        before = self.before
        return before is not None and all(
            getattr(before.asked, name) == getattr(self.asked, name) for name in names
        )

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
        is_same = self._is_same("build_requires", "build_constraints")
        return self.backend.keep(had) if kept == had and is_same else self.backend.find(kept)

    def _layers(self) -> tuple[PinnedLayer, ...]:
        """Return those that were pinned: their keys say what they are made of, whatever else is."""
        if self.before is None or self.options.with_layers is False:
            return ()
        return self.before.layers


def backend_of(
    project: ProjectFolder,
    trees: Sequence[SourceTree],
    version: str | None,
    workshop: ImageWorkshop,
) -> BackendReleases | None:
    """Return what finds releases for the backends of trees; ``version`` is of the Python."""
    if not trees:
        return None
    written = (pins_path(project), workshop.store.root)
    sources = [replace(tree, outputs=read_ignore(tree.folder, written).outputs) for tree in trees]
    pythons = workshop.backends.pythons
    minor = ".".join((version or "").removesuffix("t").split(".")[:2])
    found = pythons.of_minor(minor + "t" * (version or "").endswith("t")) if minor else None
    return BackendReleases(tuple(sources), found or pythons.running, workshop)
