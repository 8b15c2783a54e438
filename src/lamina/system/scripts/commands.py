"""What a single command of a maintainer script would do, where it is one that we do ourselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from lamina.system.scripts import account_commands
from lamina.system.scripts.capabilities import capabilities_of
from lamina.system.scripts.deeds import (
    NOTHING,
    Alternative,
    Certificates,
    Copy,
    Deed,
    Folder,
    Link,
    Owner,
    Permission,
    Shell,
    Slave,
)
from lamina.system.scripts.modes import change_of, whole
from lamina.system.scripts.options import Unknown, absolute, account, mode_of, options, some


def deeds_of(words: Sequence[str]) -> list[Deed]:
    """Return what a command would do. Raises `Unknown` if it is not one that we do."""
    reader = _READERS.get(words[0].rpartition("/")[2])
    if reader is None:
        raise Unknown
    return list(reader(words[1:]))


_Reader = Callable[[Sequence[str]], Iterator[Deed]]


def _update_alternatives(words: Sequence[str]) -> Iterator[Deed]:
    left = [word for word in words if word not in ("--quiet", "--force", "--verbose")]
    if left[:1] in (["--list"], ["--query"], ["--display"]):
        return
    if left[:1] in (["--auto"], ["--remove"], ["--remove-all"]):
        return  # What an earlier version of the package left, which was never there.
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
        absolute(each)
    if any("/" in each or "\n" in each for each in (name, *(slave.name for slave in slaves))):
        raise Unknown
    yield Alternative(name, link, path, int(priority), tuple(slaves))


def _copy(words: Sequence[str]) -> Iterator[Deed]:
    plain = ("-a", "-p", "-f", "-pZ", "-aZ", "-Z", "-v", "-n")
    left = [word for word in words if word not in plain]
    if len(left) != 2:
        raise Unknown
    source, target = left
    name = source.rpartition("/")[2] if target.endswith("/") else ""
    yield Copy(absolute(target + name), absolute(source))


def _ucf(words: Sequence[str]) -> Iterator[Deed]:
    """Read ucf(1), which asks about changes of the administrator: at first there are none."""
    found, paths = options(
        words,
        {"--sum-file": "sums", "--src-dir": "sources"},
        {"--three-way": "ways", "--debconf-ok": "debconf", "-p": "purge", "--purge": "purge"},
    )
    if "purge" in found:
        return
    if len(paths) != 2 or "sources" in found:
        raise Unknown
    yield Copy(absolute(paths[1]), absolute(paths[0]))


def _touch(words: Sequence[str]) -> Iterator[Deed]:
    for path in some([word for word in words if word != "-a"]):
        yield Copy(absolute(path), NOTHING)


def _mkdir(words: Sequence[str]) -> Iterator[Deed]:
    found, paths = options(
        words,
        {"-m": "mode", "--mode": "mode"},
        {"-p": "parents", "--parents": "parents", "-Z": "label", "-v": "verbose"},
    )
    for path in some(paths):
        yield Folder(absolute(path), mode_of(found.get("mode", "755")))


def _install(words: Sequence[str]) -> Iterator[Deed]:
    found, paths = options(
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
    owner = Owner(account(found.get("user", "root")), account(found.get("group", "root")))
    mode = mode_of(found.get("mode", "755"))
    if "directory" not in found:
        if len(paths) != 2 or paths[1].endswith("/"):
            raise Unknown
        yield Copy(absolute(paths[1]), absolute(paths[0]), mode, owner)
        return
    for path in some(paths):
        yield Folder(absolute(path), mode, owner)


def _ln(words: Sequence[str]) -> Iterator[Deed]:
    found, names = options(
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
    yield Link(absolute(names[1]), names[0])


def _chmod(words: Sequence[str]) -> Iterator[Deed]:
    for mode, path in _with_paths(words):
        yield Permission(path, change_of(mode))


def _chown(words: Sequence[str]) -> Iterator[Deed]:
    for owner, path in _with_paths(words):
        user, colon, group = owner.partition(":")
        if colon and not group:
            # `user:` is the login group of that user, which only the accounts can tell.
            raise Unknown
        yield Permission(path, owner=Owner(user and account(user), group and account(group)))


def _chgrp(words: Sequence[str]) -> Iterator[Deed]:
    for group, path in _with_paths(words):
        yield Permission(path, owner=Owner(group=account(group)))


def _with_paths(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    left = [word for word in words if word not in ("-f", "-v", "-c", "--")]
    if len(left) < 2 or left[0].startswith("-"):
        raise Unknown
    for path in left[1:]:
        yield left[0], absolute(path)


def _statoverride(words: Sequence[str]) -> Iterator[Deed]:
    left = [word for word in words if word not in ("--quiet", "--force", "--force-all")]
    if left[:1] == ["--list"]:
        return
    if sorted(left[:2]) != ["--add", "--update"] or len(left) != 6:
        raise Unknown
    user, group, mode, path = left[2:]
    owner = Owner(account(user), account(group))
    yield Permission(absolute(path), whole(mode_of(mode)), owner, is_override=True)


def _setcap(words: Sequence[str]) -> Iterator[Deed]:
    left = [word for word in words if word != "-q"]
    if not left or len(left) % 2:
        raise Unknown
    for text, path in zip(left[::2], left[1::2], strict=True):
        capabilities_of(text)
        yield Permission(absolute(path), capabilities=text)


def _add_shell(words: Sequence[str]) -> Iterator[Deed]:
    for path in some(list(words)):
        if not path.startswith("/usr/"):
            raise Unknown  # Where `/bin` is merged, it has a second name, which is added as well.
        yield Shell(absolute(path))


def _configure_symlinks(words: Sequence[str]) -> Iterator[Deed]:
    """Read what mysql-common has for its variants; all that it does is choose a `my.cnf`."""
    if len(words) != 3 or words[0] != "install":
        raise Unknown
    yield Alternative("my.cnf", "/etc/mysql/my.cnf", absolute(words[2]), 200)


def _update_ca_certificates(_words: Sequence[str]) -> Iterator[Deed]:
    yield Certificates()


_READERS: Mapping[str, _Reader] = {
    "add-shell": _add_shell,
    "addgroup": account_commands.addgroup,
    "adduser": account_commands.adduser,
    "chgrp": _chgrp,
    "chmod": _chmod,
    "chown": _chown,
    "configure-symlinks": _configure_symlinks,
    "cp": _copy,
    "dpkg-statoverride": _statoverride,
    "groupadd": account_commands.groupadd,
    "install": _install,
    "ln": _ln,
    "mkdir": _mkdir,
    "setcap": _setcap,
    "systemd-sysusers": account_commands.system_users,
    "touch": _touch,
    "ucf": _ucf,
    "update-alternatives": _update_alternatives,
    "update-ca-certificates": _update_ca_certificates,
    "useradd": account_commands.useradd,
    "usermod": account_commands.usermod,
}
