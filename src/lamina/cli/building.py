"""What ``lamina build`` does: the world is read here, and handed down as values."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from packaging.utils import canonicalize_name

from lamina.build import Built, Order, build
from lamina.cli import settings
from lamina.cli.amounts import counted, duration, size
from lamina.cli.build import Options
from lamina.cli.clock import seconds_running
from lamina.cli.output import shown
from lamina.cli.outputs import Connect, destination_of, locations
from lamina.cli.project import ProjectFolder, read_project
from lamina.cli.python import choose_target
from lamina.cli.reasons import known_layers
from lamina.cli.report import report
from lamina.cli.signals import telling
from lamina.cli.tally import CountingTransport, PushMeter, Tally
from lamina.destinations.base import closing
from lamina.destinations.registry import tags_by_repository
from lamina.errors import LaminaError
from lamina.lock import freshness
from lamina.lock.model import Lock
from lamina.make.base import OpenedBase, open_base
from lamina.make.workshop import Workshop
from lamina.observer import Observer
from lamina.oci.descriptor import Platform
from lamina.oci.reference import Reference
from lamina.plan.collisions import Collision
from lamina.project.config import Config
from lamina.registry.client import Registry, Repository
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.transport import HttpTransport, Transport
from lamina.wheel.file import DEFAULT_LIMIT

DEFAULT_PLATFORM = Platform("linux", "amd64")


class NothingChosen(LaminaError):
    """An option without which nothing can be built."""


def run(options: Options) -> int:
    """Build, and say what came of it."""
    names = tuple(Reference.parse(tag) for tag in options.tags)
    outputs = settings.outputs(os.environ, options.outputs)
    places = locations(outputs, names, is_pushed=options.push)
    pushed = tags_by_repository(names) if options.push else {}
    project = read_project(options.folder)
    config = _configured(project.config, options)
    platform, base_name = _platform(config), _base_name(config)
    lock = _read_lock(project, is_checked=not options.frozen)
    tally = Tally()
    store = Store(settings.store_folder(options.store))
    http = HttpTransport(settings.network(os.environ))
    transport = CountingTransport(http, tally)
    with ExitStack() as stack:
        stack.callback(http.close)
        observer = stack.enter_context(
            shown(
                tally,
                partial(known_layers, store.layers),
                verbose=options.verbose,
                quiet=options.quiet,
            )
        )
        connect = _connect(options, transport, tally)
        destination = stack.enter_context(
            closing(destination_of(places, pushed, connect, observer.warn))
        )
        scratch = stack.enter_context(store.scratch())
        workshop = _workshop(store, scratch, transport, observer, project, config)
        stack.enter_context(telling(transport.interrupt))
        mirrors = settings.debian_settings(os.environ, config, observer.warn)
        base = open_base(base_name, platform, workshop, mirrors)
        written = (*(Path(place.path) for place in places), store.root)
        order = _order(options, project, lock, config, base, observer, written)
        observer.note(_what(order, config, base_name))
        built = build(order, workshop, destination, names)
        for line in collision_lines(built.collisions):
            observer.warn(line)
        for name in names if options.push else ():
            observer.note(f"Pushed {name.tagged()}")
        observer.note(summary(built, tally, seconds_running()))
    _print(report(built, platform, tally, names, seconds=seconds_running()), options)
    return 0


def _connect(options: Options, transport: Transport, tally: Tally) -> Connect:
    """Return what gives a repository to push to, with the user's credentials."""
    keychain = settings.keychain(os.environ)
    meter = PushMeter(tally)

    def connect(host: str, name: str) -> Repository:
        registry = Registry(
            host, transport, credentials=keychain.find, insecure=options.insecure, meter=meter
        )
        return registry.repository(name, push=True)

    return connect


def _workshop(
    store: Store,
    scratch: Scratch,
    transport: Transport,
    observer: Observer,
    project: ProjectFolder,
    config: Config,
) -> Workshop:
    return Workshop(
        store=store,
        scratch=scratch,
        transport=transport,
        observer=observer,
        backends=settings.backends(os.environ, project.folder, project.document),
        makers=settings.makers(),
        wheel_limit=config.max_wheel_size or DEFAULT_LIMIT,
    )


def _read_lock(project: ProjectFolder, *, is_checked: bool) -> Lock:
    lock = project.read_lock()
    if is_checked:
        freshness.check(lock, project.document)
    return lock


def _order(
    options: Options,
    project: ProjectFolder,
    lock: Lock,
    config: Config,
    base: OpenedBase,
    observer: Observer,
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
            platform, config.python, project.folder, requires, base.facts, observer
        ),
        base=base,
        created=settings.created_at(os.environ, project.folder),
        extras=frozenset(map(canonicalize_name, options.extras)),
        all_extras=options.all_extras,
        groups=frozenset(map(canonicalize_name, options.groups)),
        installs_project=not options.no_install_project,
        labels={"org.opencontainers.image.revision": revision} if revision else {},
        outputs=outputs,
    )


def _configured(config: Config, options: Options) -> Config:
    """Return the configuration with what the command line says instead."""
    changes: dict[str, Any] = {
        "base": options.base,
        "python": options.python,
        "layers": options.layers,
        "max_wheel_size": options.max_wheel_size,
        "platform": (Platform.parse(options.platform),) if options.platform else None,
    }
    return replace(config, **{key: value for key, value in changes.items() if value is not None})


def _platform(config: Config) -> Platform:
    if len(config.platform) > 1:
        named = ", ".join(map(str, config.platform))
        raise NothingChosen(
            f"Unable to build for several platforms at once: {named}",
            hint="Choose one of them with `--platform`",
        )
    return config.platform[0] if config.platform else DEFAULT_PLATFORM


def _base_name(config: Config) -> str:
    if config.base is None:
        raise NothingChosen(
            "Nothing says which base image to build upon",
            hint="Pass `--base debian:bookworm`, or set `base` in `[tool.lamina]`",
        )
    return config.base


def _what(order: Order, config: Config, base: str) -> str:
    """Say what is built, and what of it nobody has chosen."""
    facts, target = order.facts, order.target
    name = f"{facts.title} {facts.version}" if facts.version is not None else facts.title
    default = "" if config.platform else " (the default; see `--platform`)"
    python = f"Python {target.python}{'t' if target.free_threaded else ''}"
    return f"Building {name} for {target.platform}{default} with {python} on {base}"


def collision_lines(collisions: Iterable[Collision]) -> Iterator[str]:
    """Say which distributions do not agree about what, and whose files are in the image."""
    paths: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for collision in collisions:
        paths[collision.owners].append(collision.path)
    for owners, theirs in sorted(paths.items()):
        example = "" if len(theirs) == 1 else "such as "
        yield (
            f"{', '.join(owners[:-1])} and {owners[-1]} have different content in "
            f"{counted(len(theirs), 'file')}, {example}`{min(theirs)}`; "
            f"the image has that of {owners[-1]}"
        )


def summary(built: Built, tally: Tally, seconds: float) -> str:
    """Say in one line what came of a build."""
    made = sum(each.is_made for each in built.layers)
    come = sum(tally.bytes_in.values())
    kept = counted(len(built.layers) - made, "layer")
    wheels = counted(tally.wheels_downloaded, "wheel")
    return f"Done in {duration(seconds)}: {kept} reused, {made} made; " + (
        f"{size(come)} downloaded, with {wheels}" if come else "nothing downloaded"
    )


def _print(document: Mapping[str, object], options: Options) -> None:
    """Write the result to standard output."""
    click.echo(json.dumps(document, indent=2) if options.as_json else document["digest"])
