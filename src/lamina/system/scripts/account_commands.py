"""Commands that make users and groups, as deeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.system.scripts.deeds import Deed, Group, Member, Numbers, SystemUsers, User
from lamina.system.scripts.options import Unknown, account, field, number, options

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


def adduser(words: Sequence[str]) -> Iterator[Deed]:
    """Read `adduser`: a system user, or one more group for a user."""
    found, names = options(
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
        yield Member(*map(account, names))
        return
    if len(names) != 1 or "system" not in found:
        raise Unknown
    name = account(names[0])
    home = found.get("home", "/nonexistent")
    group = name if "own" in found else account(found.get("group", "nogroup"))
    yield User(
        name,
        group=group,
        uid=number(found.get("uid")),
        gecos=field(found.get("gecos", "")),
        home=field(home),
        shell=field(found.get("shell", "/usr/sbin/nologin")),
        makes_home="homeless" not in found and not home.startswith("/nonexistent"),
    )


def addgroup(words: Sequence[str]) -> Iterator[Deed]:
    """Read `addgroup`, which is like `adduser` there."""
    found, names = options(words, {"--gid": "gid"}, {**_QUIET, "--system": "system"})
    if len(names) == 2 and not found.keys() - {"quiet"}:
        yield Member(*map(account, names))
        return
    if len(names) != 1 or "system" not in found:
        raise Unknown
    yield Group(account(names[0]), number(found.get("gid")))


def groupadd(words: Sequence[str]) -> Iterator[Deed]:
    """Read `groupadd`: a system group, or one of a certain number."""
    found, names = options(
        words,
        {"-g": "gid", "--gid": "gid"},
        {"-r": "system", "--system": "system", "-f": "quiet", "--force": "quiet"},
    )
    if len(names) != 1 or not found.keys() & {"system", "gid"}:
        raise Unknown
    yield Group(account(names[0]), number(found.get("gid")), Numbers.DOWNWARDS)


def useradd(words: Sequence[str]) -> Iterator[Deed]:
    """Read `useradd`: a system user."""
    found, names = options(
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
    name = account(names[0])
    yield User(
        name,
        group=account(found.get("group", name)),
        uid=number(found.get("uid")),
        gecos=field(found.get("gecos", "")),
        home=field(found.get("home", f"/home/{name}")),
        shell=field(found.get("shell", "/bin/sh")),
        makes_home="home made" in found,
        numbers=Numbers.DOWNWARDS,
    )


def usermod(words: Sequence[str]) -> Iterator[Deed]:
    """Read `usermod`, as far as it adds to groups."""
    match list(words):
        case ["-a", "-G", groups, user] | ["-aG", groups, user] | ["-G", groups, "-a", user]:
            for group in groups.split(","):
                yield Member(account(user), account(group))
        case _:
            raise Unknown


def system_users(words: Sequence[str]) -> Iterator[Deed]:
    """Read systemd-sysusers(8) with the names of its files."""
    names = [word for word in words if not word.startswith("--root=")]
    if not names or any(name.startswith("-") or "/" in name for name in names):
        raise Unknown
    yield SystemUsers(tuple(names))
