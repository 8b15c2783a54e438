"""``lamina build``."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from packaging.utils import canonicalize_name

from lamina.build import Order, build
from lamina.cli import settings
from lamina.cli.output import shown
from lamina.cli.project import ProjectFolder, read_project
from lamina.cli.python import choose_target
from lamina.cli.report import CountingTransport, Tally, report
from lamina.destinations.base import closing
from lamina.destinations.choose import destination_at
from lamina.errors import LaminaError
from lamina.lock import freshness
from lamina.make.base import OpenedBase, open_base
from lamina.make.workshop import Workshop
from lamina.oci.descriptor import Platform
from lamina.oci.location import Location
from lamina.oci.reference import Reference
from lamina.project.config import Config
from lamina.store.store import Store
from lamina.transport import HttpTransport

DEFAULT_PLATFORM = Platform("linux", "amd64")


class NothingChosen(LaminaError):
    """An option without which nothing can be built."""


@click.command("build", context_settings={"show_default": False})
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "output",
    metavar="TRANSPORT:PATH",
    envvar="LAMINA_OUTPUT",
    help="Where the image goes: oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE.",
)
@click.option(
    "-t",
    "--tag",
    "tags",
    metavar="REF",
    multiple=True,
    help="A name of the image, for archives; may be given again.",
)
@click.option(
    "--base",
    metavar="IMAGE",
    envvar="LAMINA_BASE",
    help="The image to build upon: debian:CODENAME, oci:DIR[:TAG], docker-archive:FILE or scratch.",
)
@click.option(
    "--platform",
    metavar="OS/ARCH",
    envvar="LAMINA_PLATFORM",
    help="The platform to build for (linux/amd64).",
)
@click.option(
    "--python",
    "python",
    metavar="VERSION",
    envvar="LAMINA_PYTHON",
    help="The Python that the base must have, or that the image is for.",
)
@click.option(
    "--extra",
    "extras",
    metavar="NAME",
    multiple=True,
    help="Install an extra of the project; may be given again.",
)
@click.option("--all-extras", is_flag=True, help="Install all extras.")
@click.option(
    "--group",
    "groups",
    metavar="NAME",
    multiple=True,
    help="Install a dependency group; may be given again.",
)
@click.option("--no-dev", is_flag=True, help="Leave the group `dev` out, as is the default.")
@click.option("--no-install-project", is_flag=True, help="Leave the project itself out.")
@click.option(
    "--locked", is_flag=True, help="Fail if the lock does not match the project, as is the default."
)
@click.option("--frozen", is_flag=True, help="Do not look whether the lock matches the project.")
@click.option(
    "--layers",
    metavar="N",
    type=click.IntRange(1, 125),
    envvar="LAMINA_LAYERS",
    help="How many layers the image may have (100).",
)
@click.option(
    "--store",
    metavar="DIR",
    type=click.Path(path_type=Path),
    envvar="LAMINA_STORE",
    help="Where layers are kept between builds.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Write a report of the build to standard output."
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Say for each distribution what was done, and why."
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(**options: Any) -> int:
    """Build the locked project in DIR into a container image."""
    return run(Options(**options))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line of `lamina build`."""

    folder: Path
    output: str | None
    tags: tuple[str, ...]
    base: str | None
    platform: str | None
    python: str | None
    extras: tuple[str, ...]
    all_extras: bool
    groups: tuple[str, ...]
    no_dev: bool
    no_install_project: bool
    locked: bool
    frozen: bool
    layers: int | None
    store: Path | None
    as_json: bool
    verbose: bool
    quiet: bool


def run(options: Options) -> int:
    """Build, and say what came of it."""
    started = time.monotonic()
    location = _location(options.output)
    names = tuple(Reference.parse(tag) for tag in options.tags)
    project = read_project(options.folder)
    config = _configured(project.config, options)
    platform = config.platform[0] if config.platform else DEFAULT_PLATFORM
    tally = Tally()
    with ExitStack() as stack:
        observer = stack.enter_context(shown(tally, verbose=options.verbose, quiet=options.quiet))
        destination = stack.enter_context(closing(destination_at(location)))
        store = Store(settings.store_folder(options.store))
        workshop = Workshop(
            store=store,
            scratch=stack.enter_context(store.scratch()),
            transport=CountingTransport(HttpTransport(settings.network(os.environ)), tally),
            observer=observer,
            backends=settings.backends(os.environ),
            makers=settings.makers(),
        )
        debian = settings.debian_settings(os.environ, config.debian_mirror)
        base = open_base(_base_name(config), platform, workshop, debian)
        order = _order(options, project, config, base, workshop)
        built = build(order, workshop, destination, names)
    seconds = time.monotonic() - started
    _print(report(built, platform, tally, names, seconds=seconds), options)
    return 0


def _order(
    options: Options,
    project: ProjectFolder,
    config: Config,
    base: OpenedBase,
    workshop: Workshop,
) -> Order:
    lock = project.read_lock()
    if not options.frozen:
        freshness.check(lock, project.document)
    platform = base.base.config.platform
    requires = project.facts.requires_python
    target = choose_target(
        platform, config.python, project.folder, requires, base.facts, workshop.observer
    )
    revision = settings.revision(project.folder)
    return Order(
        folder=project.folder,
        lock=lock,
        config=config,
        facts=project.facts,
        target=target,
        base=base,
        created=settings.created_at(os.environ, project.folder),
        extras=frozenset(map(canonicalize_name, options.extras)),
        all_extras=options.all_extras,
        groups=frozenset(map(canonicalize_name, options.groups)),
        installs_project=not options.no_install_project,
        labels={"org.opencontainers.image.revision": revision} if revision else {},
        outputs=(Path(_location(options.output).path),),
    )


def _location(output: str | None) -> Location:
    if output is None:
        raise NothingChosen(
            "Nothing says where the image goes",
            hint="Pass `-o oci:DIR`, `-o oci-archive:FILE` or `-o docker-archive:FILE`",
        )
    return Location.parse(output)


def _configured(config: Config, options: Options) -> Config:
    """Return the configuration with what the command line says instead."""
    changes: dict[str, Any] = {
        "base": options.base,
        "python": options.python,
        "layers": options.layers,
        "platform": (Platform.parse(options.platform),) if options.platform else None,
    }
    return replace(config, **{key: value for key, value in changes.items() if value is not None})


def _base_name(config: Config) -> str:
    if config.base is None:
        raise NothingChosen(
            "Nothing says which base image to build upon",
            hint="Pass `--base debian:bookworm`, or set `base` in `[tool.lamina]`",
        )
    return config.base


def _print(document: dict[str, Any], options: Options) -> None:
    """Write the result to standard output."""
    if options.as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(document["digest"])
