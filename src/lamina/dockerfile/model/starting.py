"""What a container starts: CMD and ENTRYPOINT of the image."""

from __future__ import annotations

from dataclasses import replace

from lamina.dockerfile.model.build import StageModel, Step
from lamina.dockerfile.model.run import Invocation, invocations
from lamina.dockerfile.shell import Command, commands, exec_command


def starting_commands(stage: StageModel) -> list[tuple[Step, Command]]:
    """Return the commands of the last CMD and the last ENTRYPOINT, as the final state sees them."""
    last = {step.name: step for step in stage.all_steps if step.name in ("CMD", "ENTRYPOINT")}
    found = []
    for name in ("ENTRYPOINT", "CMD"):
        if (step := last.get(name)) is not None:
            text = step.instruction.shell_text
            made = exec_command(step.instruction.words) if text is None else commands(text)
            found += [(step, command) for command in made]
    return found


def starts(stage: StageModel) -> list[tuple[Step, Invocation]]:
    """Return the commands of tools that a container starts with."""
    state = replace(stage.after, environment=stage.after.environment.at_start())
    return [
        (step, invocation)
        for step, command in starting_commands(stage)
        for invocation in invocations([command], state)
    ]
