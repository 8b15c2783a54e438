"""The command line that building and planning have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from lamina.cli.help import Option, as_python
from lamina.cli.usual import output_options, store_option
from lamina.cli.wanting import WANTED_OPTIONS, WHAT, WantedOptions, check_wanted

WHERE = "Where the image goes"
IMAGE, REUSE, STORE = (
    "What the image is built on",
    "What is reused",
    "Making and keeping layers",
)

PLACES = """\b
Images lie, and go, to
  oci:DIR[:TAG]               an image layout
  oci-archive:FILE[:TAG]      an image layout in a tar; only to be written
  docker-archive:FILE[:REF]   what `docker load` and `podman load` read
A base is named like an image of a registry, or is one of these, `scratch` or
`debian:CODENAME`.

What no option says, `[tool.lamina]` in `pyproject.toml` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions(WantedOptions):
    """What is planned: the command line of `lamina plan`, and most of `lamina build`."""

    folder: Path
    tags: tuple[str, ...]
    base: str | None
    apt: tuple[str, ...]
    platforms: tuple[str, ...]
    python: str | None
    layers: int | None
    compile_bytecode: bool | None
    push: bool
    insecure: bool
    cache_from: tuple[str, ...]
    cache_to: str | None
    no_cache: bool
    no_lock: bool
    store: Path | None
    as_json: bool
    verbose: bool
    quiet: bool
    pinning: tuple[str, ...]
    """Of the command line, what would have to be said to `lamina lock`, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions(PlanOptions):
    """The command line of `lamina build`."""

    outputs: tuple[str, ...]
    load: bool
    iidfile: Path | None
    metadata_file: Path | None
    verify: str
    max_wheel_size: int | None


_F = TypeVar("_F", bound=Callable[..., Any])


def plan_options(command: _F) -> _F:
    """Give a command the options of `PlanOptions`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_options(context: click.Context) -> dict[str, Any]:
    """Return what was asked for, unless it contradicts itself."""
    if context.params["verbose"] and context.params["quiet"]:
        raise click.UsageError("Only one of --verbose and --quiet can be meant")
    check_wanted(context)
    return {**context.params, "pinning": given_pinning(context)}


_PINNED = ("base", "apt", "platforms", "python", "packages", "lockfile")


def given_pinning(context: click.Context) -> tuple[str, ...]:
    """Return the words of a command line that say what is pinned, and where."""
    words = [] if str(context.params["folder"]) == "." else [str(context.params["folder"])]
    for param in context.command.params:
        if param.name in _PINNED and _is_given(context, param.name):
            value = context.params[param.name]
            for each in value if isinstance(value, tuple) else [value]:
                words += [param.opts[-1], str(each)]
    return tuple(words)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


FOLDER = click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
IMAGE_OPTIONS = (
    click.option(
        "--base",
        cls=Option,
        section=IMAGE,
        metavar="IMAGE",
        envvar="LAMINA_BASE",
        show_envvar=True,
        help="Build upon this image.",
    ),
    click.option(
        "--apt",
        cls=Option,
        section=IMAGE,
        metavar="PACKAGE",
        multiple=True,
        envvar="LAMINA_APT",
        show_envvar=True,
        help="Install this Debian package too, as `NAME`, `NAME=VERSION` or `NAME/SUITE`; may be "
        "given again.",
    ),
    click.option(
        "--platform",
        "platforms",
        cls=Option,
        section=IMAGE,
        metavar="OS/ARCH[,...]",
        multiple=True,
        envvar="LAMINA_PLATFORM",
        show_envvar=True,
        help="Build for this platform instead of linux/amd64; for several, an image each, and "
        "an index.",
    ),
    click.option(
        "--python",
        cls=Option,
        section=IMAGE,
        metavar="VERSION",
        callback=as_python,
        envvar="LAMINA_PYTHON",
        show_envvar=True,
        help="Insist on this Python in the base; or name the one that a base without any will get.",
    ),
)
"""Which say what is pinned."""


def insecure_option(section: str) -> Callable[[Any], Any]:
    """Return the option that lets registries without TLS be spoken to."""
    return click.option(
        "--insecure",
        cls=Option,
        section=section,
        is_flag=True,
        help="Speak plain HTTP to registries without TLS; to this machine, that needs no option.",
    )


_OPTIONS = (
    FOLDER,
    click.option(
        "-t",
        "--tag",
        "tags",
        cls=Option,
        section=WHERE,
        metavar="REF",
        multiple=True,
        help="Name the image, where it is pushed, loaded or archived, and tag it so in a layout; "
        "may be given again.",
    ),
    click.option(
        "--push",
        cls=Option,
        section=WHERE,
        is_flag=True,
        help="Push the image to the registries that its names say.",
    ),
    insecure_option(WHERE),
    *IMAGE_OPTIONS,
    click.option(
        "--no-lock",
        cls=Option,
        section=IMAGE,
        is_flag=True,
        help="Build upon what there is now, whatever `lamina.lock` pins.",
    ),
    *WANTED_OPTIONS,
    click.option(
        "--compile-bytecode/--no-compile-bytecode",
        cls=Option,
        section=WHAT,
        is_flag=True,
        default=None,
        envvar="LAMINA_COMPILE_BYTECODE",
        show_envvar=True,
        help="Put the bytecode of each module beside it, in the layer of its wheel; it is the same "
        "each time.",
    ),
    click.option(
        "--cache-from",
        cls=Option,
        section=REUSE,
        metavar="REF",
        multiple=True,
        help="Reuse layers of this image, too, besides those of where the image is pushed; may "
        "be given again.",
    ),
    click.option(
        "--cache-to",
        cls=Option,
        section=REUSE,
        metavar="REF",
        help="Let this name lead the next build to the image, instead of the tag `lamina-cache`; "
        "`none` moves none.",
    ),
    click.option(
        "--no-cache",
        cls=Option,
        section=REUSE,
        is_flag=True,
        help="Make all layers anew, whatever store and registries have.",
    ),
    click.option(
        "--layers",
        cls=Option,
        section=STORE,
        metavar="N",
        type=click.IntRange(1, 125),
        envvar="LAMINA_LAYERS",
        show_envvar=True,
        help="Give the image so many layers at most, those of the base included, instead of 100.",
    ),
    store_option(STORE, "Keep layers there between builds, instead of in the cache folder."),
    *output_options(
        report="Write a report to standard output, instead of the image's digest.",
        lines="Say for each distribution whether it was reused, downloaded or made, and why.",
    ),
)
