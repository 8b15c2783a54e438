"""The tools that install: where each keeps its cache, and how its command line is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamina.dockerfile.shell import Command, Word
from lamina.dockerfile.text import Span

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*")
_PIP = re.compile(r"pip[0-9.]*")


def words(text: str) -> frozenset[str]:
    """Return the words of a text; a list of options reads best so."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that installs distributions, and keeps what it downloads."""

    name: str
    folder: str
    """The name of its folder in `~/.cache`."""
    variable: str
    """Where that is, if it is set."""
    option: str | None
    """The same on the command line."""
    off_variables: tuple[str, ...]
    """What turns the cache off."""
    off_options: frozenset[str]
    installing: frozenset[tuple[str, ...]]
    """The commands that download what is installed."""
    two_words: frozenset[str] = frozenset()
    """What begins a command of two words."""
    valued: frozenset[str] = frozenset()
    """Options whose value is the next word."""


UV = Tool(
    name="uv",
    folder="uv",
    variable="UV_CACHE_DIR",
    option="--cache-dir",
    off_variables=("UV_NO_CACHE",),
    off_options=frozenset({"--no-cache", "--no-cache-dir", "-n"}),
    installing=frozenset({("sync",), ("pip", "install"), ("pip", "sync"), ("add",), ("run",)}),
    two_words=frozenset({"pip", "cache", "python", "tool", "self"}),
    valued=words(
        "--cache-dir --directory --project --config-file --python -p --extra --group --no-group"
        " --only-group --no-extra --package --link-mode --index --default-index --index-url -i"
        " --extra-index-url --find-links -f --index-strategy --keyring-provider --resolution"
        " --prerelease --config-setting -C --exclude-newer --refresh-package --reinstall-package"
        " --upgrade-package -P --no-install-package --only-install-package --requirement"
        " --requirements -r --constraint -c --override --build-constraint --python-platform"
        " --python-version --target -t --prefix --color --allow-insecure-host --no-binary-package"
        " --no-build-package --with --with-requirements --with-editable --env-file --script"
        " --output-file -o --format"
    ),
)
PIP = Tool(
    name="pip",
    folder="pip",
    variable="PIP_CACHE_DIR",
    option="--cache-dir",
    off_variables=("PIP_NO_CACHE_DIR",),
    off_options=frozenset({"--no-cache-dir"}),
    installing=frozenset({("install",), ("wheel",), ("download",)}),
    two_words=frozenset({"cache", "config"}),
    valued=words(
        "--cache-dir --requirement -r --constraint -c --index-url -i --extra-index-url --find-links"
        " -f --target -t --prefix --root --python --platform --python-version --proxy --timeout"
        " --retries --trusted-host --cert --log --src --progress-bar --no-binary --only-binary"
        " --config-settings -C --group --dest -d --wheel-dir -w --editable -e"
    ),
)
POETRY = Tool(
    name="poetry",
    folder="pypoetry",
    variable="POETRY_CACHE_DIR",
    option=None,
    off_variables=(),
    off_options=frozenset({"--no-cache"}),
    installing=frozenset({("install",), ("sync",), ("add",), ("update",)}),
    two_words=frozenset({"cache", "config", "env", "self"}),
    valued=words("--with --without --only --extras -E --directory -C --project -P --group -G"),
)
PDM = Tool(
    name="pdm",
    folder="pdm",
    variable="PDM_CACHE_DIR",
    option=None,
    off_variables=("PDM_NO_CACHE",),
    off_options=frozenset({"--no-cache"}),
    installing=frozenset({("install",), ("sync",), ("add",), ("update",)}),
    two_words=frozenset({"cache", "self"}),
    valued=words("-G --group --with --without -L --lockfile -p --project -k --skip"),
)
TOOLS = (UV, PIP, POETRY, PDM)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command of a tool, divided; values of options are words, for they may have variables."""

    tool: Tool
    subcommand: tuple[str, ...]
    options: tuple[tuple[str, Word | None, Span], ...]
    arguments: tuple[Word, ...]
    span: Span

    def has(self, *names: str) -> bool:
        """Say whether one of some options is given."""
        return any(name in names for name, _, _ in self.options)

    def values(self, *names: str) -> list[Word]:
        """Return the values that some options have."""
        return [value for name, value, _ in self.options if name in names and value is not None]

    def place(self, *names: str) -> Span:
        """Return where one of some options is; the command, if it is not there."""
        return next((span for name, _, span in self.options if name in names), self.span)

    @property
    def installs(self) -> bool:
        """Whether it downloads what it installs."""
        return self.subcommand in self.tool.installing

    @property
    def shown(self) -> str:
        """The command in short."""
        return " ".join((self.tool.name, *self.subcommand))


def read_command(command: Command) -> CommandLine | None:
    """Return a command as one of a tool; None if it is something else."""
    found = _tool(command)
    if found is None:
        return None
    tool, words = found
    options: list[tuple[str, Word | None, Span]] = []
    arguments: list[Word] = []
    for name, value, span in _split(tool, words):
        if name:
            options.append((name, value, span))
        elif value is not None:
            arguments.append(value)
    first = (arguments[0].literal or "") if arguments else ""
    length = 2 if first in tool.two_words and len(arguments) > 1 else 1
    subcommand = tuple(word.literal or "" for word in arguments[:length])
    return CommandLine(tool, subcommand, tuple(options), tuple(arguments[length:]), command.span)


def _tool(command: Command) -> tuple[Tool, tuple[Word, ...]] | None:
    name, words = command.name, command.words
    if _PYTHON.fullmatch(name) and len(words) > 2 and words[1].literal == "-m":
        name, words = words[2].literal or "", words[2:]
    if _PIP.fullmatch(name):
        return PIP, words[1:]
    return next(((tool, words[1:]) for tool in TOOLS if tool.name == name), None)


def _split(tool: Tool, words: Iterable[Word]) -> Iterator[tuple[str, Word | None, Span]]:
    """Give options with their values, and arguments as options without a name."""
    waiting = iter(words)
    for word in waiting:
        beginning = word.beginning
        if not beginning.startswith("-") or beginning == "-":
            yield "", word, word.span
        elif beginning == "--":
            yield from (("", rest, rest.span) for rest in waiting)
        elif beginning.startswith("--") and "=" in beginning:
            name, _, text = beginning.partition("=")
            start = Span(min(word.span.start + len(name) + 1, word.span.end), word.span.end)
            parts = (text, *word.parts[1:]) if text else word.parts[1:]
            yield name, Word(parts, start), word.span
        elif beginning in tool.valued:
            value = next(waiting, None)
            span = word.span if value is None else word.span.to(value.span)
            yield beginning, value, span
        else:
            yield beginning, None, word.span
