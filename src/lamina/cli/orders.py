"""What is to be built, as command line, configuration and project say it together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet

from lamina.cli import settings
from lamina.cli.agreement import check_agreement
from lamina.cli.documents import PYPROJECT
from lamina.cli.options import PlanOptions
from lamina.cli.project import ProjectFolder
from lamina.cli.python import choose_target, default_base
from lamina.cli.wanted import build_rules, building_of, extras_of, groups_of, install_of, policy_of
from lamina.cli.wanting import WantedOptions
from lamina.cli.workspace import has_members
from lamina.lock.model import Lock
from lamina.lock.wanted import Wanted
from lamina.make.base import OpenedBase, open_base
from lamina.make.workshop import Workshop
from lamina.observer import Observer
from lamina.oci.descriptor import Platform
from lamina.oci.index import normalize, spelt
from lamina.prepare import Order
from lamina.project.config import Config
from lamina.project.uv import parse_pythons
from lamina.project.workspace import read_trees
from lamina.pythons.pins import Pin, find_pin

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
    if is_checked and lock.listing is None:
        check_agreement(lock, project.root, project.root_document, os.environ)
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
    asked = wanted(options, project, lock)
    facts = replace(project.facts, requires_python=requires_python(project, lock, asked))
    pin = pinned(project, workshop.observer)
    version = None if pin is None else pin.version
    name = config.base or default_base(config.python, version, facts)

    def mirrors(codename: str) -> DebianSettings:
        from lamina.cli.mirrors import debian_settings  # Here, since other bases need none of it.

        return debian_settings(codename, os.environ, config, workshop.observer.warn)

    for warning in project.warnings:
        workshop.observer.warn(warning)
    for note in [*project.notes, *_about_files(project, config)]:
        workshop.observer.note(note)
    found = []
    for platform in platforms_of(config):
        base = open_base(name, platform, workshop, mirrors, is_kept=is_base_kept)
        order = _order(options, project, lock, config, version, base, workshop, tuple(outputs))
        workshop.observer.note(_what(order, config, name))
        found.append(order)
    return found


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
    workshop: Workshop,
    outputs: tuple[Path, ...],
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
            base.facts,
            workshop.observer,
        ),
        base=base,
        created=settings.created_at(os.environ, project.folder),
        wanted=asked,
        policy=policy_of(options, build_rules(os.environ, Path.home(), project)),
        copies_project=_copies_project(options, project),
        building=building_of(options, lock, os.environ, Path.home(), project),
        labels={"org.opencontainers.image.revision": revision} if revision else {},
        outputs=outputs,
    )


def wanted(
    options: WantedOptions, project: ProjectFolder, lock: Lock, *, is_dev_default: bool = False
) -> Wanted:
    """Return what is asked of the project's lock.

    ``is_dev_default`` says that `dev` is taken by default, as on the disk; an image leaves it out.
    """
    listing = lock.listing
    if listing is not None:
        # What a list says is by default is meant for whoever installs it, `dev` too.
        name: str | None = str(project.facts.name) if project.facts.build_system else ""
        groups = groups_of(options, listing.default_groups, is_dev_default=True)
    else:
        name = str(project.facts.name) if project.is_member else None
        groups = groups_of(options, project.default_groups, is_dev_default=is_dev_default)
    return Wanted(
        project=name,
        packages=tuple(dict.fromkeys(options.packages)),
        all_packages=options.all_packages,
        extras=extras_of(options),
        groups=groups,
        install=install_of(options),
        pythons=_group_pythons(project, lock) if listing is None else {},
    )


def _group_pythons(project: ProjectFolder, lock: Lock) -> Mapping[str, SpecifierSet]:
    """Return what a group asks of the Python, in whichever member; so does uv, for all of them."""
    documents = {PYPROJECT: project.root_document}
    if has_members(project.root_document):
        for tree in read_trees(project.root, project.root_document, lock):
            if tree.is_member:
                documents[f"{tree.folder}/{PYPROJECT}"] = tree.pyproject
    found: dict[str, SpecifierSet] = {}
    for name, document in documents.items():
        for group, requires in parse_pythons(document, name).items():
            found[group] = found.get(group, SpecifierSet()) & requires
    return found


def _copies_project(options: PlanOptions, project: ProjectFolder) -> bool:
    """Say whether the image is of the folder's own project, whose files it may have.

    The files of a workspace that is no project are those of its members, which are installed.
    """
    if not project.facts.name:
        return not project.has_members
    return not options.packages or project.facts.name in options.packages


def requires_python(project: ProjectFolder, lock: Lock, asked: Wanted) -> SpecifierSet:
    """Return what project, lock, which has what all members admit, and groups admit together."""
    requires = project.facts.requires_python or SpecifierSet()
    taken = [each for group, each in asked.pythons.items() if asked.groups.takes(group)]
    return reduce(and_, taken, requires & lock.requires_python)


def pinned(project: ProjectFolder, observer: Observer) -> Pin | None:
    """Return what the nearest `.python-version` says, up to the workspace's root."""
    return find_pin(project.folder.resolve(), project.root.resolve(), observer.warn)


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
