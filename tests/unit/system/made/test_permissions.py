"""Modes, owners and capabilities that scripts would have given to what packages ship."""

from __future__ import annotations

from lamina.archive.entry import Kind
from lamina.system.made.permissions import permissions
from lamina.system.made.users import Accounts
from lamina.system.notes import Shipped
from lamina.system.scripts.deeds import Owner, Permission
from lamina.system.scripts.modes import change_of, whole

ACCOUNTS = Accounts({"root": 0, "redis": 103}, {"root": 0, "_ssh": 101, "crontab": 102})
AGENT = Permission("/usr/bin/ssh-agent", whole(0o2755), Owner("", "_ssh"))
CRONTAB = Permission("/usr/bin/crontab", whole(0o2755), Owner("root", "crontab"), is_override=True)
OVERRIDES = "var/lib/dpkg/statoverride"
SHIPPED = {
    "usr/bin/ssh-agent": Shipped(Kind.FILE, 0o755, 0, 0),
    "usr/bin/crontab": Shipped(Kind.FILE, 0o755, 0, 0),
    "bin/ping": Shipped(Kind.FILE, 0o4755, 0, 7),
    "etc/redis": Shipped(Kind.DIRECTORY, 0o755, 0, 7),
}
CAPTURED = {"usr/bin/ssh-agent": b"agent", "usr/bin/crontab": b"c", "bin/ping": b"ping"}


def test_a_file_stands_again_with_its_new_mode() -> None:
    entries, left = permissions([AGENT], ACCOUNTS, SHIPPED, CAPTURED, {})

    assert left == []
    assert [(each.path, each.mode, each.uid, each.gid) for each in entries] == [
        ("usr/bin/ssh-agent", 0o2755, 0, 101)
    ]
    assert b"".join(entries[0].content.chunks()) == b"agent"


def test_what_is_not_changed_is_as_the_package_has_it() -> None:
    capable = Permission("/bin/ping", change_of("u-s"), capabilities="cap_net_raw+ep")

    entries, _ = permissions([capable], ACCOUNTS, SHIPPED, CAPTURED, {})

    assert [(each.mode, each.gid, each.capabilities.hex()) for each in entries] == [
        (0o755, 7, "0100000200200000000000000000000000000000")
    ]


def test_who_gives_a_file_away_takes_the_rights_of_its_owner() -> None:
    given = Permission("/bin/ping", owner=Owner("redis"))

    entries, _ = permissions([given], ACCOUNTS, SHIPPED, CAPTURED, {})

    assert [(each.mode, each.uid, each.gid) for each in entries] == [(0o755, 103, 7)]


def test_a_folder_is_changed_too() -> None:
    folder = Permission("/etc/redis", change_of("g+ws,o="), Owner("redis"))

    entries, _ = permissions([folder], ACCOUNTS, SHIPPED, {}, {})

    assert [(each.kind, each.mode, each.uid, each.gid) for each in entries] == [
        (Kind.DIRECTORY, 0o2770, 103, 7)
    ]


def test_what_dpkg_is_to_remember_follows_the_lines_of_the_base() -> None:
    base = {OVERRIDES: b"root root 4755 /usr/bin/x\n"}

    entries, _ = permissions([CRONTAB], ACCOUNTS, SHIPPED, CAPTURED, base)

    assert entries[-1].path == OVERRIDES
    assert b"".join(entries[-1].content.chunks()) == (
        b"root root 4755 /usr/bin/x\nroot crontab 2755 /usr/bin/crontab\n"
    )


def test_an_override_of_the_base_is_kept() -> None:
    base = {OVERRIDES: b"root root 755 /usr/bin/crontab\n"}

    entries, _ = permissions([CRONTAB], ACCOUNTS, SHIPPED, CAPTURED, base)

    assert entries == []


def test_of_two_scripts_for_one_file_the_last_counts() -> None:
    other = Permission("/usr/bin/crontab", whole(0o755), Owner("root", "root"))

    entries, _ = permissions([CRONTAB, other], ACCOUNTS, SHIPPED, CAPTURED, {})

    assert [(each.path, each.mode) for each in entries] == [
        ("usr/bin/crontab", 0o755),
        (OVERRIDES, 0o644),
    ]


def test_what_cannot_be_given_is_told() -> None:
    unknown = Permission("/bin/ping", whole(0o640), Owner("nobody-at-all"))
    absent = Permission("/a", whole(0o640), Owner("root"))
    capable = Permission("/etc/redis", capabilities="cap_kill+p")
    wanted = [AGENT, unknown, absent, capable]

    entries, left = permissions(wanted, ACCOUNTS, SHIPPED, {"bin/ping": b""}, {})

    assert entries == []
    assert left == wanted
