"""Accounts above a base: numbers and lines as Debian's programs choose and write them."""

from __future__ import annotations

from lamina.archive.entry import Kind
from lamina.system.made.users import Accounts, add_users
from lamina.system.scripts.deeds import Deed, Group, Member, Numbers, SystemUsers, User

BASE = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n_apt:x:100:65534::/nonexistent:/bin/x\n",
    "etc/group": b"root:x:0:\naudio:x:29:\nnogroup:x:65534:\n",
    "etc/shadow": b"root:*:19000:0:99999:7:::\n_apt:*:19000:0:99999:7:::\n",
    "etc/gshadow": b"root:*::\naudio:*::\nnogroup:*::\n",
}


def added(accounts: Accounts) -> dict[str, str]:
    """Return what each file has more than in the base."""
    return {
        entry.path: b"".join(entry.content.chunks()).removeprefix(BASE[entry.path]).decode()
        for entry in accounts.entries
        if entry.kind is Kind.FILE
    }


def add(*wanted: Deed, **captured: bytes) -> Accounts:
    files = {f"usr/lib/sysusers.d/{name}.conf": data for name, data in captured.items()}
    return add_users(BASE, wanted, files)


def test_a_user_of_adduser_has_the_first_free_numbers() -> None:
    accounts = add(User("messagebus", group="messagebus"))

    assert added(accounts) == {
        "etc/passwd": "messagebus:x:101:100::/nonexistent:/usr/sbin/nologin\n",
        "etc/group": "messagebus:x:100:\n",
        "etc/shadow": "messagebus:!:1::::::\n",
        "etc/gshadow": "messagebus:!::\n",
    }


def test_a_user_without_a_group_belongs_to_nogroup() -> None:
    accounts = add(User("sshd", home="/run/sshd"), Group("_ssh"))

    assert added(accounts)["etc/passwd"] == "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"
    assert added(accounts)["etc/group"] == "_ssh:x:100:\n"


def test_accounts_of_the_base_stay_as_they_are() -> None:
    assert add(User("_apt", uid=7, home="/x"), Group("audio", 7)).entries == ()


def test_each_file_keeps_who_may_read_it() -> None:
    accounts = add(User("x", group="x"))

    assert [(entry.path, entry.mode, entry.gid) for entry in accounts.entries] == [
        ("etc/passwd", 0o644, 0),
        ("etc/group", 0o644, 0),
        ("etc/shadow", 0o640, 42),
        ("etc/gshadow", 0o640, 42),
    ]


def test_a_home_is_made_where_adduser_makes_it() -> None:
    accounts = add(User("x", group="x", home="/var/lib/x", makes_home=True), User("y"))

    assert accounts.homes == {"/var/lib/x": (101, 100)}


def test_users_of_sysusers_get_equal_numbers_from_the_end() -> None:
    accounts = add(
        SystemUsers(("demo.conf",)),
        demo=b'#Type Name\nu first - "A demo" /var/lib/demo -\nu! second 300:audio\ng third -\n'
        b"m first audio\nr - 500-900\nz x\nu\n'\n",
    )

    assert added(accounts)["etc/passwd"] == (
        "first:x:999:999:A demo:/var/lib/demo:/usr/sbin/nologin\n"
        "second:x:300:29::/:/usr/sbin/nologin\n"
    )
    assert added(accounts)["etc/shadow"] == "first:!*:1::::::\nsecond:!*:1:::::1:\n"
    assert added(accounts)["etc/gshadow"] == (
        "root:*::\naudio:*::first\nnogroup:*::\nfirst:!*::\nthird:!*::\n"
    )
    assert accounts.groups["third"] == 998


def test_a_member_joins_the_line_of_its_group_once() -> None:
    accounts = add(Member("_apt", "audio"), Member("_apt", "audio"), Member("root", "audio"))

    assert added(accounts)["etc/group"] == "root:x:0:\naudio:x:29:_apt,root\nnogroup:x:65534:\n"


def test_a_number_that_is_taken_is_not_given_again() -> None:
    accounts = add(
        User("x", uid=100, group="root"), Group("g", 29), Group("h", numbers=Numbers.DOWNWARDS)
    )

    assert accounts.users["x"] == 101
    assert accounts.groups["g"] == 100
    assert accounts.groups["h"] == 999


def test_a_base_without_shadow_passwords_gets_none() -> None:
    base = {path: BASE[path] for path in ("etc/passwd", "etc/group")}

    accounts = add_users(base, [User("x", group="x")], {})

    assert [entry.path for entry in accounts.entries] == ["etc/passwd", "etc/group"]


def test_accounts_begin_where_a_base_has_none() -> None:
    accounts = add_users({}, [User("x", group="x")], {})

    assert [b"".join(entry.content.chunks()) for entry in accounts.entries] == [
        b"x:x:100:100::/nonexistent:/usr/sbin/nologin\n",
        b"x:x:100:\n",
    ]


def test_numbers_and_names_both_tell_an_owner() -> None:
    accounts = add()

    assert [accounts.uid(name) for name in ("root", "7", "nobody-at-all")] == [0, 7, None]
    assert [accounts.gid(name) for name in ("audio", "7", "nobody-at-all")] == [29, 7, None]
