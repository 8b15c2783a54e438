"""The command ``lamina``: which subcommands there are, and how errors leave."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from lamina import __version__
from lamina.cli.failure import show, show_text, show_usage
from lamina.cli.help import Group
from lamina.cli.signals import INTERRUPTED, TERMINATED, Terminated, raising_terminated
from lamina.cli.style import say
from lamina.errors import LaminaError

_COMMANDS = {
    "build": ("lamina.cli.build", "Build a locked project into a container image"),
    "cache": ("lamina.cli.cache", "Look at the store of layers, and clean it"),
    "lock": ("lamina.cli.lock", "Pin what an image is made from besides what `uv.lock` says"),
    "plan": ("lamina.cli.plan", "Show what a build would reuse, download, make and push"),
    "completion": ("lamina.cli.completion", "Write what makes the shell complete commands"),
    "diff": ("lamina.cli.diff", "Show what changes between two images, and what is pulled for it"),
    "doctor": ("lamina.cli.doctor", "Find out why a Dockerfile downloads again"),
    "init": ("lamina.cli.init", "Write `[tool.lamina]`, from a Dockerfile or from the project"),
    "inspect": ("lamina.cli.inspect", "Show the layers of an image, and what is in them"),
    "venv": ("lamina.cli.venv", "Make a virtual environment"),
    "sync": ("lamina.cli.sync", "Bring an environment on the disk up to date with the lock"),
}
_KEPT = "what was finished is kept in the store"
_SO_FAR = {
    "build": _KEPT,
    "lock": "`lamina.lock` is as it was",
    "plan": _KEPT,
    "sync": f"{_KEPT}, and the next sync goes on from there",
    "venv": "run it again to make the environment",
}
"""What there is to know of a command that is interrupted, if there is something."""


class _Lazy(Group):
    """Imports a command only when it is run, so that ``--version`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

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
    """Run a command line and return its exit code.

    0 is done, 1 an explained error, 2 wrong usage; 130 and 143 are interrupted and terminated.
    """
    if sys.platform == "win32":
        show_text("Windows is not supported", "Run lamina in WSL")
        return 1
    _settle_home()
    try:
        with raising_terminated():
            return _run(args)
    except Terminated:
        say(f"terminated{_so_far(args)}")
        return TERMINATED
    except KeyboardInterrupt:
        say(f"interrupted{_so_far(args)}")
        return INTERRUPTED


def _so_far(args: Sequence[str] | None) -> str:
    words = sys.argv[1:] if args is None else args
    name = next((word for word in words if not word.startswith("-")), "")
    return f"; {_SO_FAR[name]}" if name in _SO_FAR else ""


def _settle_home() -> None:
    """Let a user without a name or a home, as containers have them, be at home in ``/``.

    So container engines have it, and no program that is run here is left without a home either.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"


def _run(args: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if args is None else args)
    try:
        result = cli.main(words, prog_name="lamina", standalone_mode=False, obj=words)
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        show_usage(error)
        return error.exit_code
    except LaminaError as error:
        show(error)
        return 1
    except MemoryError:
        show_text("Unable to go on: there is no memory left")
        return 1
    except OSError as error:
        # What the file system refuses where nobody expected it is no bug of ours.
        where = f"`{error.filename}`: " if error.filename is not None else ""
        show_text(f"Unable to go on: {where}{error.strerror or error}")
        return 1
    return result if isinstance(result, int) else 0
