"""``lamina doctor``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from pathlib import Path

import click

from lamina.cli.help import Command, Option

_WHAT, _OUTPUT = "What is examined", "Output"


@click.command("doctor", cls=Command)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--log",
    "logs",
    cls=Option,
    section=_WHAT,
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, allow_dash=True),
    help="Judge the log of a build as well: what it downloaded, why, and what that costs; `-` is "
    "standard input. Given again, the last is judged, as one that came after the others.",
)
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
    logs: tuple[Path, ...],
    ignored: tuple[str, ...],
    pull: bool,
    insecure: bool,
    form: str,
    explain: str | None,
) -> int:
    """Find out why a Dockerfile downloads again: what is wrong in it, where, and the way out.

    PATH is a Dockerfile, or a folder that has one; the folder that the command runs in, if none is
    given. Nothing is built, and nothing is changed. With a log, a Dockerfile is not needed; of a
    report in Markdown, the Dockerfile and the log in it are taken.

    The exit code is 1 where an error is found, or the build of the log has failed; and 0 where
    there are only warnings and notes.
    """
    from lamina.cli.columns import write, write_json
    from lamina.cli.examining import examine, explained, known_codes
    from lamina.cli.findings import document, has_errors, lines
    from lamina.cli.judging import judged
    from lamina.cli.sarif import sarif

    if explain is not None:
        [code] = known_codes(context, "--explain", (explain,))
        write(explained(code))
        return 0
    if logs and len(paths) > 1:
        raise click.UsageError("With --log, only one Dockerfile can be named", context)
    codes = known_codes(context, "--ignore", ignored)
    verdict = judged(logs, paths, codes, pull=pull, insecure=insecure) if logs else None
    if verdict is not None:
        examined = verdict.examined
    else:
        examined = examine(paths or (Path(),), codes, pull=pull, insecure=insecure)
    if form == "text":
        write(lines(examined, verdict))
    else:
        make = document if form == "json" else sarif
        write_json(make(examined, verdict))
    return int(has_errors(examined) or (verdict is not None and verdict.verdict.has_failed))
