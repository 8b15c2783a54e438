"""What is to be built, as command line, configuration and project say it together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from lamina.cli import settings
from lamina.cli.options import PlanOptions
from lamina.cli.project import ProjectFolder
from lamina.cli.python import choose_target, default_base
from lamina.lock import freshness
from lamina.lock.model import Lock
from lamina.make.base import OpenedBase, open_base
from lamina.make.workshop import Workshop
from lamina.oci.descriptor import Platform
from lamina.oci.index import normalize, spelt
from lamina.prepare import Order
from lamina.project.building import parse_building
from lamina.project.config import Config

if TYPE_CHECKING:
    from lamina.make.debian_base import DebianSettings

DEFAULT_PLATFORM = Platform("linux", "amd64")


def configured(config: Config, options: PlanOptions, **more: object) -> Config:
    """Return the configuration with what the command line says instead."""
    changes: dict[str, Any] = {
        "base": options.base,
        "python": options.python,
        "layers": options.layers,
        "bytecode": options.compile_bytecode,
        "platform": _platforms(options.platforms) or None,
        **more,
    }
    return replace(config, **{key: value for key, value in changes.items() if value is not None})


def platforms_of(config: Config) -> tuple[Platform, ...]:
    """Return what is built for, each platform once, however it is spelt."""
    once = {normalize(platform): spelt(platform) for platform in reversed(config.platform)}
    return tuple(reversed(once.values())) or (DEFAULT_PLATFORM,)


def read_lock(project: ProjectFolder, *, is_checked: bool) -> Lock:
    """Read the lock; ``is_checked`` says that it must match the project."""
    lock = project.read_lock()
    if is_checked:
        freshness.check(lock, project.document)
    return lock


def orders(
    options: PlanOptions,
    project: ProjectFolder,
    lock: Lock,
    config: Config,
    workshop: Workshop,
    *,
    outputs: Sequence[Path],
    is_base_kept: bool,
) -> list[Order]:
    """Return an order for each platform, and say what is built."""
    name = config.base or default_base(config.python, project.folder, project.facts)

    def mirrors(codename: str) -> DebianSettings:
        from lamina.cli.mirrors import debian_settings  # Here, since other bases need none of it.

        return debian_settings(codename, os.environ, config, workshop.observer.warn)

    found = []
    for platform in platforms_of(config):
        base = open_base(name, platform, workshop, mirrors, is_kept=is_base_kept)
        order = _order(options, project, lock, config, base, workshop, tuple(outputs))
        workshop.observer.note(_what(order, config, name))
        found.append(order)
    return found


def _order(
    options: PlanOptions,
    project: ProjectFolder,
    lock: Lock,
    config: Config,
    base: OpenedBase,
    workshop: Workshop,
    outputs: tuple[Path, ...],
) -> Order:
    platform = base.base.config.platform
    requires = project.facts.requires_python
    revision = settings.revision(project.folder)
    return Order(
        folder=project.folder,
        lock=lock,
        config=config,
        facts=project.facts,
        target=choose_target(
            platform, config.python, project.folder, requires, base.facts, workshop.observer
        ),
        base=base,
        created=settings.created_at(os.environ, project.folder),
        extras=frozenset(map(canonicalize_name, options.extras)),
        all_extras=options.all_extras,
        groups=frozenset(map(canonicalize_name, options.groups)),
        installs_project=not options.no_install_project,
        building=parse_building(
            project.document, [str(each) for each in lock.manifest.build_constraints]
        ),
        labels={"org.opencontainers.image.revision": revision} if revision else {},
        outputs=outputs,
    )


def _platforms(texts: Sequence[str]) -> tuple[Platform, ...]:
    """Read platforms, of which one option may name several, with commas between."""
    return tuple(Platform.parse(each.strip()) for text in texts for each in text.split(","))


def _what(order: Order, config: Config, base: str) -> str:
    """Say what is built, and what of it nobody has chosen."""
    facts, target = order.facts, order.target
    name = f"{facts.title} {facts.version}" if facts.version is not None else facts.title
    default = "" if config.platform else " (the default; see `--platform`)"
    python = f"Python {target.python}{'t' if target.free_threaded else ''}"
    chosen = "" if config.base else " (the default; see `--base`)"
    return f"Building {name} for {target.platform}{default} with {python} on {base}{chosen}"
