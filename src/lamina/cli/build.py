"""``lamina build``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lamina.cli.help import Command, Option, as_size
from lamina.cli.options import (
    PLACES,
    REUSE,
    STORE,
    WHERE,
    BuildOptions,
    plan_options,
    read_options,
)


@click.command(
    "build",
    cls=Command,
    epilog=PLACES,
)
@click.option(
    "-o",
    "--output",
    "outputs",
    cls=Option,
    section=WHERE,
    metavar="TRANSPORT:PATH",
    multiple=True,
    help="Write the image there; may be given again.  [env var: LAMINA_OUTPUT]",
)
@plan_options
@click.option(
    "--load",
    cls=Option,
    section=WHERE,
    is_flag=True,
    help="Load the image into the running Docker or Podman.",
)
@click.option(
    "--iidfile",
    cls=Option,
    section=WHERE,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the image ID there; of several platforms, the digest of the index.",
)
@click.option(
    "--metadata-file",
    cls=Option,
    section=WHERE,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write digests and names there, as JSON, as `docker buildx` does.",
)
@click.option(
    "--verify",
    cls=Option,
    section=REUSE,
    alone="all",
    type=click.Choice(["nothing", "all", "changed"]),
    default="nothing",
    metavar="[=changed]",
    help="Make the layers again that a registry has, and compare; with `=changed`, those alone "
    "that the image verified last does not have.",
)
@click.option(
    "--max-wheel-size",
    cls=Option,
    section=STORE,
    metavar="SIZE",
    callback=as_size,
    help="Refuse a wheel that unpacks to more than this, instead of 16 GiB.",
)
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:  # noqa: ANN401
    """Build the locked project in DIR into a container image.

    Reads `pyproject.toml` and `uv.lock` there, or `pylock.toml`. Layers that the store has, or the
    registry that is pushed to, are not made again, and what is in them is not downloaded.
    """
    options = read_options(context)
    from lamina.cli.building import run

    return run(BuildOptions(**options))
