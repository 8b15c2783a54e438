"""Options that several commands have: where the store is, and how much is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lamina.cli.help import Option

OUTPUT = "Output"
_QUIET = "Say nothing but errors."
_Decorator = Callable[[Any], Any]


def store_option(section: str, text: str) -> _Decorator:
    """Return the option that says where the store is; ``text`` says what is kept there."""
    return click.option(
        "--store",
        cls=Option,
        section=section,
        metavar="DIR",
        type=click.Path(path_type=Path),
        envvar="LAMINA_STORE",
        show_envvar=True,
        help=text,
    )


def output_options(*, report: str, lines: str) -> tuple[_Decorator, ...]:
    """Return ``--json``, ``-v`` and ``-q``; the texts say what the first two bring."""
    return (
        click.option("--json", "as_json", cls=Option, section=OUTPUT, is_flag=True, help=report),
        click.option("-v", "--verbose", cls=Option, section=OUTPUT, is_flag=True, help=lines),
        click.option(
            "-q",
            "--quiet",
            cls=Option,
            section=OUTPUT,
            is_flag=True,
            help="Say nothing but errors.",
        ),
    )
