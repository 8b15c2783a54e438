"""The command ``lamina``: which subcommands there are, and how errors leave."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence

import click

from lamina import __version__
from lamina.cli.style import styled
from lamina.errors import LaminaError

_COMMANDS = {
    "build": ("lamina.cli.build", "Build a locked project into a container image"),
    "cache": ("lamina.cli.cache", "Look at the store, and clean it"),
}
INTERRUPTED = 130


class _Lazy(click.Group):
    """Imports a command only when it is run, so that ``--version`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[name][0]).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in _COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, _COMMANDS, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"No such command: {name}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="lamina %(version)s")
def cli() -> None:
    """Turn a locked Python project into a container image, one layer a wheel.

    No daemon, no root, no Dockerfile.
    """


def run(args: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0 done, 1 explained error, 2 usage."""
    if sys.platform == "win32":
        print("error: Windows is not supported; run lamina in WSL", file=sys.stderr)  # noqa: T201
        return 1
    try:
        result = cli.main(args, prog_name="lamina", standalone_mode=False)
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("interrupted; what was finished is kept in the store", err=True)
        return INTERRUPTED
    except LaminaError as error:
        show(error)
        return 1
    except BrokenPipeError:
        # Whoever read our output has closed it; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0


def show(error: LaminaError) -> None:
    """Write an error, and its hint, to standard error."""
    click.echo(f"{styled('error', fg='red', bold=True)}: {error}", err=True)
    if error.hint:
        click.echo(f"\n{styled('hint', fg='cyan', bold=True)}: {error.hint}", err=True)
