"""The Debian packages above a base, as configuration and environment ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lamina.cli.mirrors import archives_for
from lamina.make.base import OpenedBase
from lamina.make.choosing_system import Supply, choose
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.system import System
from lamina.mirrors.archives import Archive
from lamina.pins.model import PlatformPins
from lamina.project.config import Config
from lamina.system.plan import SystemPlan
from lamina.system.small_files import SmallFiles


def system_above(
    base: OpenedBase,
    config: Config,
    workshop: ImageWorkshop,
    environ: Mapping[str, str],
    folder: Path,
    *,
    pins: PlatformPins | None = None,
) -> System:
    """Return the packages that `apt` asks for, with all that they need above this base.

    With ``pins`` they are those, and no index is read. ``folder`` is the project's.
    """
    supply = supply_above(base, config, workshop, environ, folder)
    packages = choose(config.apt, supply).packages if pins is None else pins.packages
    plan = SystemPlan(
        architecture=supply.architecture,
        packages=packages,
        base=base.base.identity,
        rootfs=base.facts.rootfs,
        rearranged=base.facts.rearranged,
        keeps_docs=config.apt_docs,
        limit=config.layers,
    )
    return System(
        plan=plan,
        fetch=supply.fetch,
        small_files=supply.small_files,
        base_paths=supply.base_paths,
        base_entries=supply.base_entries,
        wishes=config.apt,
        told_base=supply.told_base,
        notes=supply.former.notes,
    )


def supply_above(
    base: OpenedBase,
    config: Config,
    workshop: ImageWorkshop,
    environ: Mapping[str, str],
    folder: Path,
) -> Supply:
    """Return where the packages above a base come from; ``folder`` is the project's."""

    def find(files: SmallFiles, architecture: str) -> Sequence[Archive]:
        warn = workshop.observer.warn
        return archives_for(files, architecture, environ, config, warn, folder=folder)

    return Supply(base, workshop, find, datetime.now(UTC))
