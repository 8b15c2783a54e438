"""What a command of RUN is about, and what becomes of it where no command is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lamina.dockerfile.model.run import Invocation, Run
from lamina.dockerfile.model.tools import words
from lamina.dockerfile.shell import Command

_PACKAGE_MANAGERS = words("apt apt-get aptitude apk dnf microdnf yum")
_INSTALLING = words("add install")
_VALUED = words("-o --option -t --target-release -c --config-file --virtual --repository -X")
"""Options of package managers whose value is the next word."""
_OF_LISTS = re.compile(r"/etc/(?:apt|apk|yum)")
_INSTALLER = re.compile(r"astral\.sh/uv|uv-installer\.sh")
_TOOLS = words("hatch pdm pip pipenv pipx poetry setuptools uv virtualenv wheel")
_SILENT = frozenset(
    {"", ":", "cd", "declare", "export", "false", "readonly", "set", "shopt", "true"}
)
_UV_ITSELF = frozenset({"cache", "export", "help", "lock", "self", "version"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a command is about: why it is not run, and what is to be done instead."""

    why: str
    todo: str = ""
    """Empty where a build does by itself what the command did."""
    packages: tuple[str, ...] = ()

    @property
    def is_of_packages(self) -> bool:
        """Whether it is about installing packages of the system, be it before or after."""
        return bool(self.packages) or self == _UPDATE


_COMMAND = Meaning(
    "`lamina build` runs no commands",
    "Run it before `lamina build`, and name what it makes in `copy`; or run it in a base image of "
    "your own",
)
_LISTS = Meaning(
    "it says where packages of the system come from, and `lamina build` installs none",
    "Leave it out; it belongs where the base image is made that has the packages",
)
_UPDATE = Meaning(
    "it is of use only to packages of the system, and `lamina build` installs none",
    "Leave it out",
)
NO_UV = Meaning("`lamina build` needs no uv")
_LOCKED = Meaning("`lamina build` installs what `uv.lock` says")
MADE = Meaning("`lamina build` makes the environment")
_SYSTEM_PYTHON = Meaning(
    "the Python of the image is that of its base",
    "Name a base that has the Python that you want",
)
_OTHER_LOCK = Meaning(
    "what is installed is what `uv.lock` or `pylock.toml` says",
    "Bring what it installs into `[project]` (`uv add`, or `uv add -r requirements.txt`), and run "
    "`uv lock`",
)
_TOOL = Meaning(
    "what is installed is what `uv.lock` or `pylock.toml` says",
    "Add it to a dependency group, and name that in `groups`",
)
_USER = Meaning(
    "`lamina build` makes no users; a number needs none",
    "Name a base that has the user, if a program asks for its name or its home",
)
_OWNER = Meaning(
    "files have the owner that they are copied with", "Say `owner` in the entries of `copy`"
)
_MODE = Meaning(
    "files have the mode that they are copied with",
    "Say `mode` in the entry of `copy`, or make the file executable in the project",
)
_FOLDER = Meaning(
    "`lamina build` runs no commands; folders come with the files in them",
    "Name it in `volume`, or let the program make it; or copy a folder that has a file",
)
_BYTECODE = Meaning("with `bytecode`, `lamina build` compiles the modules")

_BY_NAME = {
    **dict.fromkeys(("addgroup", "adduser", "groupadd", "useradd", "usermod"), _USER),
    **dict.fromkeys(("chgrp", "chown"), _OWNER),
    "chmod": _MODE,
    "mkdir": _FOLDER,
}


def meanings(run: Run, base: str) -> Iterator[tuple[Command, Meaning]]:
    """Give the commands of a RUN that do something, each with its meaning.

    ``base`` is the image that a base of one's own would be made from.
    """
    text = run.instruction.text.text + "".join(
        each.content.text for each in run.instruction.heredocs
    )
    by_span = {each.span: each for each in run.invocations}
    is_about_lists = _OF_LISTS.search(text) is not None
    is_installer = _INSTALLER.search(text) is not None
    installs = False
    for command in run.commands:
        if command.name in _SILENT:
            continue
        invocation = by_span.get(command.span)
        if invocation is not None:
            yield command, _of_tool(invocation)
        elif command.name in _PACKAGE_MANAGERS:
            meaning = _of_packages(command, base)
            installs = installs or bool(meaning.packages)
            yield command, meaning
        elif installs and command.name == "rm":
            yield command, _UPDATE
        elif is_installer:
            yield command, NO_UV
        elif is_about_lists:
            yield command, _LISTS
        elif compiles(command):
            yield command, _BYTECODE
        elif _makes_environment(command):
            yield command, MADE
        else:
            yield command, _BY_NAME.get(command.name, _COMMAND)


def is_for_system(meaning: Meaning) -> bool:
    """Say whether a meaning is about the system of the image, and not about what is made in it."""
    return meaning.is_of_packages or meaning in (_LISTS, _USER, _OWNER)


def compiles(command: Command) -> bool:
    """Say whether a command compiles modules."""
    texts = [word.literal or "" for word in command.words]
    return texts[1:3] == ["-m", "compileall"]


def _makes_environment(command: Command) -> bool:
    texts = [word.literal or "" for word in command.words]
    return texts[1:3] in (["-m", "venv"], ["-m", "virtualenv"]) or command.name == "virtualenv"


def _of_tool(invocation: Invocation) -> Meaning:
    line = invocation.line
    first = line.subcommand[0] if line.subcommand else ""
    if line.tool.name == "uv":
        return _of_uv(first, line.subcommand)
    given = [(word.literal or "?") for word in line.arguments]
    names = {re.split(r"[^A-Za-z0-9_-]", word)[0].lower() for word in given}
    if line.tool.name == "pip" and first == "install" and names and names <= _TOOLS:
        is_plain = not line.has("-r", "--requirement", "-e", "--editable")
        return Meaning("`lamina build` needs nothing that installs") if is_plain else _OTHER_LOCK
    if first in ("config", "cache", "self", "env", ""):
        return Meaning(f"`lamina build` does not run {line.tool.name}")
    return _OTHER_LOCK


def _of_uv(first: str, subcommand: tuple[str, ...]) -> Meaning:
    if first == "sync":
        return _LOCKED
    if first == "venv":
        return MADE
    if first in _UV_ITSELF or not first:
        return NO_UV
    if first == "python":
        return _SYSTEM_PYTHON if subcommand == ("python", "install") else NO_UV
    if first == "pip":
        return _OTHER_LOCK if subcommand[1:] in (("install",), ("sync",)) else NO_UV
    return {"add": _OTHER_LOCK, "tool": _TOOL}.get(first, _COMMAND)


def _of_packages(command: Command, base: str) -> Meaning:
    given = [word.literal or "?" for word in command.words[1:]]
    arguments: list[str] = []
    at = 0
    while at < len(given):
        if given[at] in _VALUED:
            at += 1
        elif not given[at].startswith("-"):
            arguments.append(given[at])
        at += 1
    if not arguments or arguments[0] not in _INSTALLING:
        return _UPDATE
    packages = tuple(arguments[1:])
    what = "it" if len(packages) == 1 else "them"
    return Meaning(
        f"`lamina build` installs no packages of the system: {', '.join(packages)}",
        f"Name a base image that has {what} in `base`, such as one that is made once of "
        f"`FROM {base}` and this line",
        packages,
    )
