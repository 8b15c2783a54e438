"""``lamina build``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from lamina.cli.help import Command, Option, as_python, as_size

_WHERE, _WHAT = "Where the image goes", "What is installed"
_IMAGE, _STORE, _OUTPUT = "What the image is built on", "Making layers", "Output"

_PLACES = """\b
Images lie, and go, to
  oci:DIR[:TAG]               an image layout
  oci-archive:FILE[:TAG]      an image layout in a tar; only to be written
  docker-archive:FILE[:REF]   what `docker load` and `podman load` read
A base can be `scratch` or `debian:CODENAME`, too.

What no option says, `[tool.lamina]` in `pyproject.toml` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line of `lamina build`."""

    folder: Path
    outputs: tuple[str, ...]
    tags: tuple[str, ...]
    extras: tuple[str, ...]
    all_extras: bool
    groups: tuple[str, ...]
    no_dev: bool
    no_install_project: bool
    locked: bool
    frozen: bool
    base: str | None
    platform: str | None
    python: str | None
    layers: int | None
    push: bool
    insecure: bool
    store: Path | None
    max_wheel_size: int | None
    as_json: bool
    verbose: bool
    quiet: bool


@click.command(
    "build",
    cls=Command,
    epilog=_PLACES,
)
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "outputs",
    cls=Option,
    section=_WHERE,
    metavar="TRANSPORT:PATH",
    multiple=True,
    help="Write the image there; may be given again.  [env var: LAMINA_OUTPUT]",
)
@click.option(
    "-t",
    "--tag",
    "tags",
    cls=Option,
    section=_WHERE,
    metavar="REF",
    multiple=True,
    help="Name the image, where it is pushed or archived, and tag it so in a layout; "
    "may be given again.",
)
@click.option(
    "--push",
    cls=Option,
    section=_WHERE,
    is_flag=True,
    help="Push the image to the registries that its names say.",
)
@click.option(
    "--insecure",
    cls=Option,
    section=_WHERE,
    is_flag=True,
    help="Push over plain HTTP; to this machine, that needs no option.",
)
@click.option(
    "--base",
    cls=Option,
    section=_IMAGE,
    metavar="IMAGE",
    envvar="LAMINA_BASE",
    show_envvar=True,
    help="Build upon this image.",
)
@click.option(
    "--platform",
    cls=Option,
    section=_IMAGE,
    metavar="OS/ARCH",
    envvar="LAMINA_PLATFORM",
    show_envvar=True,
    help="Build for this platform instead of linux/amd64.",
)
@click.option(
    "--python",
    cls=Option,
    section=_IMAGE,
    metavar="VERSION",
    callback=as_python,
    envvar="LAMINA_PYTHON",
    show_envvar=True,
    help="Insist on this Python in the base; or name the one that a base without any will get.",
)
@click.option(
    "--extra",
    "extras",
    cls=Option,
    section=_WHAT,
    metavar="NAME",
    multiple=True,
    help="Install an extra of the project; may be given again.",
)
@click.option("--all-extras", cls=Option, section=_WHAT, is_flag=True, help="Install all extras.")
@click.option(
    "--group",
    "groups",
    cls=Option,
    section=_WHAT,
    metavar="NAME",
    multiple=True,
    help="Install a dependency group; may be given again.",
)
@click.option(
    "--no-dev",
    cls=Option,
    section=_WHAT,
    is_flag=True,
    help="Leave out the dependency group `dev`, as is the default.",
)
@click.option(
    "--no-install-project",
    cls=Option,
    section=_WHAT,
    is_flag=True,
    help="Leave out the project itself.",
)
@click.option(
    "--locked",
    cls=Option,
    section=_WHAT,
    is_flag=True,
    help="Fail if `uv.lock` does not match `pyproject.toml`, as is the default.",
)
@click.option(
    "--frozen",
    cls=Option,
    section=_WHAT,
    is_flag=True,
    help="Do not look whether `uv.lock` matches `pyproject.toml`.",
)
@click.option(
    "--layers",
    cls=Option,
    section=_STORE,
    metavar="N",
    type=click.IntRange(1, 125),
    envvar="LAMINA_LAYERS",
    show_envvar=True,
    help="Give the image so many layers at most, those of the base included, instead of 100.",
)
@click.option(
    "--store",
    cls=Option,
    section=_STORE,
    metavar="DIR",
    type=click.Path(path_type=Path),
    envvar="LAMINA_STORE",
    show_envvar=True,
    help="Keep layers there between builds, instead of in the cache folder.",
)
@click.option(
    "--max-wheel-size",
    cls=Option,
    section=_STORE,
    metavar="SIZE",
    callback=as_size,
    help="Refuse a wheel that unpacks to more than this, instead of 16 GiB.",
)
@click.option(
    "--json",
    "as_json",
    cls=Option,
    section=_OUTPUT,
    is_flag=True,
    help="Write a report to standard output, instead of the image's digest.",
)
@click.option(
    "-v",
    "--verbose",
    cls=Option,
    section=_OUTPUT,
    is_flag=True,
    help="Say for each distribution whether it was reused, downloaded or made, and why.",
)
@click.option(
    "-q", "--quiet", cls=Option, section=_OUTPUT, is_flag=True, help="Say nothing but errors."
)
def command(**options: Any) -> int:  # noqa: ANN401
    """Build the locked project in DIR into a container image.

    Reads `pyproject.toml` and `uv.lock` there. Layers that the store has are not made again, and
    what is in them is not downloaded.
    """
    if options["verbose"] and options["quiet"]:
        raise click.UsageError("Only one of --verbose and --quiet can be meant")
    if options["locked"] and options["frozen"]:
        raise click.UsageError("Only one of --locked and --frozen can be meant")
    from lamina.cli.building import run

    return run(Options(**options))
