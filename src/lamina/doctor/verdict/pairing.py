"""Which step of a log is which instruction of the Dockerfile.

Builders write instructions otherwise than they stand in the file: on one line, with variables
replaced, cut at the edge of a terminal. So there are several ways to know one again, the surest
first, and each instruction is found once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.model.build import Model, StageModel
from lamina.dockerfile.model.build import Step as ModelStep
from lamina.doctor.logs.model import Builder, Step

_COUNTED = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
"""What BuildKit counts besides FROM."""
_SHORTEST = 12
"""Of a cut text, in characters, that is still worth comparing."""


@dataclass(frozen=True, slots=True)
class Place:
    """An instruction of the Dockerfile."""

    stage: StageModel
    instruction: Instruction
    step: ModelStep | None
    """None for FROM."""
    number: int | None
    """As BuildKit counts in its stage; None for what it does not count."""
    total: int


def pair(steps: Sequence[Step], model: Model, builder: Builder) -> tuple[Place | None, ...]:
    """Return the place of each step of one build; None for what is in no Dockerfile.

    A build for several platforms has each instruction once for each of them.
    """
    found: dict[int, Place] = {}
    for scope in dict.fromkeys(step.scope for step in steps):
        within = {index: step for index, step in enumerate(steps) if step.scope == scope}
        found |= _pair(within, model, builder)
    return tuple(found.get(index) for index in range(len(steps)))


def _pair(steps: Mapping[int, Step], model: Model, builder: Builder) -> dict[int, Place]:
    left = [place for stage in model.stages for place in _places(stage)]
    found: dict[int, Place] = {}
    for matches in (_is_same, _is_expanded, _is_numbered, _is_cut):
        # Numbers alone would take the Dockerfile of another service for this one.
        if matches is _is_numbered and (builder is not Builder.BUILDKIT or not found):
            continue
        for index, step in steps.items():
            if index not in found and step.keyword and (place := _taken(step, left, matches)):
                found[index] = place
    return found


def _places(stage: StageModel) -> Iterable[Place]:
    rows: list[tuple[Instruction, ModelStep | None]] = [
        (each.instruction, each) for each in stage.steps
    ]
    if stage.parent is None:
        rows.insert(0, (stage.stage.origin, None))
    total = sum(row[0].name in _COUNTED or row[1] is None for row in rows)
    number = 0
    for instruction, step in rows:
        is_counted = step is None or instruction.name in _COUNTED
        number += is_counted
        yield Place(stage, instruction, step, number if is_counted else None, total)


def _taken(step: Step, left: list[Place], matches: Callable[[Step, Place], bool]) -> Place | None:
    for place in left:
        if place.instruction.name == step.keyword and matches(step, place):
            left.remove(place)
            return place
    return None


def _words(place: Place) -> list[str]:
    return place.instruction.text.text.split()


def _is_same_stage(step: Step, place: Place) -> bool:
    stage = place.stage.stage
    return step.stage in (None, stage.name, f"stage-{stage.index}")


def _is_same(step: Step, place: Place) -> bool:
    return _is_same_stage(step, place) and step.instruction.split()[1:] == _words(place)[1:]


def _is_numbered(step: Step, place: Place) -> bool:
    is_at = (step.index, step.total) == (place.number, place.total)
    return is_at and _is_same_stage(step, place)


def _is_expanded(step: Step, place: Place) -> bool:
    """Whether only words with variables in them differ."""
    said, written = step.instruction.split()[1:], _words(place)[1:]
    return len(said) == len(written) and all(
        one == other or "$" in other for one, other in zip(said, written, strict=True)
    )


def _is_cut(step: Step, place: Place) -> bool:
    said, written = " ".join(step.instruction.split()[1:]), " ".join(_words(place)[1:])
    said = said.rstrip(".")
    return len(said) >= _SHORTEST and written.startswith(said)
