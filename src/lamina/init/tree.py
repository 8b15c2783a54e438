"""What lies in each stage of a Dockerfile: files of the context, and environments.

Only what instructions put there is known. What commands make is not, and a copy of that from one
stage to another finds nothing here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lamina.dockerfile.expand import ExpansionError
from lamina.dockerfile.model.build import Model, StageModel, Step
from lamina.dockerfile.model.environment import Unknown
from lamina.dockerfile.model.run import Invocation, Run
from lamina.dockerfile.model.state import absolute
from lamina.dockerfile.model.tools import words
from lamina.dockerfile.shell import Command
from lamina.init.context import Context, is_pattern
from lamina.init.copying import refusal

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*")
_FOLDERS = words(
    "/ /app /bin /etc /home /lib /media /mnt /opt /root /run /sbin /srv /tmp /usr /usr/bin /usr/lib"
    " /usr/local /usr/local/bin /usr/local/lib /usr/local/sbin /usr/sbin /var /var/lib"
)
"""Folders of every base; a file that is copied to one of them goes into it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file or folder of the context in a stage."""

    source: str
    path: str
    """Absolute; of a folder, where its contents are."""
    is_folder: bool
    mode: str = ""
    owner: str = ""
    """As ``--chown`` says, with variables replaced."""
    is_there: bool = True
    """Whether it is in the context now."""


@dataclass(slots=True)
class Tree:
    """What is known to lie in a stage."""

    files: list[Placed] = field(default_factory=list)
    environments: dict[str, Invocation | None] = field(default_factory=dict)
    """By their path; each with the ``uv sync`` that ran in it last."""
    moved: dict[str, str] = field(default_factory=dict)
    """By where an environment is now, where it was made."""

    def copy(self) -> Tree:
        """Return what a stage begins with that is made from this one."""
        return Tree([*self.files], {**self.environments}, {**self.moved})


@dataclass(frozen=True, slots=True)
class Brought:
    """What a COPY or ADD comes to."""

    files: tuple[Placed, ...] = ()
    environments: Mapping[str, str] = field(default_factory=dict)
    """By where they are now, where they were."""
    missing: tuple[str, ...] = ()
    """Sources of which nothing is known."""
    unknown: str = ""
    """The argument on which the copy depends."""


class Trees:
    """The trees of all stages, each worked out once."""

    def __init__(self, model: Model, context: Context) -> None:
        self._model = model
        self._context = context
        self._of: dict[int, Tree] = {}
        self._brought: dict[int, Brought] = {}

    def of(self, stage: StageModel) -> Tree:
        """Return what lies in a stage at its end."""
        index = stage.stage.index
        if index not in self._of:
            tree = self.of(stage.parent).copy() if stage.parent is not None else Tree()
            for step in stage.steps:
                self._follow(step, stage, tree)
            self._of[index] = tree
        return self._of[index]

    def brought(self, step: Step) -> Brought:
        """Return what a COPY or ADD of a stage that was asked for comes to."""
        return self._brought[step.instruction.span.start]

    def source(self, step: Step, stage: StageModel) -> StageModel | None:
        """Return the stage that a COPY takes from, if it is one that stands above."""
        name = expanded(step, step.source_stage or "")
        found = self._model.stage(name) if name else None
        return found if found is not None and found.stage.index < stage.stage.index else None

    def _follow(self, step: Step, stage: StageModel, tree: Tree) -> None:
        if step.run is not None:
            for path, invocation in _made(step.run):
                tree.environments[path] = invocation or tree.environments.get(path)
        if step.name not in ("COPY", "ADD"):
            return
        brought = self._bring(step, stage, tree)
        self._brought[step.instruction.span.start] = brought
        tree.files += brought.files
        if brought.environments:
            source = self.source(step, stage)
            assert source is not None  # since they are of it
            theirs = self.of(source)
            for now, before in brought.environments.items():
                tree.environments[now] = theirs.environments[before]
                tree.moved[now] = theirs.moved.get(before, before)

    def _bring(self, step: Step, stage: StageModel, tree: Tree) -> Brought:
        if refusal(step) is not None:
            return Brought()
        try:
            words = [step.before.expanded(word.text) for word in step.instruction.words]
            owner = step.before.expanded(step.instruction.flag_value("chown") or "")
            mode = step.before.expanded(step.instruction.flag_value("chmod") or "")
        except Unknown as error:
            return Brought(unknown=error.name)
        except ExpansionError:
            return Brought(missing=(step.instruction.arguments.text,))
        folder = step.before.workdir or "/"
        if step.source_stage is None:
            found = self._of_context(words[:-1], words[-1], folder, _folders(tree, step))
        else:
            source = self.source(step, stage)
            if source is None:
                return Brought(missing=tuple(words[:-1]))
            found = self._of_stage(self.of(source), words[:-1], words[-1], folder)
        files = [replace(each, owner=owner, mode=mode or each.mode) for each in found.files]
        return replace(found, files=tuple(files))

    def _of_context(
        self, sources: Iterable[str], to: str, folder: str, folders: frozenset[str]
    ) -> Brought:
        names = [name for source in sources for name in self._named(source)]
        target = absolute(folder, to)
        is_into = _is_into(to) or len(names) > 1 or target in folders
        files, missing = [], []
        for name, written in names:
            if is_pattern(name):
                missing.append(written)
                continue
            kind = self._context.is_folder(name)
            is_folder = _looks_like_folder(written) if kind is None else kind
            inside = not is_folder and is_into
            path = posixpath.join(target, posixpath.basename(name)) if inside else target
            files.append(Placed(name, path, is_folder, is_there=kind is not None))
        return Brought(tuple(files), missing=tuple(missing))

    def _named(self, source: str) -> list[tuple[str, str]]:
        """Return the paths that a source names in the context, each as it is written."""
        # The context is the root of what is copied: nothing leads out of it.
        name = posixpath.normpath(posixpath.join("/", source)).lstrip("/") or "."
        if not is_pattern(name):
            return [(name, source)]
        return [(path, path) for path in self._context.matches(name)] or [(name, source)]

    def _of_stage(self, tree: Tree, sources: list[str], to: str, folder: str) -> Brought:
        target = absolute(folder, to)
        is_into = _is_into(to) or len(sources) > 1
        found = Brought()
        for written in sources:
            source = absolute("/", written)
            files = tuple(self._files(tree, source, target, is_into=is_into))
            environments = {
                _joined(target, path[len(source) :]): path
                for path in tree.environments
                if _is_below(path, source)
            }
            missing = () if files or environments else (written,)
            found = Brought(
                (*found.files, *files),
                {**found.environments, **environments},
                (*found.missing, *missing),
            )
        return found

    def _files(self, tree: Tree, source: str, target: str, *, is_into: bool) -> Iterator[Placed]:
        for file in tree.files:
            if file.path == source and not file.is_folder:
                name = posixpath.basename(source)
                yield replace(file, path=_joined(target, name) if is_into else target)
            elif _is_below(file.path, source):
                yield replace(file, path=_joined(target, file.path[len(source) :]))
            elif file.is_folder and _is_below(source, file.path):
                inner = posixpath.join(file.source, posixpath.relpath(source, file.path))
                name = posixpath.normpath(inner)
                if (is_folder := self._context.is_folder(name)) is not None:
                    into = is_into and not is_folder
                    path = _joined(target, posixpath.basename(name)) if into else target
                    yield replace(file, source=name, path=path, is_folder=is_folder)


def expanded(step: Step, text: str) -> str | None:
    """Return a word with its variables replaced; None if that cannot be told."""
    return step.before.known(text)


def environment_of(invocation: Invocation) -> str | None:
    """Return where a command of uv has its environment."""
    line, known = invocation.line, invocation.environment.known
    if line.subcommand == ("venv",):
        path = line.arguments[0].value(invocation.lookup) if line.arguments else ".venv"
    elif line.has("--active") and known("VIRTUAL_ENV"):
        path = known("VIRTUAL_ENV")
    else:
        path = known("UV_PROJECT_ENVIRONMENT") or ".venv"
    if path is None or (invocation.workdir is None and not path.startswith("/")):
        return None
    return absolute(invocation.workdir or "/", path)


def _made(run: Run) -> Iterator[tuple[str, Invocation | None]]:
    """Give the environments that a RUN makes or fills, each with its ``uv sync``."""
    for invocation in run.invocations:
        subcommand = invocation.line.subcommand
        if invocation.line.tool.name == "uv" and subcommand in (("venv",), ("sync",)):
            path = environment_of(invocation)
            if path is not None:
                yield path, invocation if subcommand == ("sync",) else None
    for command in run.commands:
        path = _made_by_venv(command, run)
        if path is not None:
            yield absolute(run.before.workdir or "/", path), None


def _made_by_venv(command: Command, run: Run) -> str | None:
    """Return where ``python -m venv`` or ``virtualenv`` makes an environment."""
    texts = [word.value(run.before.environment.known) or "" for word in command.words]
    if _PYTHON.fullmatch(command.name) and texts[1:3] in (["-m", "venv"], ["-m", "virtualenv"]):
        rest = texts[3:]
    elif command.name == "virtualenv":
        rest = texts[1:]
    else:
        return None
    return next((text for text in reversed(rest) if text and not text.startswith("-")), None)


def _folders(tree: Tree, step: Step) -> frozenset[str]:
    """Return what is certainly a folder where a step copies to."""
    known = {file.path for file in tree.files if file.is_folder}
    return _FOLDERS | known | {step.before.workdir or "/"}


def _is_into(to: str) -> bool:
    return to.endswith("/") or posixpath.basename(to) in (".", "..")


def _looks_like_folder(written: str) -> bool:
    return written.endswith("/") or "." not in posixpath.basename(written).lstrip(".")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _joined(folder: str, rest: str) -> str:
    return posixpath.normpath(f"{folder}/{rest}".replace("//", "/"))
