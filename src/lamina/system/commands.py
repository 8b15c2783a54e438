"""What a single command of a maintainer script would do, where it is one that we do ourselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from lamina.system.deeds import (
    NOTHING,
    Alternative,
    Certificates,
    Copy,
    Deed,
    Folder,
    Group,
    Link,
    Member,
    Numbers,
    Owner,
    Permission,
    Slave,
    SystemUsers,
    User,
)

_OCTAL = re.compile(r"0*[0-7]{3,4}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
"""What may name an account; nothing that would break a line of `passwd`."""


class Unknown(Exception):
    """A form of a command that is not known."""


def deeds_of(words: Sequence[str]) -> list[Deed]:
    """Return what a command would do. Raises `Unknown` if it is not one that we do."""
    reader = _READERS.get(words[0].rpartition("/")[2])
    if reader is None:
        raise Unknown
    return list(reader(words[1:]))


_Reader = Callable[[Sequence[str]], Iterator[Deed]]


def _options(
    words: Sequence[str], with_value: Mapping[str, str], flags: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the options by one name each, and the rest. Raises `Unknown` for any other."""
    found: dict[str, str] = {}
    rest: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            rest += left
            break
        if not word.startswith("-") or word == "-":
            rest.append(word)
        elif name.startswith("--") and equals and name in with_value:
            found[with_value[name]] = value
        elif word in with_value and left:
            found[with_value[word]] = left.pop(0)
        elif word in flags:
            found[flags[word]] = ""
        elif not word.startswith("--") and word[:2] in with_value and len(word) > 2:
            found[with_value[word[:2]]] = word[2:]
        elif not word.startswith("--") and all(f"-{letter}" in flags for letter in word[1:]):
            found |= {flags[f"-{letter}"]: "" for letter in word[1:]}
        else:
            raise Unknown
    return found, rest


def _update_alternatives(words: Sequence[str]) -> Iterator[Deed]:
    left = [word for word in words if word not in ("--quiet", "--force", "--verbose")]
    if left[:1] in (["--list"], ["--query"], ["--display"]):
        return
    if left[:1] in (["--remove"], ["--remove-all"]):
        return  # Of an earlier version of the package, which was never there.
    if left[:1] != ["--install"] or len(left) < 5:
        raise Unknown
    _, link, name, path, priority, *rest = left
    if not re.fullmatch(r"-?\d+", priority) or len(rest) % 4:
        raise Unknown
    slaves = []
    for at in range(0, len(rest), 4):
        option, slave_link, slave_name, slave_path = rest[at : at + 4]
        if option != "--slave":
            raise Unknown
        slaves.append(Slave(slave_name, slave_link, slave_path))
    for each in (link, path, *(text for slave in slaves for text in (slave.link, slave.path))):
        _absolute(each)
    if any("/" in each or "\n" in each for each in (name, *(slave.name for slave in slaves))):
        raise Unknown
    yield Alternative(name, link, path, int(priority), tuple(slaves))


_QUIET = {
    each: "quiet"
    for each in (
        "--quiet",
        "-q",
        "--force-badname",
        "--allow-bad-names",
        "--allow-badname",
        "--allow-all-names",
        "--verbose",
    )
}


def _adduser(words: Sequence[str]) -> Iterator[Deed]:
    found, names = _options(
        words,
        {
            "--home": "home",
            "--shell": "shell",
            "--gecos": "gecos",
            "--comment": "gecos",
            "--uid": "uid",
            "--ingroup": "group",
            "--gid": "group",
        },
        {
            **_QUIET,
            "--system": "system",
            "--group": "own",
            "--no-create-home": "homeless",
            "--disabled-password": "disabled",
            "--disabled-login": "disabled",
        },
    )
    if len(names) == 2 and not found.keys() - {"quiet"}:
        yield Member(*map(_account, names))
        return
    if len(names) != 1 or "system" not in found:
        raise Unknown
    name = _account(names[0])
    home = found.get("home", "/nonexistent")
    group = name if "own" in found else _account(found.get("group", "nogroup"))
    yield User(
        name,
        group=group,
        uid=_number(found.get("uid")),
        gecos=_field(found.get("gecos", "")),
        home=_field(home),
        shell=_field(found.get("shell", "/usr/sbin/nologin")),
        makes_home="homeless" not in found and not home.startswith("/nonexistent"),
    )


def _addgroup(words: Sequence[str]) -> Iterator[Deed]:
    found, names = _options(words, {"--gid": "gid"}, {**_QUIET, "--system": "system"})
    if len(names) == 2 and not found.keys() - {"quiet"}:
        yield Member(*map(_account, names))
        return
    if len(names) != 1 or "system" not in found:
        raise Unknown
    yield Group(_account(names[0]), _number(found.get("gid")))


def _groupadd(words: Sequence[str]) -> Iterator[Deed]:
    found, names = _options(
        words,
        {"-g": "gid", "--gid": "gid"},
        {"-r": "system", "--system": "system", "-f": "quiet", "--force": "quiet"},
    )
    if len(names) != 1 or not found.keys() & {"system", "gid"}:
        raise Unknown
    yield Group(_account(names[0]), _number(found.get("gid")), Numbers.DOWNWARDS)


def _useradd(words: Sequence[str]) -> Iterator[Deed]:
    found, names = _options(
        words,
        {
            "-d": "home",
            "--home-dir": "home",
            "--home": "home",
            "-s": "shell",
            "--shell": "shell",
            "-c": "gecos",
            "--comment": "gecos",
            "-u": "uid",
            "--uid": "uid",
            "-g": "group",
            "--gid": "group",
        },
        {
            "-r": "system",
            "--system": "system",
            "-M": "homeless",
            "--no-create-home": "homeless",
            "-m": "home made",
            "--create-home": "home made",
            "-U": "own",
            "--user-group": "own",
        },
    )
    if len(names) != 1 or "system" not in found:
        raise Unknown
    name = _account(names[0])
    yield User(
        name,
        group=_account(found.get("group", name)),
        uid=_number(found.get("uid")),
        gecos=_field(found.get("gecos", "")),
        home=_field(found.get("home", f"/home/{name}")),
        shell=_field(found.get("shell", "/bin/sh")),
        makes_home="home made" in found,
        numbers=Numbers.DOWNWARDS,
    )


def _usermod(words: Sequence[str]) -> Iterator[Deed]:
    match list(words):
        case ["-a", "-G", groups, user] | ["-aG", groups, user] | ["-G", groups, "-a", user]:
            for group in groups.split(","):
                yield Member(_account(user), _account(group))
        case _:
            raise Unknown


def _copy(words: Sequence[str]) -> Iterator[Deed]:
    plain = ("-a", "-p", "-f", "-pZ", "-aZ", "-Z", "-v", "-n")
    left = [word for word in words if word not in plain]
    if len(left) != 2:
        raise Unknown
    source, target = left
    name = source.rpartition("/")[2] if target.endswith("/") else ""
    yield Copy(_absolute(target + name), _absolute(source))


def _ucf(words: Sequence[str]) -> Iterator[Deed]:
    """Read ucf(1), which asks about changes of the administrator: at first there are none."""
    found, paths = _options(
        words,
        {"--sum-file": "sums", "--src-dir": "sources"},
        {"--three-way": "ways", "--debconf-ok": "debconf", "-p": "purge", "--purge": "purge"},
    )
    if "purge" in found:
        return
    if len(paths) != 2 or "sources" in found:
        raise Unknown
    yield Copy(_absolute(paths[1]), _absolute(paths[0]))


def _touch(words: Sequence[str]) -> Iterator[Deed]:
    for path in _some([word for word in words if word != "-a"]):
        yield Copy(_absolute(path), NOTHING)


def _system_users(words: Sequence[str]) -> Iterator[Deed]:
    names = [word for word in words if not word.startswith("--root=")]
    if not names or any(name.startswith("-") or "/" in name for name in names):
        raise Unknown
    yield SystemUsers(tuple(names))


def _mkdir(words: Sequence[str]) -> Iterator[Deed]:
    found, paths = _options(
        words,
        {"-m": "mode", "--mode": "mode"},
        {"-p": "parents", "--parents": "parents", "-Z": "label", "-v": "verbose"},
    )
    for path in _some(paths):
        yield Folder(_absolute(path), _mode(found.get("mode", "755")))


def _install(words: Sequence[str]) -> Iterator[Deed]:
    found, paths = _options(
        words,
        {
            "-m": "mode",
            "--mode": "mode",
            "-o": "user",
            "--owner": "user",
            "-g": "group",
            "--group": "group",
        },
        {"-d": "directory", "--directory": "directory", "-v": "verbose"},
    )
    owner = Owner(_account(found.get("user", "root")), _account(found.get("group", "root")))
    mode = _mode(found.get("mode", "755"))
    if "directory" not in found:
        if len(paths) != 2 or paths[1].endswith("/"):
            raise Unknown
        yield Copy(_absolute(paths[1]), _absolute(paths[0]), mode, owner)
        return
    for path in _some(paths):
        yield Folder(_absolute(path), mode, owner)


def _ln(words: Sequence[str]) -> Iterator[Deed]:
    found, names = _options(
        words,
        {},
        {
            "-s": "symbolic",
            "--symbolic": "symbolic",
            "-f": "force",
            "--force": "force",
            "-n": "as it is",
            "-T": "as it is",
            "-v": "verbose",
        },
    )
    if len(names) != 2 or "symbolic" not in found or names[1].endswith("/"):
        raise Unknown
    yield Link(_absolute(names[1]), names[0])


def _chmod(words: Sequence[str]) -> Iterator[Deed]:
    for mode, path in _with_paths(words):
        yield Permission(path, _mode(mode))


def _chown(words: Sequence[str]) -> Iterator[Deed]:
    for owner, path in _with_paths(words):
        user, colon, group = owner.partition(":")
        if colon and not group:
            # `user:` is the login group of that user, which only the accounts can tell.
            raise Unknown
        yield Permission(path, owner=Owner(user and _account(user), group and _account(group)))


def _chgrp(words: Sequence[str]) -> Iterator[Deed]:
    for group, path in _with_paths(words):
        yield Permission(path, owner=Owner(group=_account(group)))


def _with_paths(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    left = [word for word in words if word not in ("-f", "-v", "-c", "--")]
    if len(left) < 2 or left[0].startswith("-"):
        raise Unknown
    for path in left[1:]:
        yield left[0], _absolute(path)


def _statoverride(words: Sequence[str]) -> Iterator[Deed]:
    left = [word for word in words if word not in ("--quiet", "--force", "--force-all")]
    if left[:1] == ["--list"]:
        return
    if sorted(left[:2]) != ["--add", "--update"] or len(left) != 6:
        raise Unknown
    user, group, mode, path = left[2:]
    owner = Owner(_account(user), _account(group))
    yield Permission(_absolute(path), _mode(mode), owner, is_override=True)


def _update_ca_certificates(_words: Sequence[str]) -> Iterator[Deed]:
    yield Certificates()


def _absolute(path: str) -> str:
    parts = path.split("/")
    if not path.startswith("/") or {"..", ".", ""} & set(parts[1:]) or not path.isprintable():
        raise Unknown
    return path


def _some(paths: list[str]) -> list[str]:
    if not paths:
        raise Unknown
    return paths


def _account(name: str) -> str:
    if not (_NAME.fullmatch(name) or name.isdecimal()):
        raise Unknown
    return name


def _field(text: str) -> str:
    if ":" in text or not text.isprintable():
        raise Unknown
    return text


def _mode(text: str) -> int:
    if not _OCTAL.fullmatch(text):
        raise Unknown
    return int(text, 8)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Unknown
    return int(text)


_READERS: Mapping[str, _Reader] = {
    "addgroup": _addgroup,
    "adduser": _adduser,
    "chgrp": _chgrp,
    "chmod": _chmod,
    "chown": _chown,
    "cp": _copy,
    "dpkg-statoverride": _statoverride,
    "groupadd": _groupadd,
    "install": _install,
    "ln": _ln,
    "mkdir": _mkdir,
    "systemd-sysusers": _system_users,
    "touch": _touch,
    "ucf": _ucf,
    "update-alternatives": _update_alternatives,
    "update-ca-certificates": _update_ca_certificates,
    "useradd": _useradd,
    "usermod": _usermod,
}
