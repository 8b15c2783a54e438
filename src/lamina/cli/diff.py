"""``lamina diff``: its command line. What it does is imported when it does it."""

from __future__ import annotations

import click

from lamina.cli.help import Command, Option
from lamina.cli.inspect import NAMES, WHICH, insecure_option, json_option


@click.command("diff", cls=Command, epilog=NAMES)
@click.argument("a")
@click.argument("b")
@click.option(
    "--platform",
    cls=Option,
    section=WHICH,
    metavar="OS/ARCH",
    help="Compare the images for this platform, instead of one that both have.",
)
@insecure_option
@json_option
def command(a: str, b: str, platform: str | None, insecure: bool, as_json: bool) -> None:
    """Show what changes from image A to image B, and what a node that holds A pulls for B.

    Manifests and configs are read, and no layer.
    """
    from lamina.cli.columns import write, write_json
    from lamina.cli.comparison import Side, document, lines
    from lamina.cli.looking import (
        common_platform,
        inspected,
        looking,
        parse_names,
        parse_platform,
    )
    from lamina.compare.difference import compare

    names, wanted = parse_names([a, b]), parse_platform(platform)
    with looking(insecure=insecure) as look:
        found = [look(name) for name in names]
        chosen = wanted or common_platform(*found)
        before, after = (Side(each.name, inspected(each, chosen)) for each in found)
    difference = compare(before.image, after.image)
    if as_json:
        write_json(document(before, after, difference))
    else:
        write(lines(before, after, difference))
