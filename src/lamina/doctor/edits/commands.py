"""Edits of the commands of a RUN: a word left out, one put in, a whole command left out."""

from __future__ import annotations

from lamina.dockerfile.instruction import Dockerfile, Instruction
from lamina.dockerfile.shell import Command
from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edit, Edits
from lamina.doctor.edits.layout import at, gap_before, gap_behind

_AND = "&&"


def without_word(dockerfile: Dockerfile, instruction: Instruction, span: Span, word: str) -> Edits:
    """Leave out a word, and what sets it apart from the one before."""
    gap = gap_before(dockerfile, span.start)
    if instruction.is_json or gap is None or gap.start == gap.end:
        return ()
    return (Edit(gap.to(span), ""),) if at(dockerfile.text, span) == word else ()


def with_word(dockerfile: Dockerfile, instruction: Instruction, behind: Span, word: str) -> Edits:
    """Put a word behind another one."""
    text = at(dockerfile.text, behind)
    if instruction.is_json or not text.isalpha():
        return ()
    return (Edit(Span(behind.end, behind.end), f" {word}"),)


def another_word(
    dockerfile: Dockerfile, instruction: Instruction, span: Span, old: str, new: str
) -> Edits:
    """Write one word instead of another."""
    if instruction.is_json or at(dockerfile.text, span) != old:
        return ()
    return (Edit(span, new),)


def without_command(dockerfile: Dockerfile, instruction: Instruction, command: Command) -> Edits:
    """Leave out one of several commands, where `&&` is on each side of it that has another."""
    span = command.span
    if instruction.is_json or instruction.heredocs or command.depth:
        return ()
    before, behind = gap_before(dockerfile, span.start), gap_behind(dockerfile, span.end)
    if before is None:
        return ()
    text, end = dockerfile.text, instruction.span.end
    is_last = at(text, Span(span.end, end)).strip() == ""
    if not is_last and (behind is None or not text.startswith(_AND, behind.end)):
        return ()
    if not text.endswith(_AND, 0, before.start):
        return _first_of(dockerfile, command, before)
    gap = gap_before(dockerfile, before.start - len(_AND))
    return () if gap is None else (Edit(gap.to(span), ""),)


def _first_of(dockerfile: Dockerfile, command: Command, before: Span) -> Edits:
    """Leave out a command and the `&&` behind it."""
    text = dockerfile.text
    behind = gap_behind(dockerfile, command.span.end)
    if behind is None or not text.startswith(_AND, behind.end):
        return ()
    # Behind `;` or `||`, it would be another command that these are about.
    if text[max(before.start - 1, 0) : before.start] in (";", "|", "(", "{", "&"):
        return ()
    rest = gap_behind(dockerfile, behind.end + len(_AND))
    return () if rest is None else (Edit(command.span.to(rest), ""),)
