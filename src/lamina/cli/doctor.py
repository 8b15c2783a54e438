"""``lamina doctor``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from pathlib import Path

import click

from lamina.cli.help import Command, Option

_WHAT, _FIXES, _OUTPUT = "What is examined", "Fixes", "Output"


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
    help="Ask the engine of this machine, or else the registries, what the base images set, "
    "instead of assuming that they set nothing.",
)
@click.option(
    "--insecure",
    cls=Option,
    section=_WHAT,
    is_flag=True,
    help="Speak plain HTTP to registries without TLS; to this machine, that needs no option.",
)
@click.option(
    "--fix",
    cls=Option,
    section=_FIXES,
    is_flag=True,
    help="Write the Dockerfile anew, and `.dockerignore`, with all fixes that need no decision of "
    "yours; show what is changed, and what is left to do.",
)
@click.option(
    "--diff",
    "shows",
    cls=Option,
    section=_FIXES,
    is_flag=True,
    help="Write nothing, and show what `--fix` would change, as `patch` reads it.",
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
    fix: bool,
    shows: bool,
    form: str,
    explain: str | None,
) -> int:
    """Find out why a Dockerfile downloads again: what is wrong in it, where, and the way out.

    PATH is a Dockerfile, or a folder that has one; the folder that the command runs in, if none is
    given. Nothing is built, and only `--fix` changes something. With a log, a Dockerfile is not
    needed; of a report in Markdown, the Dockerfile and the log in it are taken.

    The exit code is 1 where an error is found and left, where `--diff` shows something, or where
    the build of the log has failed; and 0 where there are only warnings and notes.
    """
    from lamina.cli.columns import write, write_json
    from lamina.cli.examining import examine, explained, known_codes
    from lamina.cli.findings import document, has_errors, lines
    from lamina.cli.judging import judged
    from lamina.cli.mending import as_it_is, mend, write_difference
    from lamina.cli.sarif import sarif

    if explain is not None:
        [code] = known_codes(context, "--explain", (explain,))
        write(explained(code))
        return 0
    if logs and len(paths) > 1:
        raise click.UsageError("With --log, only one Dockerfile can be named", context)
    if shows and (fix or logs):
        other = "--fix" if fix else "--log"
        raise click.UsageError(f"--diff shows a difference and nothing else: not {other}", context)
    codes = known_codes(context, "--ignore", ignored)
    verdict = judged(logs, paths, codes, pull=pull, insecure=insecure) if logs else None
    if verdict is not None:
        examined = verdict.examined
    else:
        examined = examine(paths or (Path(),), codes, pull=pull, insecure=insecure)
    found = mend(examined, writes=fix) if fix or shows else as_it_is(examined)
    if form == "text" and shows:
        write_difference(found)
    elif form == "text":
        write(lines(found, verdict, is_fixed=fix))
    else:
        make = document if form == "json" else sarif
        write_json(make(found, verdict))
    has_failed = verdict is not None and verdict.verdict.has_failed
    has_difference = shows and any(each.difference for each in found)
    return int(has_errors(found) or has_failed or has_difference)
