"""``lamina doctor``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from pathlib import Path

import click

from lamina.cli.help import Command, Option

_WHAT, _OUTPUT = "What is examined", "Output"


@click.command("doctor", cls=Command)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--ignore",
    "ignored",
    cls=Option,
    section=_WHAT,
    metavar="CODE[,...]",
    multiple=True,
    help="Leave out a rule; may be given again. In a Dockerfile, `# lamina: ignore=CODE` does so "
    "for the instruction below.",
)
@click.option(
    "--pull",
    cls=Option,
    section=_WHAT,
    is_flag=True,
    help="Ask the registries what the base images set, instead of assuming that they set nothing.",
)
@click.option(
    "--insecure",
    cls=Option,
    section=_WHAT,
    is_flag=True,
    help="Speak plain HTTP to registries without TLS; to this machine, that needs no option.",
)
@click.option(
    "--format",
    "form",
    cls=Option,
    section=_OUTPUT,
    metavar="text|json|sarif",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="Write a text, a document of Lamina's own, or one of SARIF 2.1.0.",
)
@click.option(
    "--explain",
    cls=Option,
    section=_OUTPUT,
    metavar="CODE",
    help="Explain a rule, and examine nothing.",
)
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[Path, ...],
    ignored: tuple[str, ...],
    pull: bool,
    insecure: bool,
    form: str,
    explain: str | None,
) -> int:
    """Find out why a Dockerfile downloads again: what is wrong in it, where, and the way out.

    PATH is a Dockerfile, or a folder that has one; the folder that the command runs in, if none is
    given. Nothing is built, and nothing is changed.

    The exit code is 1 where an error is found, and 0 where there are only warnings and notes.
    """
    from lamina.cli.columns import write, write_json
    from lamina.cli.examining import examine, explained, known_codes
    from lamina.cli.findings import document, has_errors, lines
    from lamina.cli.sarif import sarif

    if explain is not None:
        [code] = known_codes(context, "--explain", (explain,))
        write(explained(code))
        return 0
    codes = known_codes(context, "--ignore", ignored)
    examined = examine(paths or (Path(),), codes, pull=pull, insecure=insecure)
    if form == "text":
        write(lines(examined))
    else:
        write_json(document(examined) if form == "json" else sarif(examined))
    return int(has_errors(examined))
