"""The whole Dockerfile, modelled: each stage with its steps, and what holds before each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lamina.dockerfile.expand import ExpansionError, expand
from lamina.dockerfile.instruction import Dockerfile, Instruction, Stage
from lamina.dockerfile.model.bases import Base, known_base
from lamina.dockerfile.model.copies import Copied, read_copy
from lamina.dockerfile.model.environment import Environment, Unknown
from lamina.dockerfile.model.run import Run, read_run
from lamina.dockerfile.model.state import State
from lamina.dockerfile.model.users import User
from lamina.dockerfile.problem import Problem


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction, and what it meets."""

    instruction: Instruction
    before: State
    run: Run | None = None
    copied: Copied | None = None
    """What COPY or ADD brings."""

    @property
    def name(self) -> str:
        """The instruction's name."""
        return self.instruction.name

    @property
    def source_stage(self) -> str | None:
        """The stage or image that COPY takes from; None if it is the build context."""
        return self.instruction.flag_value("from")


@dataclass(frozen=True, slots=True)
class StageModel:
    """A stage with its steps."""

    stage: Stage
    base: Base
    """The image that it all begins with, through other stages as well."""
    parent: StageModel | None
    """The stage that it begins with, if it is one."""
    steps: tuple[Step, ...]
    after: State

    @property
    def runs(self) -> list[Run]:
        """What runs in it."""
        return [step.run for step in self.steps if step.run is not None]

    @property
    def all_steps(self) -> list[Step]:
        """Its steps, behind those of the stages that it begins with."""
        return [*(self.parent.all_steps if self.parent is not None else []), *self.steps]


@dataclass(frozen=True, slots=True)
class Model:
    """What a Dockerfile comes to."""

    dockerfile: Dockerfile
    stages: tuple[StageModel, ...]
    problems: tuple[Problem, ...]

    @property
    def runs(self) -> list[Run]:
        """All that runs, from top to bottom."""
        return [run for stage in self.stages for run in stage.runs]

    @property
    def final(self) -> StageModel | None:
        """The stage that the image is made of, if none is asked for."""
        return self.stages[-1] if self.stages else None

    def stage(self, name: str | None) -> StageModel | None:
        """Return the stage that a name or a number refers to."""
        if name is None:
            return None
        for model in reversed(self.stages):
            if model.stage.name == name.lower() or str(model.stage.index) == name:
                return model
        return None


@dataclass(slots=True)
class _Building:
    dockerfile: Dockerfile
    pulled: Mapping[str, Base]
    configured_cache: str | None
    outer: dict[str, str | None] = field(default_factory=dict)
    stages: list[StageModel] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def model(
    dockerfile: Dockerfile,
    *,
    pulled: Mapping[str, Base] | None = None,
    configured_cache: str | None = None,
) -> Model:
    """Return what a Dockerfile comes to; ``pulled`` is what base images say of themselves."""
    building = _Building(dockerfile, pulled or {}, configured_cache)
    _read_outer(building)
    for stage in dockerfile.stages:
        building.stages.append(_stage(stage, building))
    return Model(dockerfile, tuple(building.stages), tuple(building.problems))


def copies(steps: Iterable[Step]) -> list[Copied]:
    """Return all that steps copy."""
    return [step.copied for step in steps if step.copied is not None]


def base_names(dockerfile: Dockerfile) -> list[str]:
    """Return the images that stages begin with, each once; not those that are not known."""
    found = model(dockerfile)
    names = [each.base.name for each in found.stages if each.parent is None and each.base.name]
    return [name for name in dict.fromkeys(names) if name != "scratch"]


def _read_outer(building: _Building) -> None:
    nothing = Base("", is_known=True)
    for instruction in building.dockerfile.arguments:
        for pair in instruction.pairs:
            value = None
            if pair.value is not None:
                scope = Environment(nothing, building.outer)
                value = _expanded(pair.value.text, scope, building.dockerfile.escape)
            building.outer[pair.name] = value


def _expanded(text: str, scope: Environment, escape: str) -> str | None:
    try:
        return expand(text, scope.get, escape).text
    except (Unknown, ExpansionError):
        return None


def _stage(stage: Stage, building: _Building) -> StageModel:
    escape = building.dockerfile.escape
    scope = Environment(Base("", is_known=True), building.outer)
    name = _expanded(stage.base.text, scope, escape) or ""
    parent = next((each for each in building.stages if each.stage.name == name.lower()), None)
    if parent is not None and name:
        state = replace(parent.after)
        base = parent.base
    else:
        parent, base = None, known_base(name, building.pulled)
        state = State.at_beginning(base, escape)
    steps: list[Step] = []
    for instruction in stage.instructions:
        building.problems += state.problems(instruction)
        step, state = _step(instruction, state, building)
        steps.append(step)
    made = tuple(_put_off(step, state, building) for step in steps)
    return StageModel(stage, base, parent, made, state)


def _put_off(step: Step, after: State, building: _Building) -> Step:
    """Return a step with what ONBUILD lets run: it meets what the whole stage leaves behind."""
    inner = step.instruction.inner
    if step.name != "ONBUILD" or inner is None or inner.name != "RUN":
        return step
    run = read_run(inner, after, building.configured_cache)
    building.problems += run.problems
    return replace(step, run=run)


def _step(instruction: Instruction, state: State, building: _Building) -> tuple[Step, State]:
    run = None
    if instruction.name == "RUN":
        run = read_run(instruction, state, building.configured_cache)
        building.problems += run.problems
        after = _with_users(state, run.users)
    else:
        after = state.after(instruction, building.outer)
    return Step(instruction, state, run, read_copy(instruction, state)), after


def _with_users(state: State, users: tuple[User, ...]) -> State:
    if not users:
        return state
    return replace(state, users={**state.users, **{user.name: user for user in users}})
