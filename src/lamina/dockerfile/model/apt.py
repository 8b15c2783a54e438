"""A command of apt in a RUN: what it does to the packages of an image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamina.dockerfile.model.tools import words
from lamina.dockerfile.shell import Command, Word

PROGRAMS = frozenset({"apt", "apt-get", "aptitude"})
_VALUED = words(
    "-a -c -o -t --config-file --default-release --host-architecture --option --target-release"
)
"""Options whose value is the next word, if it is not written in the same (apt-get(8))."""
_SHORT = ("-a", "-c", "-o", "-t")
_ONLY_SAID = words(
    "-d -s --download-only --dry-run --just-print --no-act --print-uris --recon --simulate"
)
_RECOMMENDS = re.compile(r"""APT::Install-Recommends["'\s=]*(\w+)""", re.IGNORECASE)
_NO = words("0 false no off without disable")


@dataclass(frozen=True, slots=True)
class Apt:
    """What a command line of ``apt-get``, ``apt`` or ``aptitude`` says."""

    verb: str
    """What it is to do; empty if it says nothing, or what only a run would tell."""
    packages: tuple[Word, ...]
    """What stands behind it."""
    suite: str = ""
    """That `-t` prefers."""
    recommends: bool | None = None
    """Whether it wants what packages recommend; None where the configuration says."""
    is_only_said: bool = False
    """Whether nothing is installed in truth."""
    is_only_upgrade: bool = False
    """Whether nothing is installed that is not there yet."""


def read_apt(command: Command) -> Apt | None:
    """Return what a command of apt says, or None of another command.

    >>> from lamina.dockerfile.shell import commands
    >>> from lamina.dockerfile.text import Joined
    >>> text = "apt-get -qq install -y -t stable git"
    >>> apt = read_apt(commands(Joined(text, ((0, 0),)))[0])
    >>> apt.verb, [each.literal for each in apt.packages], apt.suite
    ('install', ['git'], 'stable')
    """
    if command.name not in PROGRAMS:
        return None
    options, rest = _parted(command.words[1:])
    names = {name for name, _ in options}
    return Apt(
        verb=(rest[0].literal or "") if rest else "",
        packages=tuple(rest[1:]),
        suite=next((value for name, value in reversed(options) if name == "-t"), ""),
        recommends=_recommends(options, is_aptitude=command.name == "aptitude"),
        is_only_said=not names.isdisjoint(_ONLY_SAID),
        is_only_upgrade="--only-upgrade" in names,
    )


def installed(commands: Iterable[Command]) -> tuple[str, ...]:
    """Return what commands install and leave, as far as it is written there, each once."""
    found: dict[str, None] = {}
    for command in commands:
        apt = read_apt(command)
        if apt is None or apt.is_only_said or apt.is_only_upgrade or not command.is_certain:
            continue
        names = [each.literal for each in apt.packages if each.literal]
        if apt.verb == "install":
            found |= dict.fromkeys(names)
        elif apt.verb in ("autoremove", "purge", "remove"):
            for name in names:
                found.pop(name, None)
    return tuple(found)


def is_without_recommended(text: str) -> bool:
    """Say whether a text, of apt.conf(5), turns off what packages recommend.

    >>> is_without_recommended('APT::Install-Recommends "false";')
    True
    """
    found = _RECOMMENDS.findall(text)
    return bool(found) and found[-1].lower() in _NO


def _parted(given: Sequence[Word]) -> tuple[list[tuple[str, str]], list[Word]]:
    """Return the options with their values, and all other words."""
    options: list[tuple[str, str]] = []
    rest: list[Word] = []
    waiting = iter(given)
    for word in waiting:
        text = word.literal or word.beginning
        if text == "--":
            rest += waiting
        elif not text.startswith("-"):
            rest.append(word)
        else:
            options += _option(text, waiting)
    return options, rest


def _option(text: str, following: Iterator[Word]) -> Iterator[tuple[str, str]]:
    name, equals, value = text.partition("=")
    if text[:2] in _SHORT and len(text) > 2:
        name, equals, value = text[:2], "=", text[2:].removeprefix("=")
    if name in _VALUED and not equals:
        word = next(following, None)
        value = (word.literal or "") if word is not None else ""
    yield ("-t" if name in ("--default-release", "--target-release") else name), value


def _recommends(options: Sequence[tuple[str, str]], *, is_aptitude: bool) -> bool | None:
    found: bool | None = None
    for name, value in options:
        if name in ("--no-install-recommends", "--without-recommends"):
            found = False
        elif name in ("--install-recommends", "--with-recommends"):
            found = True
        elif is_aptitude and name in ("-R", "-r"):
            found = name == "-r"
        elif name in ("-o", "--option") and _RECOMMENDS.search(value):
            found = not is_without_recommended(value)
    return found
