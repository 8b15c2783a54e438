"""How errors leave: one form for ours and for those of the command line."""

from __future__ import annotations

import click

from lamina.cli.style import harmless, say, styled
from lamina.errors import LaminaError


def show(error: LaminaError) -> None:
    """Write an error, and its hint, to standard error."""
    show_text(str(error), error.hint)


def show_text(text: str, hint: str | None = None) -> None:
    """Write what went wrong, and the way out; it may quote what a stranger wrote."""
    say(f"{styled('error', fg='red', bold=True)}: {harmless(text)}")
    if hint:
        say(f"\n{styled('hint', fg='cyan', bold=True)}: {harmless(hint)}")


class NoSuchCommand(click.UsageError):
    """A command that there is not."""

    def __init__(self, name: str, near: str | None, context: click.Context) -> None:
        super().__init__(f"No such command: {name}", context)
        self.near = near


def show_usage(error: click.ClickException) -> None:
    """Write what is wrong with a command line, or all help where it is empty."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.format_message())
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    manual = f"See `{context.command_path if context else 'lamina'} --help`"
    text, near = _sentence(error.format_message()), None
    if isinstance(error, NoSuchCommand):
        near = error.near
    elif isinstance(error, click.NoSuchOption):
        text = f"No such option: {error.option_name}"
        near = error.possibilities[0] if error.possibilities else None
    show_text(text, f"Did you mean `{near}`? {manual}" if near else manual)


def _sentence(message: str) -> str:
    """Return click's message in our form: backticks around names, no final period."""
    return message.rstrip(".").replace("'", "`")
