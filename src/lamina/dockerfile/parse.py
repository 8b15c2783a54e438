"""A Dockerfile's text to its stages; each thing that a builder refuses is noted and passed over.

The rules, and what is refused, are those of BuildKit's frontend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from lamina.dockerfile.instruction import Dockerfile, Flag, Instruction, Pair, Stage
from lamina.dockerfile.lines import Comment, Heredoc, LogicalLine, read_lines
from lamina.dockerfile.mounts import check_mount
from lamina.dockerfile.problem import Problem, Refused
from lamina.dockerfile.text import Joined, Source, Span
from lamina.dockerfile.words import (
    NotStrings,
    json_words,
    plain_words,
    quoted_words,
    split_flags,
)

_KEYWORD = re.compile(r"[^\t\v\f\r ]+")
_FIRST_WORD = re.compile(r"\S+\s*")
_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_FLAGS: dict[str, frozenset[str]] = {
    "ADD": frozenset(
        {"chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack", "parents"}
    ),
    "COPY": frozenset({"chown", "chmod", "link", "from", "parents", "exclude"}),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
}
_SWITCHES = frozenset({"link", "keep-git-dir", "parents", "unpack"})
_REPEATED = frozenset({"mount", "exclude", "device"})
_NOT_PUT_OFF = frozenset({"ONBUILD", "MAINTAINER", "FROM"})


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile. Never raises: what makes no sense is among its problems."""
    lines = read_lines(Source(text))
    found = _Stages(lines.problems)
    for line in lines.instructions:
        try:
            found.add(_instruction(line, lines.escape))
        except Refused as refused:
            lines.problems.append(refused.problem)
    if not lines.instructions:
        lines.problems.append(Problem(Span(0, 0), "There are no instructions"))
    elif not found.stages and not lines.problems:
        lines.problems.append(Problem(found.last, "There is no `FROM`"))
    return Dockerfile(
        text,
        lines.escape,
        tuple(lines.directives),
        tuple(found.arguments),
        tuple(stage.made(index) for index, stage in enumerate(found.stages)),
        tuple(lines.comments),
        tuple(sorted(lines.problems, key=lambda problem: problem.span)),
    )


@dataclass(slots=True)
class _Open:
    """A stage that is being read."""

    origin: Instruction
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)

    def made(self, index: int) -> Stage:
        base = self.origin.words[0]
        return Stage(index, self.origin, base, self.name, tuple(self.instructions))


class _Stages:
    """What has been read so far."""

    def __init__(self, problems: list[Problem]) -> None:
        self.arguments: list[Instruction] = []
        self.stages: list[_Open] = []
        self.last = Span(0, 0)
        self._problems = problems

    def add(self, instruction: Instruction) -> None:
        """Put an instruction where it belongs. Raises `Refused`."""
        self.last = instruction.span
        if instruction.name == "FROM":
            self.stages.append(_Open(instruction, _stage_name(instruction)))
        elif self.stages:
            self.stages[-1].instructions.append(instruction)
        elif instruction.name == "ARG":
            self.arguments.append(instruction)
        else:
            message = f"`{instruction.name}` is before the first `FROM`"
            raise Refused(instruction.keyword, message)


def _stage_name(instruction: Instruction) -> str | None:
    words = instruction.words
    if len(words) == 3 and words[1].text.lower() == "as":
        name = words[2].text.lower()
        if not _STAGE_NAME.fullmatch(name):
            raise Refused(words[2].span(), f"Invalid name of a stage: {words[2].text}")
        return name
    if len(words) != 1:
        raise Refused(instruction.span, "Expected `FROM IMAGE` or `FROM IMAGE AS NAME`")
    return None


def _instruction(line: LogicalLine, escape: str) -> Instruction:
    return _read(line.text.stripped(), line.span, escape, line.heredocs, line.comments)


def _read(
    text: Joined,
    span: Span,
    escape: str,
    heredocs: tuple[Heredoc, ...],
    comments: tuple[Comment, ...],
) -> Instruction:
    match = _KEYWORD.match(text.text)
    if match is None:
        raise Refused(span, "Expected an instruction")
    keyword = text.span(*match.span())
    name = match[0].upper()
    if name not in _KINDS:
        raise Refused(keyword, f"Unknown instruction: {match[0]}")
    parts, rest = split_flags(text.slice(match.end()))
    plain = Instruction(
        name,
        text,
        span,
        keyword,
        _flags(name, parts),
        rest,
        heredocs=heredocs,
        comments=comments,
    )
    return _KINDS[name](plain, escape)


def _flags(name: str, parts: Iterable[Joined]) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    for part in parts:
        flag_name, equals, _ = part.text[2:].partition("=")
        span = part.span()
        value = part.slice(len(flag_name) + 3) if equals else None
        if flag_name not in _FLAGS.get(name, ()):
            raise Refused(span, f"`{name}` has no flag `--{flag_name}`")
        if flag_name not in _REPEATED and any(each.name == flag_name for each in flags):
            raise Refused(span, f"`--{flag_name}` is given twice")
        if flag_name in _SWITCHES:
            if value is not None and value.text.lower() not in ("true", "false"):
                raise Refused(span, f"`--{flag_name}` is `true` or `false`, got: {value.text}")
        elif value is None:
            hint = f", such as `--{flag_name}=...`" if flag_name == "mount" else ""
            message = f"`--{flag_name}` needs `=` and a value{hint}"
            raise Refused(span, message, is_mount=flag_name == "mount")
        if flag_name == "mount" and value is not None:
            check_mount(value)
        flags.append(Flag(flag_name, value, span))
    return tuple(flags)


def _required(plain: Instruction) -> None:
    if not plain.arguments.text:
        raise Refused(plain.span, f"`{plain.name}` needs an argument")


def _json(plain: Instruction) -> list[Joined] | None:
    try:
        return json_words(plain.arguments)
    except NotStrings:
        message = "A list in JSON can have only strings"
        raise Refused(plain.arguments.span(), message) from None


def _text(plain: Instruction, escape: str) -> Instruction:
    _required(plain)
    return plain


def _command(plain: Instruction, escape: str) -> Instruction:
    words = _json(plain)
    if words is None:
        return plain
    return replace(plain, words=tuple(words), is_json=True)


def _shell(plain: Instruction, escape: str) -> Instruction:
    found = _command(plain, escape)
    if not found.is_json or not found.words:
        raise Refused(plain.span, "`SHELL` needs a list in JSON")
    return found


def _list(plain: Instruction, escape: str) -> Instruction:
    words = _json(plain)
    is_json = words is not None
    if words is None:
        words = plain_words(plain.arguments)
    if not words or (plain.name == "VOLUME" and not all(word.text.strip() for word in words)):
        raise Refused(plain.span, f"`{plain.name}` needs an argument")
    return replace(plain, words=tuple(words), is_json=is_json)


def _copy(plain: Instruction, escape: str) -> Instruction:
    if len(plain_words(plain.arguments)) < 1:
        raise Refused(plain.span, f"`{plain.name}` needs what to copy, and where to")
    found = _list(plain, escape)
    if len(found.words) < 2:
        raise Refused(plain.span, f"`{plain.name}` needs what to copy, and where to")
    if plain.heredocs and found.words[-1].text.startswith("<<"):
        raise Refused(found.words[-1].span(), "A heredoc is no place to copy to")
    return found


def _from(plain: Instruction, escape: str) -> Instruction:
    words = plain_words(plain.arguments)
    if not words:
        raise Refused(plain.span, "Expected `FROM IMAGE` or `FROM IMAGE AS NAME`")
    return replace(plain, words=tuple(words))


def _env(plain: Instruction, escape: str) -> Instruction:
    words = quoted_words(plain.arguments, escape)
    if not words:
        raise Refused(plain.span, f"`{plain.name}` needs an argument")
    if "=" not in words[0].text:
        name, value = _old_pair(plain)
        return replace(plain, pairs=(Pair(name, value, plain.arguments.span()),))
    return replace(plain, pairs=tuple(_pair(plain, word) for word in words))


def _old_pair(plain: Instruction) -> tuple[str, Joined]:
    """Return the one pair of ``ENV name value``."""
    match = _KEYWORD.match(plain.arguments.text)
    value = plain.arguments.slice(match.end()).stripped() if match else plain.arguments
    if match is None or match.end() == len(plain.arguments.text):
        raise Refused(plain.span, f"`{plain.name}` needs a name and a value")
    return match[0], value


def _pair(plain: Instruction, word: Joined) -> Pair:
    name, equals, _ = word.text.partition("=")
    if not equals:
        raise Refused(word.span(), f"Expected `name=value`, got: {word.text}")
    if not name:
        raise Refused(word.span(), f"A name of `{plain.name}` is empty")
    return Pair(name, word.slice(len(name) + 1), word.span())


def _arg(plain: Instruction, escape: str) -> Instruction:
    words = quoted_words(plain.arguments, escape)
    if not words:
        raise Refused(plain.span, "`ARG` needs an argument")
    pairs = []
    for word in words:
        name, equals, _ = word.text.partition("=")
        if not name:
            raise Refused(word.span(), "A name of `ARG` is empty")
        value = word.slice(len(name) + 1) if equals else None
        pairs.append(Pair(name, value, word.span()))
    return replace(plain, pairs=tuple(pairs))


def _onbuild(plain: Instruction, escape: str) -> Instruction:
    _required(plain)
    match = _KEYWORD.match(plain.arguments.text)
    name = match[0].upper() if match else ""
    if name in _NOT_PUT_OFF:
        raise Refused(plain.arguments.span(), f"`{name}` cannot be put off by `ONBUILD`")
    inner = _read(plain.arguments, plain.arguments.span(), escape, plain.heredocs, ())
    return replace(plain, inner=inner)


def _healthcheck(plain: Instruction, escape: str) -> Instruction:
    _required(plain)
    match = _FIRST_WORD.match(plain.arguments.text)
    kind = match[0].strip().upper() if match else ""
    rest = plain.arguments.slice(match.end() if match else 0)
    if kind == "NONE":
        if rest.text.strip():
            raise Refused(rest.span(), "`HEALTHCHECK NONE` takes no arguments")
        return plain
    if kind != "CMD":
        raise Refused(plain.arguments.span(), "Expected `HEALTHCHECK CMD` or `HEALTHCHECK NONE`")
    command = _command(replace(plain, name="CMD", flags=(), arguments=rest.stripped()), escape)
    if not command.arguments.text or (command.is_json and not command.words):
        raise Refused(plain.span, "`HEALTHCHECK CMD` needs a command")
    return replace(plain, inner=command)


_KINDS: dict[str, Callable[[Instruction, str], Instruction]] = {
    "ADD": _copy,
    "ARG": _arg,
    "CMD": _command,
    "COPY": _copy,
    "ENTRYPOINT": _command,
    "ENV": _env,
    "EXPOSE": _list,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _env,
    "MAINTAINER": _text,
    "ONBUILD": _onbuild,
    "RUN": _command,
    "SHELL": _shell,
    "STOPSIGNAL": _text,
    "USER": _text,
    "VOLUME": _list,
    "WORKDIR": _text,
}
