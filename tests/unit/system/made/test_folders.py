"""Folders and links that scripts would have made."""

from __future__ import annotations

from lamina.system.made.folders import folders
from lamina.system.made.users import Accounts
from lamina.system.scripts.deeds import Copy, Deed, Folder, Group, Link, Owner

ACCOUNTS = Accounts({"root": 0, "man": 6}, {"root": 0, "staff": 50})


def test_homes_are_made_for_their_users() -> None:
    accounts = Accounts(
        {"root": 0, "a": 101, "man": 6},
        {"root": 0, "a": 102},
        homes={"/var/lib/a": (101, 102), "/var/lib/b": (103, 104), "/var/lib/c": (105, 106)},
    )
    wanted = [Folder("/var/lib/a", 0o700), Folder("/var/lib/b", owner=Owner("man", "root"))]

    found = list(folders(wanted, accounts, {}, lambda _: False))

    assert [(each.path, each.mode, each.uid, each.gid) for each in found] == [
        ("var/lib/a", 0o700, 101, 102),
        ("var/lib/b", 0o755, 6, 0),
        ("var/lib/c", 0o755, 105, 106),
    ]


def test_each_is_made_once_where_nothing_is() -> None:
    wanted: list[Deed] = [
        Group("x"),
        Folder("/usr/local/share/fonts", 0o2775, Owner("root", "staff")),
        Folder("/usr/local/share/fonts"),
        Folder("/var/cache/x", owner=Owner("man", "nobody-at-all")),
        Folder("/etc/there"),
        Link("/etc/s", "../b"),
        Copy("/etc/x", "/usr/share/x", 0o640, Owner("man", "staff")),
        Copy("/etc/empty", "/dev/null"),
        Copy("/etc/y", "/usr/share/too-large"),
    ]

    found = list(
        folders(wanted, ACCOUNTS, {"usr/share/x": b"x"}, lambda path: path == "/etc/there")
    )

    assert [(each.path, each.mode, each.uid, each.gid, each.target) for each in found] == [
        ("usr/local/share/fonts", 0o2775, 0, 50, ""),
        ("var/cache/x", 0o755, 6, 0, ""),
        ("etc/s", 0o777, 0, 0, "../b"),
        ("etc/x", 0o640, 6, 50, ""),
        ("etc/empty", 0o644, 0, 0, ""),
    ]
