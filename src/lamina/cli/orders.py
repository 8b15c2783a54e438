"""What is to be built, as command line, configuration and project say it together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.cli import settings
from lamina.cli.locked import pinned, requires_python, wanted
from lamina.cli.options import PlanOptions
from lamina.cli.pinned_trees import pinned_trees
from lamina.cli.pinning import (
    asked_of,
    check_pins,
    pinned_building,
    pins_path,
    unpinned,
)
from lamina.cli.project import ProjectFolder
from lamina.cli.python import choose_target, default_base
from lamina.cli.wanted import build_rules, building_of, policy_of
from lamina.cli.wanting import WantedOptions
from lamina.deb.wish import Wish
from lamina.lock.model import Lock
from lamina.make.base import OpenedBase, open_base
from lamina.make.image_workshop import ImageWorkshop
from lamina.oci.descriptor import Platform
from lamina.oci.index import normalize, spelt
from lamina.pins.model import Pins, PlatformPins
from lamina.prepare import Order, below
from lamina.project.building import Building
from lamina.project.config import Config
from lamina.project.launch import Launch

if TYPE_CHECKING:
    from lamina.make.debian_base import DebianSettings
    from lamina.make.system import System

DEFAULT_PLATFORM = Platform("linux", "amd64")


def configured(config: Config, options: PlanOptions, **more: object) -> Config:
    """Return the configuration with what the command line says instead."""
    changes: dict[str, Any] = {
        "base": options.base,
        "python": options.python,
        "layers": options.layers,
        "bytecode": options.compile_bytecode,
        "apt": _wishes(config, options.apt) or None,
        "platform": _platforms(options.platforms) or None,
        **more,
    }
    return replace(config, **{key: value for key, value in changes.items() if value is not None})


def _wishes(config: Config, also: Sequence[str]) -> tuple[Wish, ...]:
    """Return what is configured, and what is asked for besides; of one package, the latter."""
    asked = [Wish.parse(text) for text in also]
    names = {wish.name for wish in asked}
    return (*(wish for wish in config.apt if wish.name not in names), *asked)


def platforms_of(config: Config) -> tuple[Platform, ...]:
    """Return what is built for, each platform once, however it is spelt."""
    once = {normalize(platform): spelt(platform) for platform in reversed(config.platform)}
    return tuple(reversed(once.values())) or (DEFAULT_PLATFORM,)


def orders(
    options: PlanOptions,
    project: ProjectFolder,
    lock: Lock,
    config: Config,
    workshop: ImageWorkshop,
    *,
    outputs: Sequence[Path],
    is_base_kept: bool,
    pins: Pins | None,
) -> list[Order]:
    """Return an order for each platform, and say what is built.

    With ``pins`` it is of what is pinned. Raises `PinsDoNotMatch`.
    """
    pin = pinned(project, workshop.observer)
    version = None if pin is None else pin.version
    name = base_name(options, project, lock, config, version)
    platforms = platforms_of(config)
    building = building_of(options, lock, os.environ, Path.home(), project)
    trees = pinned_trees(config, project, lock, building)
    asked = asked_of(name, platforms, config, trees, building)
    if pins is not None:
        check_pins(pins, asked, options.pinning)

    for warning in project.warnings:
        workshop.observer.warn(warning)
    for about in [*project.notes, *_about_files(project, config)]:
        workshop.observer.note(about)
    found = []
    for platform in platforms:
        of_platform = None if pins is None else pins.of(platform)
        base = open_base(
            name,
            platform,
            workshop,
            partial(debian_mirrors, config, project.folder, workshop, platform),
            is_kept=is_base_kept or bool(config.apt),
            pins=of_platform,
        )
        order = _order(
            options,
            project,
            lock,
            config,
            version,
            base,
            _system(config, base, workshop, project.folder, of_platform),
            workshop,
            outputs=(*outputs, pins_path(project)),
            building=pinned_building(building, trees, pins),
        )
        if (doubt := _launch(order, config, name).check()) is not None:
            workshop.observer.warn(doubt)
        workshop.observer.note(_what(order, config, name))
        found.append(order)
    if pins is None and not options.no_lock and (note := unpinned(asked)):
        workshop.observer.note(note)
    return found


def debian_mirrors(
    config: Config, folder: Path, workshop: ImageWorkshop, platform: Platform, codename: str
) -> DebianSettings:
    """Return where the packages of a base `debian:CODENAME` come from."""
    # Here, since other bases need none of it.
    from lamina.cli.mirrors import debian_settings
    from lamina.deb.architecture import debian_architecture

    architecture, warn = debian_architecture(platform), workshop.observer.warn
    return debian_settings(codename, architecture, os.environ, config, warn, folder=folder)


def base_name(
    options: WantedOptions, project: ProjectFolder, lock: Lock, config: Config, pin: str | None
) -> str:
    """Return the base that is built upon; ``pin`` is the version in `.python-version`."""
    requires = requires_python(project, lock, wanted(options, project, lock))
    facts = replace(project.facts, requires_python=requires)
    return config.base or default_base(config.python, pin, facts)


def _system(
    config: Config,
    base: OpenedBase,
    workshop: ImageWorkshop,
    folder: Path,
    pins: PlatformPins | None,
) -> System | None:
    """Return the Debian packages above a base, if any are asked for."""
    if not config.apt:
        return None
    from lamina.cli.system import system_above  # Here, since most images have none.

    return system_above(base, config, workshop, os.environ, folder, pins=pins)


def _launch(order: Order, config: Config, name: str) -> Launch:
    packages = () if order.system is None else order.system.plan.packages
    return Launch(config, name, order.base.facts, [package.name for package in packages])


def _about_files(project: ProjectFolder, config: Config) -> Iterator[str]:
    if project.has_members and not project.facts.name and config.copy is None:
        yield (
            "No files are copied: the project is a workspace without `[project]`; name them with "
            "`copy` of `[tool.lamina]`"
        )


def _order(
    options: PlanOptions,
    project: ProjectFolder,
    lock: Lock,
    config: Config,
    pin: str | None,
    base: OpenedBase,
    system: System | None,
    workshop: ImageWorkshop,
    *,
    outputs: tuple[Path, ...],
    building: Building,
) -> Order:
    platform = base.base.config.platform
    asked = wanted(options, project, lock)
    requires = requires_python(project, lock, asked)
    revision = settings.revision(project.folder)
    return Order(
        folder=project.lock_folder,
        project_folder=project.folder,
        lock=lock,
        config=config,
        facts=project.facts,
        target=choose_target(
            platform,
            config.python,
            pin,
            requires,
            below(base.facts, system),
            workshop.observer,
        ),
        base=base,
        system=system,
        created=settings.created_at(os.environ, project.folder),
        wanted=asked,
        policy=policy_of(options, build_rules(os.environ, Path.home(), project)),
        copies_project=_copies_project(options, project),
        building=building,
        labels={"org.opencontainers.image.revision": revision} if revision else {},
        outputs=outputs,
    )


def _copies_project(options: PlanOptions, project: ProjectFolder) -> bool:
    """Say whether the image is of the folder's own project, whose files it may have.

    The files of a workspace that is no project are those of its members, which are installed.
    """
    if not project.facts.name:
        return not project.has_members
    return not options.packages or project.facts.name in options.packages


def _platforms(texts: Sequence[str]) -> tuple[Platform, ...]:
    """Read platforms, of which one option may name several, with commas between."""
    return tuple(Platform.parse(each.strip()) for text in texts for each in text.split(","))


def _what(order: Order, config: Config, base: str) -> str:
    """Say what is built, and what of it nobody has chosen."""
    facts, target = order.facts, order.target
    name = f"{facts.shown} {facts.version}" if facts.version is not None else facts.shown
    default = "" if config.platform else " (the default; see `--platform`)"
    python = f"Python {target.python}{'t' if target.free_threaded else ''}"
    chosen = "" if config.base else " (the default; see `--base`)"
    return f"Building {name} for {target.platform}{default} with {python} on {base}{chosen}"
