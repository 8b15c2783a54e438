"""Users and their homes, as far as a Dockerfile makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lamina.dockerfile.model.tools import words
from lamina.dockerfile.shell import Command

_NOWHERE = "/nonexistent"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody whom RUN may run as."""

    name: str
    uid: int | None
    home: str | None
    """None if it is not known."""
    has_home: bool | None = None
    """Whether the folder is there; None if that is not known."""

    @property
    def is_root(self) -> bool:
        """Whether it may do everything."""
        return self.uid == 0


ROOT = User("root", 0, "/root", has_home=True)


def made_user(
    command: Command, lookup: Callable[[str], str | None], *, is_alpine: bool
) -> User | None:
    """Return the user that `useradd` or `adduser` makes."""
    if command.name not in ("useradd", "adduser"):
        return None
    given = [word.value(lookup) for word in command.words[1:]]
    valued = _ALPINE_VALUED if is_alpine and command.name == "adduser" else _VALUED[command.name]
    options, names = _options(given, valued)
    if not names or names[-1] is None:
        return None
    # `adduser USER GROUP` adds nobody.
    if command.name == "adduser" and len(names) > 1:
        return None
    name = names[0] or ""
    uid = options.get("--uid") or options.get("-u")
    number = int(uid) if uid is not None and uid.isdecimal() else None
    home = options.get("--home") or options.get("--home-dir") or options.get("-d")
    if is_alpine and command.name == "adduser":
        home = options.get("-h")
    is_system = "--system" in options and command.name == "adduser"
    usual = _NOWHERE if is_system else f"/home/{name}"
    return User(name, number, home or usual, _makes_home(command.name, options, home, is_alpine))


def _makes_home(
    program: str, options: dict[str, str | None], home: str | None, alpine: bool
) -> bool:
    if home == _NOWHERE:
        return False
    if program == "adduser":
        refused = "-H" in options if alpine else "--no-create-home" in options
        return not refused and ("--system" not in options or home is not None)
    return bool({"-m", "--create-home", "-rm", "-ms", "-mr", "-lm", "-ml", "-mrs"} & options.keys())


_VALUED = {
    "useradd": words(
        "-b --base-dir -c --comment -d --home-dir --home -e --expiredate -f --inactive -g --gid"
        " -G --groups -k --skel -K --key -p --password -s --shell -ms -mrs -u --uid -R -P -Z"
    ),
    "adduser": words(
        "--home --shell --uid --firstuid --lastuid --gid --ingroup --gecos --comment --conf"
        " --firstgid --lastgid"
    ),
}
_ALPINE_VALUED = words("-h -g -s -G -u -k")


def _options(
    given: list[str | None], valued: frozenset[str]
) -> tuple[dict[str, str | None], list[str | None]]:
    options: dict[str, str | None] = {}
    names: list[str | None] = []
    at = 0
    while at < len(given):
        word = given[at]
        at += 1
        if word is None or not word.startswith("-"):
            names.append(word)
            continue
        name, equals, value = word.partition("=")
        if equals:
            options[name] = value
        elif name in valued:
            options[name] = given[at] if at < len(given) else None
            at += 1
        else:
            options[name] = ""
    return options, names
