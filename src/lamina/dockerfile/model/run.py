"""One RUN: its mounts where they really are, and the commands of tools with their real caches."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lamina.dockerfile.expand import ExpansionError
from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.model.environment import Environment, Unknown
from lamina.dockerfile.model.state import State, absolute
from lamina.dockerfile.model.tools import CommandLine, read_command
from lamina.dockerfile.model.users import User, made_user
from lamina.dockerfile.mounts import Mount, Option, read_mount, written_options
from lamina.dockerfile.problem import Problem, Refused
from lamina.dockerfile.shell import Command, commands, exec_command
from lamina.dockerfile.text import Span


@dataclass(frozen=True, slots=True)
class PlacedMount:
    """A mount, and where it is."""

    mount: Mount
    written: str
    """The target as it is written."""
    target: str
    """The same with variables replaced."""
    path: str | None
    """Where it really is; None if it depends on a folder that is not known."""
    assumed: frozenset[str]
    """The variables that are unset unless the base sets them."""
    span: Span
    """Of the target."""

    @property
    def is_cache(self) -> bool:
        """Whether it is of type `cache`."""
        return self.mount.kind == "cache"

    @property
    def cache_id(self) -> str:
        """By what the builder tells one cache from another, besides uid, gid and mode."""
        return self.mount.get("id") or posixpath.normpath(self.target)

    @property
    def ownership(self) -> tuple[str, str, str]:
        """What makes caches of one id different."""
        return self.mount.get("uid"), self.mount.get("gid"), self.mount.get("mode")

    @property
    def source(self) -> str:
        """What is mounted, of a bind."""
        return self.mount.get("source")


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """Where a command keeps what it downloads."""

    path: str | None
    """None if that is not known, or if the cache is off."""
    reason: str
    """Why there, such as ``HOME is `/root` ``."""
    is_off: bool = False
    off_by: str = ""
    setting: str = ""
    """The name of the variable or option that says where, if one does."""
    written: str = ""
    """What it says."""
    assumed: frozenset[str] = frozenset()
    is_in_unknown_home: bool = False
    """Whether all that is not known is the user's home."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command of a tool, with what it meets."""

    line: CommandLine
    environment: Environment
    home: str | None
    workdir: str | None
    user: User
    configured_cache: str | None = None
    """What `tool.uv.cache-dir` says."""

    @property
    def span(self) -> Span:
        """Where it is."""
        return self.line.span

    def is_on(self, variable: str, *options: str) -> bool:
        """Say whether a switch is on, by its variable or by an option."""
        return self.line.has(*options) or self.environment.is_on(variable)

    def lookup(self, name: str) -> str | None:
        """Return a variable as the shell sees it; None if it is not known."""
        if name == "HOME":
            return self.home
        try:
            return self.environment.get(name) or ""
        except Unknown:
            return None

    @property
    def cache(self) -> CacheFolder:
        """Where it keeps what it downloads, by the rules of each tool."""
        tool = self.line.tool
        off = next((name for name in tool.off_variables if self.environment.is_on(name)), "")
        for name, _, _ in self.line.options:
            off = name if name in tool.off_options else off
        if off:
            return CacheFolder(None, "", is_off=True, off_by=off)
        return self.cache_if_on

    @property
    def cache_if_on(self) -> CacheFolder:
        """The same, as if nothing had turned it off."""
        assumed: set[str] = set()
        try:
            return self._found_cache(assumed)
        except Unknown as error:
            return CacheFolder(None, f"`{error.name}` is not known")

    def _found_cache(self, assumed: set[str]) -> CacheFolder:
        tool = self.line.tool
        if tool.option is not None and (values := self.line.values(tool.option)):
            value = values[-1].value(self.lookup)
            return self._set_by(tool.option, value)
        if written := self.environment.get(tool.variable, assumed):
            return self._set_by(tool.variable, written)
        if self.configured_cache and tool.name == "uv":
            return self._set_by("tool.uv.cache-dir", self.configured_cache)
        if base := self.environment.get("XDG_CACHE_HOME", assumed):
            return self._set_by("XDG_CACHE_HOME", base, tool.folder)
        home = self.environment.get("HOME", assumed)
        reason = f"`HOME` is `{home}`"
        if not home:
            home = self.home
            reason = f"the home of `{self.user.name}` is `{home}`"
        if home is None:
            reason = f"the home of `{self.user.name}` is not known"
            return CacheFolder(None, reason, assumed=frozenset(assumed), is_in_unknown_home=True)
        path = absolute(home, f".cache/{tool.folder}")
        return CacheFolder(path, reason, assumed=frozenset(assumed))

    def _set_by(self, setting: str, written: str | None, *below: str) -> CacheFolder:
        if written is None:
            return CacheFolder(None, f"`{setting}` is not known", setting=setting)
        path = None
        if written.startswith("/") or self.workdir is not None:
            path = absolute(self.workdir or "/", posixpath.join(written, *below))
        reason = f"`{setting}` is `{written}`"
        return CacheFolder(path, reason, setting=setting, written=written)


@dataclass(frozen=True, slots=True)
class Run:
    """What a RUN does, as far as it can be told."""

    instruction: Instruction
    before: State
    mounts: tuple[PlacedMount, ...]
    commands: tuple[Command, ...]
    invocations: tuple[Invocation, ...]
    users: tuple[User, ...]
    """Those that it makes."""
    problems: tuple[Problem, ...]

    @property
    def caches(self) -> list[PlacedMount]:
        """The mounts that keep something."""
        return [mount for mount in self.mounts if mount.is_cache]

    @property
    def installs(self) -> list[Invocation]:
        """The commands that download what they install."""
        return [each for each in self.invocations if each.line.installs]


def read_run(instruction: Instruction, state: State, configured_cache: str | None) -> Run:
    """Return what a RUN does at a point of a stage."""
    problems: list[Problem] = []
    mounts = tuple(_mounts(instruction, state, problems))
    text = instruction.shell_text
    found = exec_command(instruction.words) if text is None else commands(text)
    walk = _Walk(state, configured_cache)
    walk.through(found)
    return Run(
        instruction,
        state,
        mounts,
        tuple(found),
        tuple(walk.invocations),
        tuple(walk.users),
        tuple(problems),
    )


def _mounts(
    instruction: Instruction, state: State, problems: list[Problem]
) -> Iterator[PlacedMount]:
    for flag in instruction.flags:
        if flag.name != "mount" or flag.value is None:
            continue
        assumed: set[str] = set()

        def expand(text: str, span: Span, assumed: set[str] = assumed) -> str:
            try:
                return state.expanded(text, assumed)
            except ExpansionError as error:
                message = f"Unable to expand: {error}"
                raise Refused(span, message, is_mount=True) from None

        try:
            mount = read_mount(flag.value, expand)
        except Refused as refused:
            problems.append(refused.problem)
        except Unknown:
            # What an ARG without a value brings is told by none of the files.
            continue
        else:
            yield _placed(mount, written_options(flag.value), state, assumed)


def _placed(
    mount: Mount, written: tuple[Option, ...], state: State, assumed: set[str]
) -> PlacedMount:
    target = mount.get("target")
    targets = [option for option in written if option.key == "target"]
    span = targets[-1].span if targets else mount.span
    text = (targets[-1].value or "") if targets else ""
    path = state.path(target) if target else None
    return PlacedMount(mount, text, target, path, frozenset(assumed), span)


class _Walk:
    """Follows the commands of one RUN: `cd`, `export` and assignments hold for what follows."""

    def __init__(self, state: State, configured_cache: str | None) -> None:
        self._state = state
        self._configured = configured_cache
        self._scopes = [(0, state.environment, state.workdir)]
        self.invocations: list[Invocation] = []
        self.users: list[User] = []

    def through(self, found: list[Command]) -> None:
        """Read all commands."""
        for command in found:
            self._enter(command.depth)
            self._step(command)

    def _enter(self, depth: int) -> None:
        while self._scopes[-1][0] > depth:
            self._scopes.pop()
        if self._scopes[-1][0] < depth:
            _, environment, workdir = self._scopes[-1]
            self._scopes.append((depth, environment, workdir))

    def _step(self, command: Command) -> None:
        depth, environment, workdir = self._scopes[-1]
        values = {each.name: each.value.value(self._lookup) for each in command.assignments}
        inner = environment.with_variables(values) if values else environment
        if not command.words or command.name in ("export", "declare", "readonly"):
            self._scopes[-1] = (depth, inner, workdir)
        elif command.name == "cd":
            self._scopes[-1] = (depth, environment, self._folder(command, workdir))
        elif (line := read_command(command)) is not None:
            self._invoke(line, inner, workdir)
        elif (user := self._made_user(command)) is not None:
            self.users.append(user)

    def _invoke(self, line: CommandLine, environment: Environment, workdir: str | None) -> None:
        home = environment.known("HOME") or self._state.home
        made = Invocation(line, environment, home, workdir, self._state.user, self._configured)
        if folders := line.values("--directory"):
            made = replace(made, workdir=self._below(workdir, folders[-1].value(made.lookup)))
        self.invocations.append(made)

    def _folder(self, command: Command, workdir: str | None) -> str | None:
        if len(command.words) < 2:
            return self._state.home
        return self._below(workdir, command.words[1].value(self._lookup))

    def _below(self, workdir: str | None, path: str | None) -> str | None:
        if path is None or (workdir is None and not path.startswith("/")):
            return None
        return absolute(workdir or "/", path)

    def _made_user(self, command: Command) -> User | None:
        is_alpine = "alpine" in self._state.base.name
        return made_user(command, self._lookup, is_alpine=is_alpine)

    def _lookup(self, name: str) -> str | None:
        environment = self._scopes[-1][1]
        if name == "HOME":
            return environment.known("HOME") or self._state.home
        try:
            # An unset variable is empty for the shell; but what the RUN itself sets by `read`
            # or in a loop looks the same, so that nothing is said of it.
            return environment.get(name)
        except Unknown:
            return None


def invocations(found: list[Command], state: State) -> list[Invocation]:
    """Return the commands of tools among others, as they run at a point of a stage."""
    walk = _Walk(state, None)
    walk.through(found)
    return walk.invocations
