"""The instructions of a Dockerfile as values, and what they are read into."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.dockerfile.lines import Comment, Directive, Heredoc
from lamina.dockerfile.problem import Problem
from lamina.dockerfile.text import NOTHING, Joined, Span, concatenated

SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag of an instruction, such as ``--from=builder``; ``value`` is not expanded yet."""

    name: str
    value: Joined | None
    span: Span


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and its value, of ENV, LABEL or ARG; ``value`` is not expanded yet."""

    name: str
    value: Joined | None
    span: Span


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, whatever it is; what it does not have is empty."""

    name: str
    """In capitals."""
    text: Joined
    """All of it on one line, without heredocs."""
    span: Span
    keyword: Span
    flags: tuple[Flag, ...] = ()
    arguments: Joined = NOTHING
    """What is behind the flags."""
    words: tuple[Joined, ...] = ()
    """The arguments one by one: the strings of a list in JSON, what COPY copies, what FROM says."""
    is_json: bool = False
    pairs: tuple[Pair, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[Comment, ...] = ()
    inner: Instruction | None = None
    """What ONBUILD puts off, or how HEALTHCHECK checks."""

    def flag(self, name: str) -> Flag | None:
        """Return a flag, if it is there."""
        return next((flag for flag in self.flags if flag.name == name), None)

    def flag_value(self, name: str) -> str | None:
        """Return the value of a flag, not expanded; None if it is not there."""
        flag = self.flag(name)
        return flag.value.text if flag is not None and flag.value is not None else None

    @property
    def shell_text(self) -> Joined | None:
        """What RUN gives to the shell; None for the form in JSON.

        A heredoc alone is the script itself; with a command before it, the shell reads both.
        """
        if self.is_json:
            return None
        if not self.heredocs:
            return self.arguments
        script = self.heredocs[0]
        if len(self.heredocs) == 1 and self._is_heredoc_alone:
            return script.content if _is_for_a_shell(script.content.text) else NOTHING
        pieces = [self.arguments]
        for each in self.heredocs:
            newline = Joined("\n", ((0, each.span.start),))
            name = Joined(each.name, ((0, each.span.end - len(each.name)),))
            pieces += [newline, each.content, name]
        return concatenated(pieces)

    @property
    def _is_heredoc_alone(self) -> bool:
        return self.arguments.text.startswith("<<") and len(self.arguments.text.split()) == 1


def _is_for_a_shell(script: str) -> bool:
    """Say whether a script is read by a shell: its first line may name another program."""
    first = script.partition("\n")[0]
    if not first.startswith("#!"):
        return True
    return any(word.rpartition("/")[2] in SHELLS for word in first.removeprefix("#!").split())


@dataclass(frozen=True, slots=True)
class Stage:
    """What begins with FROM."""

    index: int
    origin: Instruction
    base: Joined
    name: str | None
    """In lower case, as it is referred to."""
    instructions: tuple[Instruction, ...]

    @property
    def platform(self) -> str | None:
        """For which platform the base is, not expanded."""
        return self.origin.flag_value("platform")


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile that was read, with all that a builder would refuse in it."""

    text: str
    escape: str
    directives: tuple[Directive, ...]
    arguments: tuple[Instruction, ...]
    """The ARGs before the first FROM, which only FROM sees."""
    stages: tuple[Stage, ...]
    comments: tuple[Comment, ...]
    problems: tuple[Problem, ...]

    def directive(self, name: str) -> Directive | None:
        """Return a directive, if it is there."""
        return next((each for each in self.directives if each.name == name), None)
