"""Debian packages through a whole build, from a mirror on loopback: what becomes of them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian.deb822 import Deb822

from debs import Item, folder, link
from fakes.registry import FakeRegistry
from fakes.server import serve
from images import Member, make_layer
from integration.file_trees import Node
from projects import LockedProject
from unit.cli.apt_world import AptWorld, Deb
from unit.cli.program import Program


@pytest.fixture
def world(program: Program, locked: LockedProject, tmp_path: Path) -> Iterator[AptWorld]:
    with serve() as server:
        yield AptWorld.make(program, server, locked, tmp_path)


TOOL = Deb(
    "tool",
    items=[
        folder("./usr"),
        folder("./usr/bin"),
        Item("./usr/bin/tool", b"tool", mode=0o4755),
        Item("./usr/bin/same", type=tarfile.LNKTYPE, link="./usr/bin/tool"),
        folder("./lib"),
        Item("./lib/old-place", b"merged"),
        folder("./etc"),
        Item("./etc/tool.conf", b"a=1\n"),
        folder("./usr/share"),
        folder("./usr/share/doc"),
        folder("./usr/share/doc/tool"),
        Item("./usr/share/doc/tool/copyright", b"free"),
        Item("./usr/share/doc/tool/changelog.gz", b"long"),
        folder("./opt", mode=0o700),
        link("./usr/bin/link", "tool"),
    ],
    fields="Depends: libdep (>= 1)\nMulti-Arch: foreign\n",
    control_files={"conffiles": b"/etc/tool.conf\n", "md5sums": b"0  usr/bin/tool\n"},
)
LIBRARY = Deb("libdep", "1.2-3", [folder("./usr"), Item("./usr/data", b"1")], "Multi-Arch: same\n")


OLD = """\

Package: libdep
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 0.9-1
Description: too old
"""


def paragraphs(text: str) -> dict[str, Deb822]:
    """Return the paragraphs of dpkg's status by package, as scanners read them."""
    found = [*Deb822.iter_paragraphs(text)]
    assert len({each["Package"] for each in found}) == len(found)
    return {each["Package"]: each for each in found}


def test_the_files_of_packages_lie_where_dpkg_puts_them(world: AptWorld) -> None:
    world.publish(TOOL, LIBRARY)
    report = world.report("tool")

    tree = world.files()

    assert tree["usr/bin/tool"] == tree["usr/bin/same"]
    assert tree["usr/bin/tool"].mode == 0o4755
    assert tree["usr/bin/link"] == Node("symlink", 0o777, (0, 0), "tool")
    assert tree["lib"] == Node("symlink", 0o777, (0, 0), "usr/lib")
    assert tree["usr/lib/old-place"].kind == "file"
    assert tree["opt"].mode == 0o755, "a directory of the base stays as it is"
    documents = {path for path in tree if path.startswith("usr/share/doc/tool/")}
    assert documents == {"usr/share/doc/tool/copyright"}
    packages = [
        (each["name"], each["version"])
        for layer in report["platforms"][0]["layers"]
        for each in layer["packages"]
    ]
    assert packages == [("libdep", "1.2-3"), ("tool", "1.0-1")]


def test_documentation_comes_where_it_is_asked_for(world: AptWorld, locked: LockedProject) -> None:
    locked.config = "apt-docs = true\n"
    locked.write()
    world.publish(TOOL, LIBRARY)

    world.report("tool")

    assert "usr/share/doc/tool/changelog.gz" in world.files()


def test_hard_links_are_links(world: AptWorld) -> None:
    world.publish(TOOL, LIBRARY)
    world.report("tool")

    assert world.member("usr/bin/same").linkname == "usr/bin/tool"


def test_what_is_setuid_is_named(world: AptWorld) -> None:
    world.publish(TOOL, LIBRARY)

    ended = world.build("tool")

    assert "tool has a setuid or setgid program: /usr/bin/tool\n" in ended.err


def test_what_a_script_makes_setuid_is_named_too(world: AptWorld) -> None:
    postinst = b"#!/bin/sh\nset -e\nchmod 4755 /usr/bin/mount-it\n"
    items = [folder("./usr"), folder("./usr/bin"), Item("./usr/bin/mount-it", b"m", mode=0o755)]
    world.publish(Deb("mounter", items=items, control_files={"postinst": postinst}))

    ended = world.build("mounter")

    said = "As a script of its package would, `/usr/bin/mount-it` is made setuid or setgid\n"
    assert said in ended.err
    assert world.files()["usr/bin/mount-it"].mode == 0o4755


def test_the_database_lists_them_beside_those_of_the_base(world: AptWorld) -> None:
    world.publish(TOOL, LIBRARY)
    world.report("tool")

    status = paragraphs(world.text("var/lib/dpkg/status"))

    assert {name: each["Status"] for name, each in status.items()} == {
        name: "install ok installed" for name in ("libc6", "libdep", "tool")
    }
    assert status["tool"]["Conffiles"] == "\n /etc/tool.conf d5e29449b9e66d5b4bb0d6ce48fbbcb1"
    assert status["tool"]["Depends"] == "libdep (>= 1)"
    assert world.text("var/lib/dpkg/info/tool.conffiles") == "/etc/tool.conf\n"
    assert world.text("var/lib/dpkg/info/tool.md5sums") == "0  usr/bin/tool\n"
    assert world.text("var/lib/dpkg/info/libdep:amd64.list").splitlines() == [
        "/.",
        "/usr",
        "/usr/data",
    ]


def test_a_package_of_the_base_is_upgraded_where_another_needs_it(world: AptWorld) -> None:
    world.status = f"{world.status}{OLD}"
    world.publish(TOOL, LIBRARY)

    world.report("tool")

    assert paragraphs(world.text("var/lib/dpkg/status"))["libdep"]["Version"] == "1.2-3"


def test_a_base_without_dpkg_is_told_as_distroless_bases_are(world: AptWorld) -> None:
    world.status = None
    stanza = "Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\nDescription: libc\n"
    world.publish(TOOL, LIBRARY)
    world.write_base(make_layer(Member("var/lib/dpkg/status.d/libc6", data=stanza.encode())))
    world.report("tool")

    below = {path for path in world.files() if path.startswith("var/lib/dpkg/")}

    folder = "var/lib/dpkg/status.d"
    assert below == {folder, *(f"{folder}/{name}" for name in DISTROLESS)}
    assert Deb822(world.text(f"{folder}/tool"))["Version"] == "1.0-1"
    assert "Status" not in Deb822(world.text(f"{folder}/tool"))
    assert world.text(f"{folder}/tool.md5sums") == "0  usr/bin/tool\n"


DISTROLESS = ("libc6", "libdep", "tool", "tool.md5sums")


def test_options_add_to_the_settings(world: AptWorld, locked: LockedProject) -> None:
    locked.config = 'apt = ["one=1.0-1"]\n'
    locked.write()
    world.publish(Deb("one"), Deb("one", "2.0-1"), Deb("two"))

    world.report("two")

    status = paragraphs(world.text("var/lib/dpkg/status"))
    assert {name: each["Version"] for name, each in status.items() if name != "libc6"} == {
        "one": "1.0-1",
        "two": "1.0-1",
    }


def test_a_store_needs_no_package_again(world: AptWorld) -> None:
    world.publish(TOOL, LIBRARY)
    first = world.report("tool")["digest"]
    world.server.asked.clear()

    assert world.report("tool")["digest"] == first
    assert [path for path in world.asked if path.endswith(".deb")] == []


def test_what_is_to_be_said_is_said_where_all_is_reused(
    world: AptWorld, server: FakeRegistry
) -> None:
    """A runner that starts empty, and has every layer from a registry, says it as well."""
    script = {"postinst": b"#!/bin/sh\nset -e\nlocale-gen\n"}
    tool = Deb("tool", items=[Item("./usr/bin/tool", b"", mode=0o4755)], control_files=script)
    world.publish(tool)
    name = f"{server.host}/team/app"
    first = world.build("tool", more=["-t", f"{name}:1", "--push", "--store", "first"])
    assert first.code == 0, first.err
    world.server.asked.clear()

    again = world.build("tool", more=["-t", f"{name}:2", "--push", "--store", "second"])

    assert again.code == 0, again.err
    assert tool.file_name not in world.asked
    assert spoken(again.err) == spoken(first.err)
    assert spoken(first.err) == [
        "tool has a setuid or setgid program: /usr/bin/tool",
        "warning: The scripts of `tool` are not run, and not all that they do is made otherwise",
        "  locales are not generated: locale-gen",
        "  To run them where that matters, build an image from this one with "
        "`RUN /var/lib/dpkg/info/tool.postinst configure`",
    ]
    layers = json.loads(world.build("tool", more=["--store", "second", "--json"]).out)
    (noted,) = [each["notes"] for each in layers["platforms"][0]["layers"] if each["notes"]]
    (warned,) = [each["warnings"] for each in layers["platforms"][0]["layers"] if each["warnings"]]
    assert [*noted, *warned[0].splitlines()] == [
        line.removeprefix("warning: ") for line in spoken(first.err)
    ]


def spoken(text: str) -> list[str]:
    """Return what is said of Debian's packages."""
    return [line for line in text.splitlines() if "tool" in line or line.startswith("  locales")]


def test_a_file_is_the_replacers_whatever_layers_packages_lie_in(world: AptWorld) -> None:
    """In the list of the base's package it is no more, and what dpkg is told is heeded."""
    names = ("aa", "mm", "zz")
    replaces = "Replaces: libc6, mm, zz\n"
    world.publish(
        *(
            Deb(name, items=[Item("./usr/x", name.encode()), Item(f"./usr/{name}")], fields=fields)
            for name, fields in zip(names, (replaces, "Replaces: zz\n", ""), strict=True)
        ),
        Deb("moved", items=[Item("./usr/y", b"moved")]),
    )
    world.write_base(
        make_layer(
            Member("var/lib/dpkg/info/libc6:amd64.list", data=b"/.\n/usr\n/usr/x\n/usr/k\n"),
            Member("var/lib/dpkg/diversions", data=b"/usr/y\n/usr/y.away\n:\n"),
            Member("var/lib/dpkg/statoverride", data=b"#7 root 4750 /usr/y\n"),
        )
    )
    world.report(*names, "moved")

    assert world.text("usr/x") == "aa"
    assert world.text("var/lib/dpkg/info/libc6:amd64.list") == "/.\n/usr\n/usr/k\n"
    assert world.text("var/lib/dpkg/info/zz.list") == "/.\n/usr/zz\n"
    assert "usr/y" not in world.files()
    assert (world.member("usr/y.away").mode, world.member("usr/y.away").uid) == (0o4750, 7)
