"""All rules asked of one Dockerfile; what its comments silence is left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from lamina.dockerfile.instruction import Dockerfile
from lamina.dockerfile.lines import Comment
from lamina.dockerfile.secrets import masked
from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edit
from lamina.doctor.finding import Finding
from lamina.doctor.rules import RULES
from lamina.doctor.subject import Subject

_IGNORE = re.compile(r"lamina:\s*(global\s+)?ignore\s*=\s*([A-Za-z0-9,\s]+)")


def check(subject: Subject, *, ignored: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return what is wrong, in the order of the file; no secret is in it."""
    silenced = list(_silenced(subject.dockerfile))
    found = [
        finding
        for rule in RULES
        if rule.code not in ignored
        for finding in rule.check(subject)
        if not any(code == finding.code and finding.span in span for code, span in silenced)
    ]
    return tuple(
        replace(
            finding,
            message=masked(finding.message),
            fix=masked(finding.fix),
            notes=tuple(masked(note) for note in finding.notes),
            edits=() if any(_is_secret(edit) for edit in finding.edits) else finding.edits,
        )
        for finding in sorted(found, key=lambda finding: (finding.span, finding.code))
    )


def _is_secret(edit: Edit) -> bool:
    """Say whether an edit would show what may be secret; what has stars instead is no fix."""
    return masked(edit.text) != edit.text


def _silenced(dockerfile: Dockerfile) -> Iterator[tuple[str, Span]]:
    """Give the codes that comments name, each with the part of the file that they are about."""
    whole = Span(0, len(dockerfile.text))
    instructions = [
        *dockerfile.arguments,
        *(each for stage in dockerfile.stages for each in (stage.origin, *stage.instructions)),
    ]
    for instruction in instructions:
        for comment in instruction.comments:
            yield from ((code, instruction.span) for code in _codes(comment, is_global=False))
    for comment in dockerfile.comments:
        yield from ((code, whole) for code in _codes(comment, is_global=True))


def _codes(comment: Comment, *, is_global: bool) -> list[str]:
    match = _IGNORE.match(comment.text)
    if match is None or bool(match[1]) != is_global:
        return []
    return [code.upper() for code in re.split(r"[,\s]+", match[2]) if code]
