"""``lamina inspect``: its command line. What it does is imported when it does it."""

from __future__ import annotations

import click

from lamina.cli.help import Command, Option

WHICH, OUTPUT = "Which image", "Output"

NAMES = """\b
An image is named as
  REF, docker://REF           in a registry
  oci:DIR[:TAG]               in an image layout
  docker-archive:FILE[:REF]   as `docker save` and `lamina build -o` write it"""


insecure_option = click.option(
    "--insecure",
    cls=Option,
    section=WHICH,
    is_flag=True,
    help="Speak plain HTTP to registries without TLS; to this machine, that needs no option.",
)
json_option = click.option(
    "--json",
    "as_json",
    cls=Option,
    section=OUTPUT,
    is_flag=True,
    help="Write a document to standard output, instead of text.",
)


@click.command("inspect", cls=Command, epilog=NAMES)
@click.argument("image")
@click.option(
    "--platform",
    cls=Option,
    section=WHICH,
    metavar="OS/ARCH",
    help="Show the image for this platform, of several, instead of linux/amd64 or the first.",
)
@insecure_option
@json_option
def command(image: str, platform: str | None, insecure: bool, as_json: bool) -> None:
    """Show what IMAGE is made of: its layers, the distributions in them, sizes.

    Manifest and config are read, and no layer.
    """
    from lamina.cli.columns import write, write_json
    from lamina.cli.inspection import document, lines
    from lamina.cli.looking import inspected, looking, parse_names, parse_platform

    [name], wanted = parse_names([image]), parse_platform(platform)
    with looking(insecure=insecure) as look:
        found = look(name)
        seen = inspected(found, wanted)
    if as_json:
        write_json(document(found, seen))
    else:
        write(lines(found, seen))
