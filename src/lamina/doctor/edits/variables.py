"""Edits of ENV: a variable more, one less, or another value."""

from __future__ import annotations

import re

from lamina.dockerfile.instruction import Dockerfile, Instruction, Pair
from lamina.dockerfile.model.build import StageModel
from lamina.dockerfile.model.run import Run
from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edit, Edits
from lamina.doctor.edits.layout import at, gap_before, is_gap, line_before, line_behind

_PLAIN = re.compile(r"[A-Za-z0-9._/@:+-]+")


def with_variable(
    dockerfile: Dockerfile, stage: StageModel, before: Instruction, name: str, value: str
) -> Edits:
    """Set a variable for an instruction: beside others of the same tool, else right above it."""
    prefix = f"{name.partition('_')[0]}_"
    line = f"ENV {name}={value}"
    for step in reversed(stage.steps):
        instruction = step.instruction
        if instruction.name != "ENV" or instruction.span > before.span:
            continue
        if not any(pair.name.startswith(prefix) for pair in instruction.pairs):
            continue
        if len(instruction.pairs) < 2:
            return line_behind(dockerfile, instruction, line)
        last, end = instruction.pairs[-1], instruction.pairs[-2].span.end
        gap = at(dockerfile.text, Span(end, last.span.start))
        if gap and is_gap(gap, dockerfile.escape):
            return (Edit(Span(last.span.end, last.span.end), f"{gap}{name}={value}"),)
    return line_before(dockerfile, before, line)


def setting(stage: StageModel, run: Run, name: str) -> tuple[Instruction, Pair] | None:
    """Return the ENV that sets a variable for a RUN: the last one above it."""
    found = [
        (step.instruction, pair)
        for step in stage.all_steps
        for pair in step.instruction.pairs
        if step.name == "ENV" and pair.name == name and step.instruction.span < run.instruction.span
    ]
    return found[-1] if found else None


def with_value(dockerfile: Dockerfile, pair: Pair, value: str) -> Edits:
    """Give a variable another value."""
    if pair.value is None or not _PLAIN.fullmatch(value):
        return ()
    span = pair.value.span()
    return (Edit(span, value),) if at(dockerfile.text, span) == pair.value.text else ()


def without_pair(dockerfile: Dockerfile, instruction: Instruction, pair: Pair) -> Edits:
    """Leave out a variable, and the instruction if it sets no other."""
    text = dockerfile.text
    if "=" not in at(text, pair.span) and len(instruction.pairs) > 1:
        return ()
    if len(instruction.pairs) == 1:
        return _without_instruction(dockerfile, instruction)
    if pair is instruction.pairs[0]:
        rest = Span(pair.span.start, instruction.pairs[1].span.start)
        gap = at(text, Span(pair.span.end, rest.end))
        return (Edit(rest, ""),) if is_gap(gap, dockerfile.escape) else ()
    before = gap_before(dockerfile, pair.span.start)
    return () if before is None else (Edit(before.to(pair.span), ""),)


def _without_instruction(dockerfile: Dockerfile, instruction: Instruction) -> Edits:
    """Leave out an instruction with its lines; comments above it stay, within it there are none."""
    text, span = dockerfile.text, instruction.span
    if any(each.span in span for each in instruction.comments):
        return ()
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end) + 1
    if not end:
        # The last line goes with the end of the one before it.
        start, end = max(start - 1, 0), len(text)
        start -= text.endswith("\r", 0, start)
    return (Edit(Span(start, end), ""),)
