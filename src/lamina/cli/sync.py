"""``lamina sync``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from lamina.cli.help import Command, Option
from lamina.cli.inspect import NAMES
from lamina.cli.usual import output_options, store_option
from lamina.cli.wanting import ON_DISK, WantedOptions, as_names, check_wanted, given_wanted

WHERE, FROM, HOW = "Where it is installed", "Where it comes from", "How it is installed"
LINK_MODES = ("clone", "copy", "hardlink", "symlink")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions(WantedOptions):
    """The command line of `lamina sync`."""

    folder: Path
    active: bool | None
    python: str | None
    inexact: bool
    reinstall: bool
    reinstall_packages: tuple[str, ...]
    link_mode: str | None
    compile_bytecode: bool
    dry_run: bool
    check: bool
    offline: bool
    store: Path | None
    as_json: bool
    verbose: bool
    quiet: bool
    image: str | None
    """What all is installed from, instead of an index."""
    insecure: bool
    choosing: tuple[str, ...]
    """The options given that choose of a lock."""


def _flag(name: str, text: str, variable: str | None = None, *, section: str = HOW) -> Any:  # noqa: ANN401
    return click.option(
        name,
        cls=Option,
        section=section,
        is_flag=True,
        envvar=variable,
        show_envvar=bool(variable),
        help=text,
    )


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path)),
    click.option(
        "--active/--no-active",
        cls=Option,
        section=WHERE,
        is_flag=True,
        default=None,
        help="Use the environment that `VIRTUAL_ENV` names; or not, without a word about it.",
    ),
    click.option(
        "-p",
        "--python",
        cls=Option,
        section=WHERE,
        metavar="VERSION",
        envvar="UV_PYTHON",
        show_envvar=True,
        help="Insist on this Python in the environment: a version, or the path of an interpreter.",
    ),
    *ON_DISK,
    click.option(
        "--from",
        "image",
        cls=Option,
        section=FROM,
        metavar="IMAGE",
        envvar="LAMINA_SYNC_FROM",
        show_envvar=True,
        help="Take all that the store lacks from the layers of this image, and ask no package "
        "index; without a lock in DIR, install what the image has.",
    ),
    click.option(
        "--insecure",
        cls=Option,
        section=FROM,
        is_flag=True,
        help="Speak plain HTTP to registries without TLS; to this machine, that needs no option.",
    ),
    _flag("--inexact", "Leave what is installed and not selected."),
    _flag("--reinstall", "Install everything anew, even if it is right."),
    click.option(
        "--reinstall-package",
        "reinstall_packages",
        cls=Option,
        section=HOW,
        metavar="NAME",
        multiple=True,
        callback=as_names,
        help="Install this distribution anew; may be given again.",
    ),
    click.option(
        "--link-mode",
        cls=Option,
        section=HOW,
        type=click.Choice(LINK_MODES),
        envvar="UV_LINK_MODE",
        show_envvar=True,
        metavar="MODE",
        help="Bring files from the store by `clone`, `hardlink`, `copy` or `symlink`; without, the "
        "first of these that the file system can.",
    ),
    _flag(
        "--compile-bytecode",
        "Compile all modules once they are installed.",
        "UV_COMPILE_BYTECODE",
    ),
    _flag("--dry-run", "Say what would be done, and do nothing."),
    _flag("--check", "Fail if anything would have to be done, and do nothing."),
    _flag("--offline", "Use nothing of the network.", "UV_OFFLINE"),
    store_option(HOW, "Keep unpacked wheels there, instead of in the cache folder."),
    *output_options(
        report="Write a report to standard output.",
        lines="Say for each distribution whether it was kept, fetched or removed, and why.",
    ),
)


def _sync_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("sync", cls=Command, epilog=NAMES)
@_sync_options
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:  # noqa: ANN401
    """Bring an environment on the disk up to date with the lock of the project in DIR.

    Reads `pyproject.toml` and `uv.lock` there, or `pylock.toml`, and installs what `uv sync` would
    into the environment `.venv` beside the lock, into the one that `UV_PROJECT_ENVIRONMENT` names,
    or with `--active` into that of `VIRTUAL_ENV`.
    """
    if context.params["verbose"] and context.params["quiet"]:
        raise click.UsageError("Only one of --verbose and --quiet can be meant")
    check_wanted(context)
    from lamina.cli.syncing import run

    options = SyncOptions(**context.params, choosing=given_wanted(context))
    return run(options, context.obj)
