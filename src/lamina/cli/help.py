"""Help texts in sections, commands with suggestions, and what options take."""

from __future__ import annotations

import difflib
import re
from typing import Any

import click

from lamina.cli.failure import NoSuchCommand
from lamina.project.size import InvalidSize, parse_size

_PYTHON = re.compile(r"3\.[0-9]{1,3}(\.[0-9]{1,3})?t?")


class Option(click.Option):
    """An option that its command's help lists in a section."""

    def __init__(
        self,
        *names: Any,  # noqa: ANN401
        section: str,
        alone: str | None = None,
        **more: Any,  # noqa: ANN401
    ) -> None:
        """``alone`` is the value of an option that was given without; others need ``=``."""
        super().__init__(*names, **more)
        self.section = section
        self.alone = alone


class Command(click.Command):
    """A command whose help lists its options in sections, in the order in which they begin."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command.parse_args`; errors say which command they are of."""
        alone = {
            name: each.alone
            for each in self.params
            if isinstance(each, Option) and each.alone is not None
            for name in each.opts
        }
        try:
            return super().parse_args(
                ctx, [f"{arg}={alone[arg]}" if arg in alone else arg for arg in args]
            )
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See `click.Command.format_options`."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                section = parameter.section if isinstance(parameter, Option) else "Help"
                sections.setdefault(section, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


class Group(click.Group):
    """Commands, of which the nearest is suggested to whoever misspells one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See `click.Group.resolve_command`."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            near = difflib.get_close_matches(name, known, 1)
            raise NoSuchCommand(name, near[0] if near else None, ctx)
        return super().resolve_command(ctx, args)


def as_size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the bytes that a text such as ``32 GiB`` stands for; a callback of options."""
    try:
        return None if value is None else parse_size(value)
    except InvalidSize:
        raise click.BadParameter(
            f"expected a size such as `32 GiB`, got: {value}", ctx, param
        ) from None


def as_python(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return a version of Python as written, if it is one; a callback of options."""
    if value is not None and not _PYTHON.fullmatch(value):
        raise click.BadParameter(
            f"expected a version such as `3.12` or `3.13t`, got: {value}", ctx, param
        )
    return value
