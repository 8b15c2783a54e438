"""The final stage as settings, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from lamina.dockerfile.expand import ExpansionError, expand
from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.model.build import StageModel, Step
from lamina.dockerfile.model.environment import Unknown
from lamina.dockerfile.text import Joined, Span
from lamina.init.owners import Owners
from lamina.init.remarks import Remarks
from lamina.init.running import (
    Command,
    as_plain,
    as_value,
    command,
    needs_runner,
    of_base,
    ports,
    signal,
    without_runner,
)
from lamina.init.settings import Setting, Value

_OF_TOOLS = ("UV_", "PIP_", "POETRY_", "PDM_", "PIPENV_")
_OF_PACKAGES = frozenset({"DEBIAN_FRONTEND", "DEBCONF_NONINTERACTIVE_SEEN"})
_DURATIONS = ("interval", "timeout", "start-period", "start-interval")


@dataclass(slots=True)
class Running:
    """How the image runs, gathered from the instructions of its stages in their order."""

    remarks: Remarks
    env: dict[str, tuple[str, Span]] = field(default_factory=dict)
    labels: dict[str, Value] = field(default_factory=dict)
    ports: list[int | str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    single: dict[str, tuple[Value, Span]] = field(default_factory=dict)
    """`user`, `stopsignal` and `healthcheck`."""
    commands: dict[str, tuple[Command, Span]] = field(default_factory=dict)
    """`entrypoint` and `cmd`."""
    shell: tuple[str, ...] | None = None

    def follow(self, stage: StageModel) -> None:
        """Take the instructions of a stage, which begins with those that were taken before."""
        has_command = False
        for step in stage.steps:
            instruction = step.instruction
            take = _TAKEN.get(step.name)
            if take is not None:
                take(self, step)
            if step.name == "CMD":
                has_command = True
            elif step.name == "ENTRYPOINT" and not has_command:
                # What another stage has as its command is no argument of this entry point.
                self.commands.pop("cmd", None)
            elif step.name == "ONBUILD":
                self.remarks.left(
                    instruction.span,
                    "no image is built from this one by an instruction of its own",
                    "Write it into what is built upon the image",
                )

    def environment(self, venv: str | None) -> dict[str, Value]:
        """Return `env`, without what each build sets itself, and what is of tools alone."""
        found: dict[str, Value] = {}
        for name, (value, span) in self.env.items():
            if venv is not None and name == "VIRTUAL_ENV" and value.rstrip("/") == venv:
                self.remarks.covered(span, "each build sets it")
            elif name.startswith(_OF_TOOLS):
                tool = name.partition("_")[0].lower()
                self.remarks.covered(
                    span, f"it is a setting of {tool}, which the image does without"
                )
            elif name in _OF_PACKAGES:
                self.remarks.covered(span, "it is for installing packages of the system alone")
            elif name == "PATH":
                found |= self._path(value, span, venv)
            else:
                found[name] = as_value(value)
        return found

    def _path(self, value: str, span: Span, venv: str | None) -> dict[str, Value]:
        parts = [part for part in value.split(":") if venv is None or part != f"{venv}/bin"]
        if parts == [of_base("PATH")]:
            self.remarks.covered(span, "each build sets it")
            return {}
        return {"PATH": as_value(":".join(parts))}

    def _expanded(self, step: Step, text: Joined) -> str | None:
        """Return a word with its variables replaced, or remark on what is not known."""
        try:
            found = expand(text.text, step.before.environment.get, step.before.escape)
        except Unknown as error:
            self.remarks.left(
                text.span(),
                f"it depends on the argument `{error.name}`, which has no value here",
                "Write the setting with the value that you build with",
            )
            return None
        except ExpansionError as error:
            self.remarks.left(text.span(), f"no builder can expand it: {error}", "Correct it")
            return None
        for name in sorted(found.unset):
            self.remarks.left(
                text.span(),
                f"`{name}` is set by no ENV and no ARG, and is empty unless the base sets it",
                f"To have the base's, write `${{{name}}}` in `env`",
            )
        return found.text

    def _env(self, step: Step) -> None:
        for pair in step.instruction.pairs:
            value = self._expanded(step, pair.value) if pair.value is not None else None
            name = step.before.known(pair.name)
            if value is not None and name is not None:
                self.env[name] = (value, pair.span)

    def _label(self, step: Step) -> None:
        for pair in step.instruction.pairs:
            value = self._expanded(step, pair.value) if pair.value is not None else None
            name = step.before.known(pair.name)
            if value is not None and name is not None:
                self.labels[as_plain(name)] = as_plain(value)

    def _expose(self, step: Step) -> None:
        for word in step.instruction.words:
            text = self._expanded(step, word)
            found = ports(text) if text is not None else []
            if found is None:
                self.remarks.left(
                    word.span(), "it names no port, or too many", "Name the ports in `expose`"
                )
            self.ports += [port for port in found or [] if port not in self.ports]

    def _volume(self, step: Step) -> None:
        for word in step.instruction.words:
            text = self._expanded(step, word)
            if text is not None and text.startswith("/"):
                self.volumes += [text] if text not in self.volumes else []
            elif text is not None:
                self.remarks.left(
                    word.span(), "it is no absolute path", "Name the folder in `volume`"
                )

    def _user(self, step: Step) -> None:
        text = self._expanded(step, step.instruction.arguments)
        if text is None:
            return
        number = Owners(step.before.users).user(text)
        self.single["user"] = (number.text, step.instruction.span)
        if number.text != text:
            usual = ", the usual one" if number.is_guess else ""
            self.remarks.covered(
                step.instruction.span,
                f"`{text}` is no user of the base: `user` has the number{usual}",
            )

    def _stop_signal(self, step: Step) -> None:
        text = self._expanded(step, step.instruction.arguments)
        if text is not None:
            self.single["stopsignal"] = (signal(text), step.instruction.span)

    def _shell(self, step: Step) -> None:
        self.shell = tuple(word.text for word in step.instruction.words)
        self.remarks.covered(
            step.instruction.span, "it is written into the commands that it is for"
        )

    def _command(self, step: Step) -> None:
        key = "cmd" if step.name == "CMD" else "entrypoint"
        self.commands[key] = (self._run(step.instruction), step.instruction.span)

    def _run(self, instruction: Instruction) -> Command:
        found, had_runner = without_runner(command(instruction, self.shell))
        if had_runner:
            self.remarks.covered(
                instruction.span,
                "without `run` before it: the programs of the environment come first in `PATH`",
            )
        elif needs_runner(found):
            self.remarks.left(
                instruction.span,
                "the tool that runs it is not in the image",
                "Write the command that it runs",
            )
        return found

    def _healthcheck(self, step: Step) -> None:
        instruction = step.instruction
        if instruction.inner is None:
            self.single["healthcheck"] = ({"test": ("NONE",)}, instruction.span)
            return
        check: dict[str, Value] = {"test": self._run(instruction.inner)}
        for name in _DURATIONS:
            text = instruction.flag_value(name)
            # To Docker, none at all means its own default.
            if text is not None and text.strip("0") not in ("", "s", "m", "h", "ms"):
                check[name] = text
        retries = instruction.flag_value("retries")
        if retries is not None and retries.isdecimal() and int(retries):
            check["retries"] = int(retries)
        self.single["healthcheck"] = (check, instruction.span)

    def _maintainer(self, step: Step) -> None:
        self.remarks.left(
            step.instruction.span,
            "images have no maintainer any more",
            "Name them in `labels`, as `org.opencontainers.image.authors`",
        )

    def _argument(self, step: Step) -> None:
        self.remarks.covered(step.instruction.span, "its value is put in where it is used")


_TAKEN: dict[str, Callable[[Running, Step], None]] = {
    "ARG": Running._argument,
    "CMD": Running._command,
    "ENTRYPOINT": Running._command,
    "ENV": Running._env,
    "EXPOSE": Running._expose,
    "HEALTHCHECK": Running._healthcheck,
    "LABEL": Running._label,
    "MAINTAINER": Running._maintainer,
    "SHELL": Running._shell,
    "STOPSIGNAL": Running._stop_signal,
    "USER": Running._user,
    "VOLUME": Running._volume,
}


def settings_of(running: Running, env: dict[str, Value]) -> Iterator[tuple[Setting, Span | None]]:
    """Give the settings of how an image runs, each with the line that says it, if it is one."""
    for key in ("entrypoint", "cmd"):
        if key in running.commands:
            value, span = running.commands[key]
            yield Setting(key, value), span
    for key in ("user", "stopsignal", "healthcheck"):
        if key in running.single:
            found, span = running.single[key]
            yield Setting(key, found), span
    lists: Iterable[tuple[str, Value]] = (
        ("expose", tuple(running.ports)),
        ("volume", tuple(running.volumes)),
        ("env", env),
        ("labels", running.labels),
    )
    for key, each in lists:
        if each:
            yield Setting(key, each), None
