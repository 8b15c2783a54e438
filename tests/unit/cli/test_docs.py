"""docs/reference/cli.md says of each option what its help says."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from lamina.cli import cache, completion, diff, inspect
from lamina.cli.build import command as build
from lamina.cli.doctor import command as doctor
from lamina.cli.init import command as init
from lamina.cli.lock import command as lock
from lamina.cli.main import cli
from lamina.cli.plan import command as plan
from lamina.cli.sync import command as sync
from lamina.cli.venv import command as venv

_DOCS = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def test_every_command_is_documented() -> None:
    commands = [f"lamina {name}" for name in sorted(cli.list_commands(click.Context(cli)))]

    assert re.findall(r"^## `(lamina \w+)", _DOCS.read_text(), re.MULTILINE) == commands


@pytest.mark.parametrize(
    ("title", "command"),
    [
        ("lamina build", build),
        ("lamina plan", plan),
        ("lamina cache", cache.prune_),
        ("lamina completion", completion.command),
        ("lamina diff", diff.command),
        ("lamina doctor", doctor),
        ("lamina init", init),
        ("lamina inspect", inspect.command),
        ("lamina lock", lock),
        ("lamina sync", sync),
        ("lamina venv", venv),
    ],
)
def test_the_tables_are_those_of_help(title: str, command: click.Command) -> None:
    section = _DOCS.read_text().partition(f"## `{title}")[2].partition("\n## ")[0]

    documented = re.findall(r"^\| (`-.*) \|$", section, re.MULTILINE)

    assert documented == [_row(each) for each in command.params if isinstance(each, click.Option)]


def test_every_variable_is_documented() -> None:
    source = Path(cache.__file__).parent
    read = {
        name
        for path in source.glob("*.py")
        for name in re.findall(r"LAMINA_[A-Z_]+", path.read_text())
    }

    documented = re.findall(r"^\| `(LAMINA_[A-Z_]+)` \|", _DOCS.read_text(), re.MULTILINE)

    assert documented == sorted(read - {"LAMINA_COMPLETE"})


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    metavar = f" {option.metavar}" if option.metavar else ""
    help_ = (option.help or "").partition("  [env var")[0]
    return f"{names}{metavar} | {help_}"
