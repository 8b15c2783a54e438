"""Modes and owners that scripts would have given to files."""

from __future__ import annotations

from lamina.system.made.permissions import permissions
from lamina.system.made.users import Accounts
from lamina.system.scripts.deeds import Owner, Permission

ACCOUNTS = Accounts({"root": 0}, {"root": 0, "_ssh": 101, "crontab": 102})
AGENT = Permission("/usr/bin/ssh-agent", 0o2755, Owner("", "_ssh"))
CRONTAB = Permission("/usr/bin/crontab", 0o2755, Owner("root", "crontab"), is_override=True)
OVERRIDES = "var/lib/dpkg/statoverride"


def test_a_file_stands_again_with_its_new_mode() -> None:
    entries, left = permissions([AGENT], ACCOUNTS, {"usr/bin/ssh-agent": b"agent"}, {})

    assert left == []
    assert [(each.path, each.mode, each.uid, each.gid) for each in entries] == [
        ("usr/bin/ssh-agent", 0o2755, 0, 101)
    ]
    assert b"".join(entries[0].content.chunks()) == b"agent"


def test_what_dpkg_is_to_remember_follows_the_lines_of_the_base() -> None:
    base = {OVERRIDES: b"root root 4755 /usr/bin/x\n"}

    entries, _ = permissions([CRONTAB], ACCOUNTS, {"usr/bin/crontab": b"c"}, base)

    assert entries[-1].path == OVERRIDES
    assert b"".join(entries[-1].content.chunks()) == (
        b"root root 4755 /usr/bin/x\nroot crontab 2755 /usr/bin/crontab\n"
    )


def test_an_override_of_the_base_is_kept() -> None:
    base = {OVERRIDES: b"root root 755 /usr/bin/crontab\n"}

    entries, _ = permissions([CRONTAB], ACCOUNTS, {"usr/bin/crontab": b"c"}, base)

    assert entries == []


def test_of_two_scripts_for_one_file_the_last_counts() -> None:
    other = Permission("/usr/bin/crontab", 0o755, Owner("root", "root"))

    entries, _ = permissions([CRONTAB, other], ACCOUNTS, {"usr/bin/crontab": b"c"}, {})

    assert [(each.path, each.mode) for each in entries] == [
        ("usr/bin/crontab", 0o755),
        (OVERRIDES, 0o644),
    ]


def test_what_cannot_be_given_is_told() -> None:
    unknown = Permission("/a", 0o640, Owner("nobody-at-all"))
    modeless = Permission("/a", None, Owner("root"))

    entries, left = permissions([AGENT, unknown, modeless], ACCOUNTS, {"a": b""}, {})

    assert entries == []
    assert left == [AGENT, unknown, modeless]
