"""How ``lamina doctor --fix`` goes about it: fixes are made, shown, and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lamina.cli.amounts import counted
from lamina.cli.columns import write
from lamina.cli.differences import difference, shown
from lamina.cli.dockerfiles import REPORTS
from lamina.cli.examining import Examined
from lamina.cli.rewriting import NotWritten, check_rewritable, rewrite
from lamina.cli.style import say
from lamina.dockerfile.text import Source
from lamina.doctor.finding import Finding
from lamina.doctor.fix import fix

_Texts = dict[Path, tuple[str | None, str]]
"""What was in files, and what is to be."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A Dockerfile as it is with its fixes."""

    examined: Examined
    """With what is left to find."""
    made: tuple[Finding, ...]
    difference: tuple[str, ...]
    """The lines of a diff, of all files that have changed."""


def as_it_is(examined: Sequence[Examined]) -> tuple[Mended, ...]:
    """Fix nothing."""
    return tuple(Mended(each, (), ()) for each in examined)


def mend(examined: Sequence[Examined], *, writes: bool) -> tuple[Mended, ...]:
    """Fix all Dockerfiles; they are written, or it is only told what would be."""
    for each in examined:
        if each.found.path.suffix.lower() in REPORTS:
            raise NotWritten(
                f"Unable to fix `{each.path}`: it is a report, which only quotes a Dockerfile",
                hint="Save the Dockerfile as a file of its own, and name that",
            )
    texts: _Texts = {}
    mended = tuple(_mended(each, texts) for each in examined)
    if writes:
        # All of them can be written, or none is.
        for path, (before, _) in texts.items():
            check_rewritable(path, before)
        for path, (before, after) in texts.items():
            rewrite(path, before, after)
    return mended


def _mended(examined: Examined, texts: _Texts) -> Mended:
    found = examined.found
    # A Dockerfile above may have changed the same `.dockerignore`.
    first, ignored = texts.get(found.ignore, (found.beside.dockerignore,) * 2)
    subject = replace(examined.subject, beside=replace(found.beside, dockerignore=ignored))
    fixed = fix(subject, pulled=examined.pulled, ignored=examined.ignored)
    now = fixed.subject
    lines: list[str] = []
    if (after := now.beside.dockerignore) is not None and after != ignored:
        lines += difference(found.ignore.as_posix(), ignored, after)
        texts[found.ignore] = first, after
    if (after := now.dockerfile.text) != found.text:
        lines += difference(found.path.as_posix(), found.text, after)
        texts[found.path] = found.text, after
    source = Source(now.dockerfile.text)
    left = replace(examined, source=source, findings=fixed.findings, subject=now)
    return Mended(left, fixed.made, tuple(lines))


def write_difference(mended: Sequence[Mended]) -> None:
    """Write what would be changed to standard output, and how much that is beside it."""
    for each in mended:
        if each.difference:
            write(shown(each.difference))
    made, left = count(mended)
    say(f"{counted(made, 'finding')} would be fixed, {left} would be left")


def count(mended: Sequence[Mended]) -> tuple[int, int]:
    """Return how many findings are fixed, and how many are left."""
    return (
        sum(len(each.made) for each in mended),
        sum(len(each.examined.findings) for each in mended),
    )
