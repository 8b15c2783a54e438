"""Which step first was not in the builder's cache: everything behind it ran for that reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamina.doctor.logs.model import Outcome, Step

_FROM_STAGE = re.compile(r"(?:COPY|ADD|RUN)\b.{0,2000}?(?:--from=|[ ,]from=)([^\s,]{1,200})")


@dataclass(frozen=True, slots=True)
class Trail:
    """The way that led to a step that ran."""

    first: Step
    """The first that was not cached; perhaps the step itself."""
    kept: int
    """How many before it were cached."""
    is_from_start: bool
    """Nothing was cached before it, and the log shows everything before it."""


def trail(step: Step, steps: Sequence[Step], parents: Mapping[str, str] | None = None) -> Trail:
    """Walk back from a step that ran, among the steps of its build.

    ``parents`` are the stages that stages begin with.

    Where it ran for what it took from another stage, the way goes on there.
    """
    return _trail(step, steps, parents or {}, frozenset())


def _trail(
    step: Step, steps: Sequence[Step], parents: Mapping[str, str], seen: frozenset[str]
) -> Trail:
    chain = _chain(step, steps, parents)
    at = len(chain) - 1
    while at > 0 and chain[at - 1].outcome is not Outcome.CACHED:
        at -= 1
    first = chain[at]
    taken = _FROM_STAGE.match(first.instruction)
    if taken is not None and (name := taken[1].lower()) not in seen:
        there = [each for each in steps if each.stage == name and each.scope == step.scope]
        changed = [each for each in there if _ran(each)]
        if changed:
            return _trail(changed[-1], steps, parents, seen | {name})
    kept = sum(each.outcome is Outcome.CACHED for each in chain)
    shown = [
        each.index
        for each in steps
        if each.stage == first.stage and each.scope == first.scope and each.index
    ]
    return Trail(first, kept, is_from_start=not kept and (not shown or min(shown) == 1))


def _chain(step: Step, steps: Sequence[Step], parents: Mapping[str, str]) -> list[Step]:
    """Return the instructions that a step builds upon, and the step, in their order; no FROM."""
    stages, name = [step.stage], step.stage
    while name is not None and (parent := parents.get(name)) is not None and parent not in stages:
        stages.insert(0, parent)
        name = parent
    chain: list[Step] = []
    for stage in stages:
        own = [
            each
            for each in steps
            if each.stage == stage
            and each.scope == step.scope
            and (each is step or _is_instruction(each))
        ]
        own.sort(key=lambda each: each.index or 0)
        chain += own
    return chain[: next(at for at, each in enumerate(chain) if each is step) + 1]


def _is_instruction(step: Step) -> bool:
    return step.keyword not in ("", "FROM")


def _ran(step: Step) -> bool:
    return _is_instruction(step) and step.outcome is not Outcome.CACHED
