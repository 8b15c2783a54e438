"""The installations of a stage: what they are of, and into which environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lamina.dockerfile.model.bases import UV_IMAGE, split_reference
from lamina.dockerfile.model.build import Model, StageModel, Step, copies
from lamina.dockerfile.model.copies import Copied, bound
from lamina.dockerfile.model.run import Invocation, Run
from lamina.dockerfile.model.state import absolute

_LISTS = ("-r", "--requirement", "--requirements")
_WHOLE = frozenset(
    {"uv sync", "uv pip sync", "poetry install", "poetry sync", "pdm sync", "pdm install"}
)


@dataclass(frozen=True, slots=True)
class Install:
    """A command that installs what a project depends on, and what came before it."""

    run: Run
    invocation: Invocation
    stage: StageModel
    before: tuple[Step, ...]
    """The steps before it, also of the stages that this one begins with."""
    is_first: bool
    """Whether nothing was installed before, in the same image."""

    @property
    def copied(self) -> list[Copied]:
        """All that is there when it runs."""
        return [*copies(self.before), *bound(self.run)]

    def has(self, variable: str, *options: str) -> bool:
        """Say whether a switch is on."""
        return self.invocation.is_on(variable, *options)

    @property
    def installs_project(self) -> bool:
        """Whether the project itself is installed, if it is one that can be."""
        return not self.has(
            "UV_NO_INSTALL_PROJECT", "--no-install-project", "--only-group", "--only-dev"
        ) and not self.has(
            "UV_NO_INSTALL_WORKSPACE", "--no-install-workspace", "--no-install-local"
        )


def installs(model: Model, *commands: str) -> list[Install]:
    """Return the installations of all stages; only of some commands, such as ``uv sync``."""
    found = []
    for stage in model.stages:
        steps = stage.all_steps
        above = len(steps) - len(stage.steps)
        found += [
            each
            for each in _installs(steps, stage)
            if len(each.before) >= above
            and (not commands or each.invocation.line.shown in commands)
        ]
    return found


def _installs(steps: list[Step], stage: StageModel) -> Iterator[Install]:
    is_first = True
    for index, step in enumerate(steps):
        for invocation in step.run.invocations if step.run is not None else ():
            if step.run is not None and is_of_dependencies(invocation):
                yield Install(step.run, invocation, stage, tuple(steps[:index]), is_first)
                is_first = False


def is_of_dependencies(invocation: Invocation) -> bool:
    """Say whether a command installs what a project lists, and not some program by its name."""
    line = invocation.line
    return line.shown in _WHOLE or (line.installs and line.has(*_LISTS))


def environment_folder(invocation: Invocation) -> str | None:
    """Return the virtual environment that a command of uv makes or fills; None if unknown."""
    line = invocation.line
    if line.shown == "uv venv":
        named = line.arguments[0].value(invocation.lookup) if line.arguments else ".venv"
        return _below(invocation, named)
    if line.shown != "uv sync":
        return None
    active = invocation.lookup("VIRTUAL_ENV") if line.has("--active") else ""
    return _below(invocation, active or invocation.lookup("UV_PROJECT_ENVIRONMENT") or ".venv")


def _below(invocation: Invocation, path: str | None) -> str | None:
    if path is None or (invocation.workdir is None and not path.startswith("/")):
        return None
    return absolute(invocation.workdir or "/", path)


def environments(steps: list[Step]) -> dict[str, Invocation]:
    """Return the virtual environments that steps make, each with the last command that did."""
    found = {}
    for step in steps:
        for invocation in step.run.invocations if step.run is not None else ():
            folder = environment_folder(invocation)
            if folder is not None:
                found[folder] = invocation
    return found


def uv_reference(name: str | None, model: Model) -> str | None:
    """Return the reference of uv's image that ``--from`` leads to, through a stage of its own."""
    stage = model.stage(name)
    reference = stage.base.name if stage is not None else (name or "")
    return reference if split_reference(reference)[0] == UV_IMAGE else None
