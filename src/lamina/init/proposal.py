"""The settings that a Dockerfile comes to, put together; what none of them says is remarked."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from itertools import groupby

from lamina.dockerfile.model.build import StageModel
from lamina.dockerfile.model.run import Invocation, Run
from lamina.dockerfile.shell import Command
from lamina.dockerfile.text import Span
from lamina.init.commands import compiles, is_for_system, meanings
from lamina.init.files import Files, alone
from lamina.init.instructions import Running, settings_of
from lamina.init.meaning import Meaning
from lamina.init.packages import Packages, brings_python
from lamina.init.remarks import Remarks
from lamina.init.selection import Asked, asked, is_taken
from lamina.init.settings import Setting, as_config
from lamina.init.surroundings import Surroundings
from lamina.init.tree import Trees
from lamina.project.facts import default_entrypoint
from lamina.tables import InvalidConfig

_OURS = ("debian", "docker-archive", "oci", "scratch")
"""Names of images that mean something else as `base`."""


class Proposal:
    """Puts settings together, each once; lists of remarks and notes grow with it."""

    def __init__(
        self,
        chain: Sequence[StageModel],
        builders: Sequence[StageModel],
        trees: Trees,
        around: Surroundings,
        remarks: Remarks,
    ) -> None:
        self._chain = chain
        self._builders = builders
        self._around = around
        self._remarks = remarks
        self._final = chain[-1]
        self._environments = trees.of(self._final).environments
        self._files = Files(chain, builders, trees, remarks)
        self._packages = Packages(remarks)

    def notes(self, settings: Sequence[Setting]) -> Iterator[str]:
        """Give what is to be said besides the settings."""
        yield from self._files.notes
        yield from self._packages.notes()
        facts, said = self._around.facts, {each.key: each.value for each in settings}
        if "apt" in said and self._files.are_below("/etc/apt"):
            yield (
                "What is copied to `/etc/apt` says nothing to `lamina build`: name another mirror "
                "in `debian-mirror`, other sources in `apt-sources`"
            )
        has_default = default_entrypoint(facts, "") is not None and "install-project" not in said
        if has_default and not {"cmd", "entrypoint"} & said.keys():
            yield (
                "The Dockerfile says nothing of what is run: the image runs "
                f"`{next(iter(facts.scripts))}`, the only one of `[project.scripts]`"
            )

    def settings(self) -> tuple[Setting, ...]:
        """Return all settings, those that a build would refuse left out with a remark."""
        running = Running(self._remarks)
        for stage in self._chain:
            running.follow(stage)
        self._on_runs()
        self._on_builders()
        self._files.remark()
        venv = self._environment(running)
        copy = self._files.setting(is_installed=self._around.facts.build_system is not None)
        found = [
            *self._beginning(),
            *self._apt(),
            *self._selection(venv),
            *((Setting("venv", venv), None) for venv in [venv] if venv is not None),
            *self._workdir(),
            *((setting, None) for setting in [copy] if setting is not None),
            *settings_of(running, running.environment(venv)),
            *self._bytecode(venv),
        ]
        return tuple(setting for setting, span in found if self._is_valid(setting, span))

    def _is_valid(self, setting: Setting, span: Span | None) -> bool:
        try:
            as_config([setting])
        except InvalidConfig as error:
            _, _, reason = str(error).partition("\n")
            at = span or self._final.stage.origin.span
            self._remarks.left(
                at, f"`{setting.key}` cannot say it: {reason.strip()}", "Write it by hand"
            )
            return False
        return True

    def _beginning(self) -> Iterator[tuple[Setting, Span]]:
        """Give `base`, and `platform` where FROM names one."""
        first = self._chain[0]
        origin, name = first.stage.origin.span, first.base.name
        if not name:
            self._remarks.left(
                origin,
                "its image depends on an argument that has no value here",
                f"Name the image in `base`; without, it is `{self._around.default_base}`",
            )
        elif first.base.has_python is False and not brings_python(self._packages.wishes):
            self._remarks.left(
                origin,
                f"`{name}` has no Python",
                "Look whether `base` will do: it is the official image of the project's Python; or "
                f"name `{_as_base(name)}` there, and `python3` in `apt`",
            )
            yield Setting("base", self._around.default_base), origin
        else:
            yield Setting("base", _as_base(name)), origin
        platform = first.stage.platform
        if platform is None:
            return
        if "$" in platform:
            self._remarks.covered(origin, "the platform is that of `--platform`")
        else:
            yield Setting("platform", platform), origin

    def _apt(self) -> Iterator[tuple[Setting, None]]:
        if wishes := self._packages.wishes:
            yield Setting("apt", tuple(map(str, wishes))), None

    def _workdir(self) -> Iterator[tuple[Setting, Span | None]]:
        workdir = self._final.after.workdir
        places = [
            step.instruction.span
            for stage in self._chain
            for step in stage.steps
            if step.name == "WORKDIR"
        ]
        if workdir is not None:
            yield Setting("workdir", workdir), places[-1] if places else None
        else:
            self._remarks.left(
                places[-1],
                "it depends on an argument that has no value here",
                "Name the folder in `workdir`; without, it is `/app`",
            )

    def _environment(self, running: Running) -> str | None:
        """Return where the environment is: where variables say, if there are several."""
        found = self._environments
        path = running.env.get("PATH", ("", None))[0]
        named = running.env.get("VIRTUAL_ENV", ("", None))[0]
        if named.rstrip("/") in found:
            return named.rstrip("/")
        for venv in found:
            if f"{venv}/bin" in path.split(":"):
                return venv
        # Where nothing is seen that makes it, that it is made all the same is said by the variable.
        named = posixpath.normpath(named) if named.startswith("/") else ""
        return next(reversed(found), None) or named or None

    def _sync(self, venv: str | None) -> Invocation | None:
        """Return the ``uv sync`` that the image's environment is of, else the last one."""
        if venv is not None and (sync := self._environments.get(venv)) is not None:
            return sync
        syncs = [
            each
            for stage in (*self._builders, *self._chain)
            for run in _runs(stage)
            for each in run.invocations
            if each.line.tool.name == "uv" and each.line.subcommand == ("sync",)
        ]
        return syncs[-1] if syncs else None

    def _asked(self, venv: str | None) -> tuple[Asked, Invocation] | None:
        sync = self._sync(venv)
        if sync is None:
            return None
        return asked(sync, self._around.facts, self._around.pyproject), sync

    def _selection(self, venv: str | None) -> Iterator[tuple[Setting, Span]]:
        found = self._asked(venv)
        if found is None:
            return
        for option in found[0].options:
            name = option.partition(" ")[0]
            if is_taken(name):
                todo = f"Pass `{option}` to `lamina build`"
            else:
                todo = "Look whether `[tool.uv]` can say it"
            self._remarks.left(found[1].line.place(name), f"no setting says `{option}`", todo)
        yield from ((setting, found[1].span) for setting in found[0].settings)

    def _bytecode(self, venv: str | None) -> Iterator[tuple[Setting, None]]:
        found = self._asked(venv)
        stages = (*self._builders, *self._chain)
        commands = [each for s in stages for run in _runs(s) for each in run.commands]
        if (found is not None and found[0].has_bytecode) or any(map(compiles, commands)):
            yield Setting("bytecode", True), None

    def _on_runs(self) -> None:
        base = self._chain[0].base.name or self._around.default_base
        for stage in self._chain:
            for run in _runs(stage):
                found = [*meanings(run, base)]
                self._packages.follow(run, found)
                self._on_run(run, found)
        for stage in self._builders:
            inner = Meaning(alone(stage))
            for run in _runs(stage):
                own = [(c, inner if is_for_system(m) else m) for c, m in meanings(run, base)]
                self._on_run(run, own)

    def _on_run(self, run: Run, found: Sequence[tuple[Command, Meaning]]) -> None:
        """Remark on commands; those that mean the same and stand together have one remark."""
        groups = list(_groups(found))
        if not groups:
            self._remarks.covered(run.instruction.span, "it changes nothing in the image")
        for meaning, span in groups:
            if meaning.is_said:
                continue
            at = span if len(groups) > 1 else run.instruction.span
            self._remarks.on(at, meaning.why, meaning.todo, meaning.packages)

    def _on_builders(self) -> None:
        """Remark on what other stages say of themselves."""
        for stage in self._builders:
            for step in stage.steps:
                if step.name not in ("ADD", "COPY", "RUN"):
                    self._remarks.covered(step.instruction.span, alone(stage))


def _as_base(name: str) -> str:
    """Return how `base` names an image of a registry."""
    is_ours = name.partition(":")[0].partition("@")[0] in _OURS
    return f"docker://{name}" if is_ours else name


def _runs(stage: StageModel) -> list[Run]:
    """Return what runs in a stage when it is built, without what `ONBUILD` puts off."""
    return [each.run for each in stage.steps if each.run is not None and each.name != "ONBUILD"]


def _groups(found: Sequence[tuple[Command, Meaning]]) -> Iterator[tuple[Meaning, Span]]:
    """Give what is meant, and where; what packages need is of those that stand beside it."""

    def kind(each: tuple[Command, Meaning]) -> object:
        return "packages" if each[1].is_of_packages else each[1]

    for _, group in groupby(found, kind):
        commands = [*group]
        span = commands[0][0].span.to(commands[-1][0].span)
        installing = [meaning for _, meaning in commands if meaning.packages or meaning.is_said]
        if len(installing) > 1:
            yield from ((meaning, command.span) for command, meaning in commands)
        else:
            yield next(iter(installing), commands[0][1]), span
