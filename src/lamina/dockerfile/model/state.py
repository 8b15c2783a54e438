"""What the instructions of a stage leave behind for the next: variables, user, folder."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lamina.dockerfile.expand import ExpansionError, expand
from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.model.bases import Base
from lamina.dockerfile.model.environment import Environment, Unknown
from lamina.dockerfile.model.users import ROOT, User
from lamina.dockerfile.problem import Problem
from lamina.dockerfile.text import Joined, Span


@dataclass(frozen=True, slots=True)
class State:
    """A point of a stage, between two instructions."""

    base: Base
    environment: Environment
    user: User
    user_place: Span | None
    """Where the Dockerfile says who runs what follows."""
    workdir: str | None
    """None if it depends on what is not known."""
    users: Mapping[str, User] = field(default_factory=dict)
    escape: str = "\\"

    @classmethod
    def at_beginning(cls, base: Base, escape: str) -> State:
        """Return what a stage begins with."""
        state = cls(base, Environment(base), ROOT, None, base.workdir, {}, escape)
        return replace(state, user=state.find_user(base.user))

    def expanded(self, text: str, assumed: set[str] | None = None) -> str:
        """Return a word expanded as a builder does. Raises `Unknown`, `ExpansionError`."""
        return expand(text, lambda name: self.environment.get(name, assumed), self.escape).text

    def known(self, text: str) -> str | None:
        """Return a word expanded; None if that cannot be told."""
        try:
            return self.expanded(text)
        except (Unknown, ExpansionError):
            return None

    def path(self, text: str | None) -> str | None:
        """Return an absolute path, as seen from the working directory."""
        if text is None or (self.workdir is None and not text.startswith("/")):
            return None
        return absolute(self.workdir or "/", text)

    @property
    def home(self) -> str | None:
        """The home that programs see; None if it is not known."""
        try:
            return self.environment.get("HOME") or self.user.home
        except Unknown:
            return None

    def find_user(self, text: str) -> User:
        """Return the user whom `USER` names."""
        name = text.partition(":")[0]
        if name in ("", "root", "0"):
            return ROOT
        if name in self.users:
            return self.users[name]
        if name.isdecimal():
            made = next((user for user in self.users.values() if user.uid == int(name)), None)
            # Without an entry in /etc/passwd, HOME is the root folder.
            home = "/" if self.base.is_known and self.base.repository != "ubuntu" else None
            return made or User(name, int(name), home, has_home=None)
        return User(name, None, None)

    def after(self, instruction: Instruction, outer: Mapping[str, str | None]) -> State:
        """Return what follows an instruction; ``outer`` are the ARGs before the first FROM."""
        match instruction.name:
            case "ENV":
                values = {pair.name: self._value(pair.value) for pair in instruction.pairs}
                return replace(self, environment=self.environment.with_variables(values))
            case "ARG":
                return self._with_arguments(instruction, outer)
            case "WORKDIR":
                target = self.known(instruction.arguments.text)
                return replace(self, workdir=self.path(target))
            case "USER":
                name = self.known(instruction.arguments.text)
                user = self.find_user(name) if name is not None else User("", None, None)
                return replace(self, user=user, user_place=instruction.span)
            case _:
                return self

    def _with_arguments(self, instruction: Instruction, outer: Mapping[str, str | None]) -> State:
        environment = self.environment
        for pair in instruction.pairs:
            name = self.known(pair.name) or pair.name
            value = outer.get(name) if pair.value is None else self._value(pair.value)
            environment = environment.with_argument(name, value)
        return replace(self, environment=environment)

    def _value(self, text: Joined | None) -> str | None:
        return None if text is None else self.known(text.text)

    def problems(self, instruction: Instruction) -> list[Problem]:
        """Return what a builder refuses only when it expands the variables."""
        found = []
        for text in _expanded_texts(instruction):
            try:
                self.expanded(text.text)
            except ExpansionError as error:
                found.append(Problem(text.span(), f"Unable to expand: {error}"))
            except Unknown:
                pass
        return found


def absolute(folder: str, path: str) -> str:
    """Return a path as an absolute one, without dots.

    >>> absolute("/app", "~/.cache/uv"), absolute("/app", "/x//y/")
    ('/app/~/.cache/uv', '/x/y')
    """
    joined = posixpath.normpath(posixpath.join("/", folder, path))
    return joined if not joined.startswith("//") else joined[1:]


def _expanded_texts(instruction: Instruction) -> list[Joined]:
    if instruction.name in ("ENV", "LABEL", "ARG"):
        return [pair.value for pair in instruction.pairs if pair.value is not None]
    if instruction.name in ("COPY", "ADD"):
        return list(instruction.words)
    return [instruction.arguments] if instruction.name in ("WORKDIR", "USER") else []
