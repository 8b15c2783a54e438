"""``lamina init``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from lamina.cli.help import Command, Option
from lamina.cli.usual import OUTPUT

FROM, WRITTEN = "Where the settings come from", "How they are written"
NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOptions:
    """The command line of `lamina init`."""

    folder: Path
    dockerfile: str | None
    target: str | None
    base: str | None
    force: bool
    dry_run: bool
    yes: bool
    as_json: bool
    quiet: bool


def _flag(*names: str, section: str, text: str) -> Callable[[Any], Any]:
    return click.option(*names, cls=Option, section=section, is_flag=True, help=text)


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path)),
    click.option(
        "--from",
        "dockerfile",
        cls=Option,
        section=FROM,
        metavar="FILE",
        type=click.Path(),
        help="Take them from this Dockerfile, instead of from `Dockerfile` in DIR, if that is "
        "there; `none` takes none.",
    ),
    click.option(
        "--target",
        cls=Option,
        section=FROM,
        metavar="STAGE",
        help="Take this stage of the Dockerfile, instead of the last one.",
    ),
    click.option(
        "--base",
        cls=Option,
        section=FROM,
        metavar="IMAGE",
        help="Write this base image, whatever the Dockerfile says.",
    ),
    _flag("--force", section=WRITTEN, text="Replace the `[tool.lamina]` that is there."),
    _flag("--dry-run", section=WRITTEN, text="Show what would be written, and write nothing."),
    _flag("-y", "--yes", section=WRITTEN, text="Ask nothing: take what would be proposed."),
    _flag(
        "--json",
        "as_json",
        section=OUTPUT,
        text="Write a report to standard output, instead of the change.",
    ),
    _flag("-q", "--quiet", section=OUTPUT, text="Say nothing but errors."),
)


def _init_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("init", cls=Command)
@_init_options
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:  # noqa: ANN401
    """Write `[tool.lamina]` into the `pyproject.toml` in DIR.

    The settings are those that the Dockerfile comes to; without one, what is certain of the
    project. Each line of the Dockerfile that no setting says is listed, with the reason and what to
    do. All else in the file stays as it is.
    """
    from lamina.cli.initializing import run

    return run(InitOptions(**context.params))
