"""What a command of RUN is about, and what becomes of it where no command is run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.dockerfile.model.apt import PROGRAMS, read_apt
from lamina.dockerfile.model.run import Invocation, Run
from lamina.dockerfile.model.tools import words
from lamina.dockerfile.shell import Command
from lamina.init.meaning import UPDATE, Meaning
from lamina.init.packages import PERHAPS, UPGRADE, of_apt, removal

_OTHER_MANAGERS = words("apk dnf microdnf tdnf yum zypper")
_INSTALLING = words("add install")
_REMOVING = words("erase remove")
_VALUED = words("-c -t -X --repository --virtual")
"""Options of these package managers whose value is the next word."""
_OF_APT = re.compile(r"/etc/apt(?!/apt\.conf)")
_APT_CONF = re.compile(r"/etc/apt/apt\.conf")
_OF_LISTS = re.compile(r"/etc/(?:apk|yum)")
_SOURCE_PROGRAMS = words("add-apt-repository apt-add-repository apt-key")
_APT_PROGRAMS = words("apt-cache apt-config apt-mark")
_LEFT_BEHIND = re.compile(
    r"/var/(?:lib/apt|cache|log|tmp)\b|/tmp\b|/root/\.cache\b|/etc/apt/apt\.conf\.d/docker-clean"
)
_HOME = {"HOME": "/root"}
_INSTALLER = re.compile(r"astral\.sh/uv|uv-installer\.sh")
_TOOLS = words("hatch pdm pip pipenv pipx poetry setuptools uv virtualenv wheel")
_ASSIGNING = words("declare export readonly")
_SILENT = _ASSIGNING | {""} | words(": break cd continue exit false set shopt sleep true")
_UV_ITSELF = frozenset({"cache", "export", "help", "lock", "self", "version"})


_COMMAND = Meaning(
    "`lamina build` runs no commands",
    "Run it before `lamina build`, and name what it makes in `copy`; or run it in a base image of "
    "your own",
)
_SOURCES = Meaning(
    "packages come from where the base's own apt sources say",
    "Name another mirror in `debian-mirror`, other sources in `apt-sources`; else leave it out",
)
_LISTS = Meaning(
    "it says where packages come from that `lamina build` does not install",
    "Leave it out; it belongs where the base image is made that has the packages",
)
_NO_APT = Meaning("`lamina build` does not run apt")
_AUTO = Meaning(
    "what is removed for it is known only when it runs",
    "Leave out of `apt` what serves building alone",
)
_REMOVAL = Meaning(
    "`lamina build` removes no files",
    "Leave it out; if a file of the base must be gone, name a base without it",
)
_DEB = Meaning(
    "`apt` names packages of a mirror, and no files",
    "Publish it in an archive that `apt-sources` names; or name a base that has it",
)
_FROM_LIST = Meaning(
    "what it installs is known only when it runs", "Name in `apt` what it installs"
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
_BY_TEXT = (
    (_INSTALLER, NO_UV),
    (_OF_APT, _SOURCES),
    (_OF_LISTS, _LISTS),
    (_APT_CONF, _NO_APT),
)
"""What the commands of a RUN are about that has such a text."""

_OF_SYSTEM = (
    _AUTO,
    _DEB,
    _FROM_LIST,
    _LISTS,
    _NO_APT,
    _OWNER,
    _REMOVAL,
    _SOURCES,
    _USER,
    PERHAPS,
    UPGRADE,
)


def meanings(run: Run, base: str) -> Iterator[tuple[Command, Meaning]]:
    """Give the commands of a RUN that do something, each with its meaning.

    ``base`` is the image that a base of one's own would be made from.
    """
    text = run.instruction.text.text + "".join(
        each.content.text for each in run.instruction.heredocs
    )
    by_span = {each.span: each for each in run.invocations}
    about = next((meaning for form, meaning in _BY_TEXT if form.search(text)), None)
    environment = run.before.environment
    for command in run.commands:
        values = {each.name: each.value.value(environment.known) for each in command.assignments}
        inner = environment.with_variables(values)
        if not command.words or command.name in _ASSIGNING:
            environment = inner
        invocation = by_span.get(command.span)
        if command.name in _SILENT:
            continue
        if invocation is not None:
            yield command, _of_tool(invocation)
        elif (apt := read_apt(command)) is not None:
            meaning = of_apt(apt, inner.known)
            is_known = command.is_certain or not meaning.is_said
            yield command, meaning if is_known else PERHAPS
        else:
            yield command, _meaning(command, base, about)


def _meaning(command: Command, base: str, about: Meaning | None) -> Meaning:
    """Return what a command means in a RUN that is about something, if it is."""
    if command.name in _OTHER_MANAGERS:
        return _of_others(command, base)
    if command.name in _SOURCE_PROGRAMS:
        return _SOURCES
    if command.name in _APT_PROGRAMS:
        is_auto = any(word.literal == "auto" for word in command.words)
        return _AUTO if is_auto else UPDATE
    if command.name == "rm":
        return UPDATE if _is_tidying(command) else (about or _REMOVAL)
    texts = [word.literal or "" for word in command.words]
    if command.name == "dpkg" and not {"-i", "--install"}.isdisjoint(texts):
        return _DEB
    if command.name == "xargs" and not PROGRAMS.isdisjoint(texts):
        return _FROM_LIST
    is_elsewhere = command.name in _BY_NAME and not any(
        "/etc/apt" in (word.literal or word.beginning) for word in command.words
    )
    if about is not None and not is_elsewhere:
        return about
    if compiles(command):
        return _BYTECODE
    return MADE if _makes_environment(command) else _BY_NAME.get(command.name, _COMMAND)


def is_for_system(meaning: Meaning) -> bool:
    """Say whether a meaning is about the system of the image, and not about what is made in it."""
    return meaning.is_of_packages or meaning in _OF_SYSTEM


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


def _of_others(command: Command, base: str) -> Meaning:
    """Return what a package manager does that is not Debian's."""
    arguments: list[str] = []
    given = iter([word.literal or "?" for word in command.words[1:]])
    for text in given:
        if text in _VALUED:
            next(given, None)
        elif not text.startswith("-"):
            arguments.append(text)
    verb, *packages = arguments or [""]
    if verb == "upgrade" or (verb == "update" and command.name != "apk"):
        return UPGRADE
    if verb in _REMOVING:
        return removal(packages)
    if verb not in _INSTALLING:
        return UPDATE
    what = "it" if len(packages) == 1 else "them"
    return Meaning(
        f"`lamina build` installs packages of Debian and Ubuntu alone: {', '.join(packages)}",
        f"Take a base of Debian, and name {what} in `apt`; or name a base image that has {what} in "
        f"`base`, such as one that is made once of `FROM {base}` and this line",
        tuple(packages),
    )


def _is_tidying(command: Command) -> bool:
    """Say whether `rm` removes what apt and other tools leave behind, which no build has."""
    paths = [word.value(_HOME.get) or word.beginning for word in command.words[1:]]
    given = [path for path in paths if not path.startswith("-")]
    return bool(given) and all(_LEFT_BEHIND.match(each) for each in given)
