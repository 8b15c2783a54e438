"""What is said of packages whose scripts would have done more."""

from __future__ import annotations

from lamina.system.scripts.deeds import Deeds, Owner, Permission, Undone
from lamina.system.scripts.modes import whole
from lamina.system.scripts.warnings import warnings

LISTED = {
    "shared-mime-info": ("/usr/share/mime/packages/freedesktop.org.xml",),
    "other": ("/usr/share/mime/packages", "/usr/bin/other"),
}


def test_nothing_is_said_where_nothing_is_missing() -> None:
    assert warnings([Deeds("x")], {"x": ("/usr/bin/x",)}, {}) == []


def test_each_effect_is_told_with_the_commands_that_would_have_had_it() -> None:
    deeds = Deeds(
        "iputils-ping",
        undone=(
            Undone("a program lacks capabilities", ("setcap cap_net_raw+ep /bin/ping",)),
            Undone("modes are not changed", ("a", "b", "c", "d", "e"), is_certain=False),
        ),
    )
    left = {"iputils-ping": [Permission("/x", whole(0o640), Owner("a", "b"), "cap_kill=p")]}

    assert warnings([deeds], {}, left) == [
        "The scripts of `iputils-ping` are not run, and not all that they do is made otherwise\n"
        "  a program lacks capabilities: setcap cap_net_raw+ep /bin/ping\n"
        "  perhaps modes are not changed: a; b; c; and 2 more\n"
        "  modes or owners of files are not changed: "
        "chown a:b /x && chmod 640 /x && setcap cap_kill=p /x\n"
        "  To run them where that matters, build an image from this one with "
        "`RUN /var/lib/dpkg/info/iputils-ping.postinst configure`"
    ]


def test_a_program_that_reads_a_cache_need_not_ship_files_for_it() -> None:
    jar = "/usr/share/ca-certificates-java/ca-certificates-java.jar"

    found = warnings([Deeds("ca-certificates-java")], {"ca-certificates-java": (jar,)}, {})

    assert found[0].splitlines()[1] == (
        "  Java trusts no authority, since `/etc/ssl/certs/java/cacerts` is not made: "
        "/var/lib/dpkg/info/ca-certificates-java.postinst triggered "
        "update-ca-certificates-java-fresh"
    )


def test_a_cache_is_told_of_once_by_a_package_with_files_for_it() -> None:
    found = warnings([Deeds("shared-mime-info"), Deeds("other")], LISTED, {})

    assert len(found) == 1
    assert found[0].splitlines()[1] == (
        "  GLib and GTK cannot tell the types of files: update-mime-database /usr/share/mime"
    )
