"""``lamina plan``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from typing import Any

import click

from lamina.cli.help import Command
from lamina.cli.options import PLACES, PlanOptions, plan_options, read_options


@click.command("plan", cls=Command, epilog=PLACES)
@plan_options
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:  # noqa: ANN401
    """Show what a build would reuse, download, make and push, and why.

    Takes the options of `lamina build`. Nothing is built: of the network, manifests are read, and a
    base of which nothing is known yet.
    """
    options = read_options(context)
    from lamina.cli.planning import run

    return run(PlanOptions(**options))
