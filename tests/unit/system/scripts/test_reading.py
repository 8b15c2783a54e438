"""What maintainer scripts would do, as values."""

from __future__ import annotations

import pytest

from lamina.system.scripts.commands import deeds_of
from lamina.system.scripts.deeds import (
    Alternative,
    Certificates,
    Copy,
    Deed,
    Deeds,
    Folder,
    Group,
    Link,
    Member,
    Numbers,
    Owner,
    Permission,
    Shell,
    Slave,
    SystemUsers,
    Text,
    Undone,
    User,
)
from lamina.system.scripts.modes import Mode, whole
from lamina.system.scripts.options import Unknown
from lamina.system.scripts.reading import needed_files, read_scripts

CONTROL = b"Package: demo\nVersion: 1\nArchitecture: amd64\n"


def read(postinst: str, *paths: str, **files: bytes) -> Deeds:
    script = f"#!/bin/sh\nset -e\n{postinst}".encode()
    return read_scripts("demo", {"control": CONTROL, "postinst": script, **files}, paths)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "update-alternatives --install /usr/bin/editor editor /bin/nano 40 "
            "--slave /usr/share/man/man1/editor.1.gz editor.1.gz /usr/share/man/man1/nano.1.gz",
            Alternative(
                "editor",
                "/usr/bin/editor",
                "/bin/nano",
                40,
                (
                    Slave(
                        "editor.1.gz",
                        "/usr/share/man/man1/editor.1.gz",
                        "/usr/share/man/man1/nano.1.gz",
                    ),
                ),
            ),
        ),
        (
            "adduser --system --quiet --home /nonexistent --no-create-home --group messagebus",
            User("messagebus", group="messagebus"),
        ),
        (
            "adduser --system --home /var/lib/x --shell /bin/sh --gecos X --ingroup mail x",
            User("x", group="mail", gecos="X", home="/var/lib/x", shell="/bin/sh", makes_home=True),
        ),
        ("adduser --system --home=/run/x --no-create-home x", User("x", home="/run/x")),
        ("adduser --quiet pulse audio", Member("pulse", "audio")),
        ("addgroup --system --quiet --force-badname _ssh", Group("_ssh")),
        ("addgroup --system --gid 107 x", Group("x", 107)),
        ("groupadd -r x", Group("x", numbers=Numbers.DOWNWARDS)),
        (
            "useradd -r -M -d /var/lib/x -s /bin/false x",
            User("x", "x", None, "", "/var/lib/x", "/bin/false", numbers=Numbers.DOWNWARDS),
        ),
        ("usermod -a -G audio x", Member("x", "audio")),
        ("systemd-sysusers --root= polkitd.conf", SystemUsers(("polkitd.conf",))),
        ("mkdir -p /var/lib/x", Folder("/var/lib/x")),
        ("mkdir -m 0700 /var/lib/x", Folder("/var/lib/x", 0o700)),
        (
            "install -d -o man -gadm -m2750 /var/x",
            Folder("/var/x", 0o2750, Owner("man", "adm")),
        ),
        ("ln -sf ../x /etc/y", Link("/etc/y", "../x")),
        ("cp -p /usr/share/x /etc/x", Copy("/etc/x", "/usr/share/x")),
        ("cp /usr/share/x /etc/y/", Copy("/etc/y/x", "/usr/share/x")),
        ("ucf --three-way --debconf-ok /usr/share/x /etc/y", Copy("/etc/y", "/usr/share/x")),
        ("touch /etc/x", Copy("/etc/x", "/dev/null")),
        (
            "install -m 0640 -o man -g adm /usr/share/x /etc/x",
            Copy("/etc/x", "/usr/share/x", 0o640, Owner("man", "adm")),
        ),
        ("chmod 2755 /usr/bin/x", Permission("/usr/bin/x", whole(0o2755))),
        ("chmod u-s,g+w /usr/bin/x", Permission("/usr/bin/x", Mode(0o3777, 0o20))),
        ("setcap cap_kill+p /usr/bin/x", Permission("/usr/bin/x", capabilities="cap_kill+p")),
        ("chown root:adm /usr/bin/x", Permission("/usr/bin/x", owner=Owner("root", "adm"))),
        ("chgrp adm /usr/bin/x", Permission("/usr/bin/x", owner=Owner("", "adm"))),
        (
            "dpkg-statoverride --update --add root crontab 2755 /usr/bin/x",
            Permission("/usr/bin/x", whole(0o2755), Owner("root", "crontab"), is_override=True),
        ),
        ("update-ca-certificates --fresh", Certificates()),
        ("add-shell /usr/bin/tmux", Shell("/usr/bin/tmux")),
        (
            "/usr/share/mysql-common/configure-symlinks install mariadb /etc/mysql/mariadb.cnf",
            Alternative("my.cnf", "/etc/mysql/my.cnf", "/etc/mysql/mariadb.cnf", 200),
        ),
    ],
)
def test_a_command_is_read(command: str, expected: Deed) -> None:
    assert deeds_of(command.split()) == [expected]


@pytest.mark.parametrize(
    "command",
    [
        "update-alternatives --install /usr/bin/x x /bin/y often",
        "update-alternatives --install /usr/bin/x x /bin/y 1 --slave /a b",
        "update-alternatives --install /usr/bin/x ../x /bin/y 1",
        "update-alternatives --install /../x x /bin/y 1",
        "adduser x",
        "adduser --system --unheard x",
        "adduser --system --home /a:b x",
        "adduser --system x:y",
        "addgroup x",
        "groupadd x",
        "useradd x",
        "usermod -s /bin/sh x",
        "mkdir x",
        "mkdir",
        "install -m 644 /a /b /c",
        "cp -r /a /b",
        "cp /a b",
        "ucf /a",
        "ln /a /b",
        "ln -s /a /b/",
        "chmod +w /x",
        "chmod u+X /x",
        "setcap cap_unheard+p /x",
        "setcap -r /x",
        "chmod -R 755 /x",
        "chown x: /y",
        "dpkg-statoverride --remove /x",
        "systemd-sysusers",
        "add-shell",
        "add-shell /bin/x",
        "configure-symlinks remove x /y",
        "frobnicate",
    ],
)
def test_another_form_is_not_guessed_at(command: str) -> None:
    with pytest.raises(Unknown):
        deeds_of(command.split())


def test_a_package_without_scripts_does_nothing() -> None:
    assert read_scripts("demo", {"control": CONTROL}) == Deeds("demo")


def test_both_scripts_are_read_in_the_order_in_which_they_run() -> None:
    found = read(
        "addgroup --system second",
        preinst=b'#! /bin/sh\nif [ "$1" = install ]; then addgroup --system first; fi\n',
    )

    assert found.made == (Group("first"), Group("second"))


def test_what_has_no_place_in_an_image_is_passed_over() -> None:
    found = read(
        """
        dpkg-maintscript-helper rm_conffile /etc/x 1 -- "$@"
        deb-systemd-helper enable x.service >/dev/null || true
        update-rc.d x defaults
        py3compile -p demo
        /usr/bin/python3.11 -E -S /usr/lib/python3.11/py_compile.py $files
        ldconfig
        rm -f /etc/old
        echo "done" > /run/x
        mkdir -p /run/x
        chown root:root /run/x
        """
    )

    assert found == Deeds("demo")


def test_what_is_not_known_is_left_undone_and_named() -> None:
    found = read(
        """
        setcap cap_net_raw+ep /usr/bin/demo
        frobnicate --all
        date > /etc/demo.conf
        if grep -q x /etc/y; then addgroup --system perhaps; fi
        """
    )

    assert found.made == ()
    assert found.undone == (
        Undone(
            "a program lacks capabilities, so that it may work for root alone",
            ("setcap cap_net_raw+ep /usr/bin/demo",),
        ),
        Undone("what these commands do is missing", ("frobnicate --all",)),
        Undone("files are not written", ("date > /etc/demo.conf",)),
        Undone("a group is missing", ("addgroup --system perhaps",), is_certain=False),
    )


def test_commands_that_only_ask_matter_where_they_change_something() -> None:
    found = read("sed -i s/a/b/ /etc/x; find /usr/x -exec chmod 1 {} +; sed s/a/b/ /x; find /x")

    assert [undone.commands for undone in found.undone] == [
        ("sed -i s/a/b/ /etc/x", "find /usr/x -exec chmod 1 '{}' +")
    ]


def test_the_owner_of_a_folder_belongs_to_the_folder() -> None:
    found = read(
        """
        if [ ! -d /usr/local/share/fonts ]; then
            if mkdir /usr/local/share/fonts 2>/dev/null; then
                chmod 2775 /usr/local/share/fonts
                chown root:staff /usr/local/share/fonts
            fi
        fi
        """
    )

    owner = Owner("root", "staff")
    assert found.made == (
        Folder("/usr/local/share/fonts", 0o2775, owner),
        # Where another package brings it, the folder is there already.
        Permission("/usr/local/share/fonts", whole(0o2775), owner),
    )


def test_mode_and_owner_of_a_file_come_together() -> None:
    found = read("chgrp _ssh /usr/bin/x; chmod 2755 /usr/bin/x", "/usr/bin/x")

    assert found.made == (Permission("/usr/bin/x", whole(0o2755), Owner("", "_ssh")),)


def test_what_gives_a_file_away_takes_its_rights_so_that_it_is_not_guessed_at() -> None:
    found = read("chmod 2755 /usr/bin/x; chgrp _ssh /usr/bin/x", "/usr/bin/x")

    assert found.made == (Permission("/usr/bin/x", whole(0o2755)),)
    assert found.undone == (Undone("owners of files are not changed", ("chgrp _ssh /usr/bin/x",)),)


def test_a_template_is_copied_where_the_package_ships_it() -> None:
    script = "cp /usr/share/x /etc/x; chmod 640 /etc/x; cp /usr/share/other /etc/y"

    found = read(script, "/usr/share/x")

    assert found.made == (Copy("/etc/x", "/usr/share/x", 0o640),)
    assert found.undone == (
        Undone("files are not copied to their place", ("cp /usr/share/other /etc/y",)),
    )


def test_bytes_are_needed_of_what_is_copied_or_changed_in_any_case() -> None:
    script = (
        b"#!/bin/sh\ncp /usr/share/x /etc/x; chmod $(date) /y; grep a b && chmod 755 /bin/z\n"
        b"[ -f /etc/w ] && chmod 440 /etc/w\n"
    )

    assert needed_files("demo", {"control": CONTROL, "postinst": script}) == {
        "usr/share/x",
        "bin/z",
        "etc/w",
    }


def test_a_file_that_the_package_does_not_ship_cannot_be_changed() -> None:
    found = read("chmod 640 /etc/other")

    assert found.undone == (Undone("modes of files are not changed", ("chmod 640 /etc/other",)),)


@pytest.mark.parametrize(
    "script",
    [
        b"#!/usr/bin/perl\n",
        b"\x7fELF",
        b"#!/bin/sh\nf() { f; }; f\n",
        b"#!/bin/sh\n[ -d /proc/1 ] || exit 1\n",
    ],
)
def test_a_script_that_cannot_be_followed_is_named(script: bytes) -> None:
    found = read_scripts("demo", {"control": CONTROL, "preinst": script})

    assert found.undone == (Undone("nothing is known of what this script does", ("preinst",)),)


TEMPLATES = b"""\
Template: demo/style
Type: select
Choices: a, b
Default: b
Description: Which?
"""


def test_defaults_of_debconf_are_taken_unless_a_script_chooses() -> None:
    script = 'db_get demo/style; case "$RET" in a) ln -s a /etc/s ;; b) ln -s b /etc/s ;; esac'

    kept = read(script, templates=TEMPLATES)
    config = b"#!/bin/sh\nif [ ! -h /etc/s ]; then db_set demo/style a; fi\n"
    chosen = read(script, templates=TEMPLATES, config=config)
    unknown = read(script, templates=TEMPLATES, config=b"#!/usr/bin/perl\n")

    assert kept.made == (Link("/etc/s", "b"),)
    assert chosen.made == (Link("/etc/s", "a"),)
    assert unknown.made == ()
    assert [undone.is_certain for undone in unknown.undone] == [False]


@pytest.mark.parametrize("command", ["--remove rename /usr/bin/prename", "--auto python3"])
def test_alternatives_of_an_earlier_version_are_no_matter(command: str) -> None:
    assert read(f"update-alternatives {command}") == Deeds("demo")


def test_a_file_is_written_with_what_the_script_has_for_it() -> None:
    found = read(
        """
        word=blue
        write() {
            if [ ! -e /etc/x ]; then
                cat > /etc/x <<EOF
colour = $word
EOF
            fi
            cat > /etc/y <<-'EOF'
\t[a]
\t$word
\tEOF
        }
        write
        echo 'a  b' > /etc/z
        echo c >> /etc/z
        chmod 600 /etc/z
        echo "$word" > /etc/w.tmp
        ucf /etc/w.tmp /etc/w
        rm -f /etc/w.tmp
        """
    )

    assert found.undone == ()
    assert found.made == (
        Text("/etc/x", "colour = blue\n"),
        Text("/etc/y", "[a]\n$word\n"),
        Text("/etc/z", "a  b\nc\n", 0o600),
        Text("/etc/w", "blue\n"),
    )


@pytest.mark.parametrize(
    "command",
    [
        "cat > /etc/x <<EOF\n$(date)\nEOF\n",
        "cat > /etc/x <<EOF\n`date`\nEOF\n",
        "cat > /etc/x <<EOF\n${a:-b}\nEOF\n",
        "cat > /etc/x <<EOF\n$HOME\nEOF\n",
        "cat y > /etc/x <<EOF\na\nEOF\n",
        "echo $(date) > /etc/x",
        "echo -e a > /etc/x",
        "echo 'a\\tb' > /etc/x",
        "echo a >> /etc/x",
        "echo a 2> /etc/x",
        "echo a > /usr/share/x",
        "if grep a b; then echo a > /etc/x; fi",
        "date > /etc/x",
    ],
)
def test_what_would_be_written_is_not_guessed_at(command: str) -> None:
    found = read(command, "/usr/share/x")

    assert found.made == ()
    assert [each.effect for each in found.undone] == ["files are not written"]


def test_a_later_script_finds_what_an_earlier_one_has_made() -> None:
    """As the packages of name services do it (dh_installnss)."""
    found = read(
        """
        if [ -f /etc/mark ] && [ -e /etc/nsswitch.conf ]; then
            sed -i s/a/b/ /etc/nsswitch.conf
            rm /etc/mark
        fi
        """,
        preinst=b"#!/bin/sh\ntouch /etc/mark\n",
    )

    assert found.made == ()
    assert found.undone == (
        Undone("what these commands do is missing", ("sed -i s/a/b/ /etc/nsswitch.conf",)),
    )


def test_an_alternative_that_is_there_is_not_added_where_a_script_asks_for_it() -> None:
    found = read(
        """
        update-alternatives --install /usr/bin/x x /bin/y 20
        if ! update-alternatives --query x | grep -q y; then
            update-alternatives --install /usr/bin/x x /bin/y 50
        fi
        """
    )

    assert found.made == (Alternative("x", "/usr/bin/x", "/bin/y", 20),)
    assert found.undone == ()
