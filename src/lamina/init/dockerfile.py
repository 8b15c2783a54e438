"""A Dockerfile to settings: its final stage, and a remark on each line that is no setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lamina.dockerfile.instruction import Dockerfile
from lamina.dockerfile.model.bases import UV_IMAGE, known_base
from lamina.dockerfile.model.build import Model, StageModel, base_names, model
from lamina.dockerfile.parse import parse
from lamina.dockerfile.problem import Problem
from lamina.dockerfile.text import Source
from lamina.errors import LaminaError
from lamina.init.commands import NO_UV
from lamina.init.draft import Draft
from lamina.init.files import shown
from lamina.init.proposal import Proposal
from lamina.init.remarks import Remarks
from lamina.init.running import of_base
from lamina.init.surroundings import Surroundings
from lamina.init.tree import Trees


class UnreadableDockerfile(LaminaError):
    """A Dockerfile that no builder would take, with all that is wrong in it."""

    def __init__(self, name: str, problems: list[tuple[int, str]]) -> None:
        lines = [f"  {name}:{line}: {message}" for line, message in problems]
        super().__init__("\n".join([f"Unable to read `{name}`", *lines]))


class UnknownStage(LaminaError):
    """A stage is asked for that the Dockerfile does not have."""

    def __init__(self, name: str, stage: str, known: list[str]) -> None:
        had = ", ".join(f"`{each}`" for each in known) or "none that has a name"
        super().__init__(f"No stage `{stage}` in `{name}`; it has {had}")


def draft_of(text: str, name: str, around: Surroundings, target: str | None = None) -> Draft:
    """Return what a Dockerfile comes to; ``target`` is the stage, the last one if none is named."""
    dockerfile = parse(text)
    found, source = _model(dockerfile), Source(text)
    if problems := sorted({*dockerfile.problems, *found.problems}, key=lambda each: each.span):
        raise UnreadableDockerfile(name, [_told(source, each) for each in problems])
    stage = found.final if target is None else found.stage(target)
    if stage is None:
        names = [each.stage.name for each in found.stages if each.stage.name]
        raise UnknownStage(name, target or "", names)
    remarks, trees = Remarks(source), Trees(found, around.context)
    stages = _Stages.of(found, stage, trees)
    _on_others(found, stages, remarks)
    for instruction in dockerfile.arguments:
        remarks.covered(instruction.span, "its value is put in where it is used")
    proposal = Proposal(stages.chain, stages.builders, trees, around, remarks)
    settings = proposal.settings()
    whole = f"`{name}`" if target is None else f"`{name}`, stage `{target}`"
    return Draft(
        settings=settings,
        heading=f"From {whole}.",
        remarks=remarks.in_order(),
        notes=tuple(proposal.notes(settings)),
    )


def _model(dockerfile: Dockerfile) -> Model:
    """Return what a Dockerfile comes to, with marks where variables of the base are."""
    pulled = {}
    for name in base_names(dockerfile):
        base = known_base(name, {})
        names = ["PATH", "PYTHON_VERSION"] if base.repository == "python" else ["PATH"]
        pulled[name] = replace(base, environment={each: of_base(each) for each in names})
    return model(dockerfile, pulled=pulled)


def _told(source: Source, problem: Problem) -> tuple[int, str]:
    return source.place(problem.span).line, problem.message


@dataclass(frozen=True, slots=True)
class _Stages:
    """The stages that the image is made of, and those that files are taken from."""

    chain: list[StageModel]
    """The final one, behind those that it begins with."""
    builders: list[StageModel]

    @classmethod
    def of(cls, found: Model, final: StageModel, trees: Trees) -> _Stages:
        """Find both, from the final stage upwards."""
        chain = list(_chain(final))[::-1]
        kept, waiting = {each.stage.index for each in chain}, [*chain]
        while waiting:
            stage = waiting.pop()
            sources = [trees.source(step, stage) for step in stage.steps]
            for each in (*sources, stage.parent):
                if each is not None and each.stage.index not in kept:
                    kept.add(each.stage.index)
                    waiting.append(each)
        indexes = {each.stage.index for each in chain}
        builders = [s for s in found.stages if s.stage.index in kept - indexes]
        for each in (*builders, final):
            trees.of(each)
        return cls(chain, builders)


def _chain(stage: StageModel) -> Iterator[StageModel]:
    yield stage
    if stage.parent is not None:
        yield from _chain(stage.parent)


def _on_others(found: Model, stages: _Stages, remarks: Remarks) -> None:
    """Remark on the stages that are not the image."""
    chain = {stage.stage.index for stage in stages.chain}
    builders = {stage.stage.index for stage in stages.builders}
    for stage in found.stages:
        origin, name = stage.stage.origin, shown(stage)
        if stage.stage.index in chain:
            continue
        if stage.base.repository == UV_IMAGE and not stage.steps:
            remarks.covered(origin.span, NO_UV.why)
        elif stage.stage.index not in builders:
            remarks.covered(origin.span, f"the stage `{name}` is no part of the image")
        else:
            remarks.covered(origin.span, f"the image has what is copied from `{name}` alone")
