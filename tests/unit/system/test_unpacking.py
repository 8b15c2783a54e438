"""What is noted of packages while they are unpacked."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from debs import Item, folder, link, make_deb
from elves import make_library
from lamina.archive.rootfs import Rootfs
from lamina.deb.package import DebianPackage
from lamina.oci.document import MalformedDocument
from lamina.system.loader.library import Library
from lamina.system.notes import PackageNotes
from lamina.system.placing import Placing
from lamina.system.unpacking import note, unpack_all, without_documentation

PACKAGE = DebianPackage("demo", "1", "amd64", "s", "pool/main/d/demo/demo.deb", 1, "00")


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    items = [
        folder("./etc/"),
        Item("./etc/demo.conf", b"x = 1\n"),
        Item("./usr/bin/demo", b"#!", mode=0o4755),
        Item("./usr/share/man/man1/demo.1", b"man"),
        Item("./usr/lib/sysusers.d/demo.conf", b"u demo\n"),
        Item("./usr/lib/libdemo.so.1.2", make_library("libdemo.so.1")),
        Item("./usr/lib/libdemo.so.2", type=tarfile.LNKTYPE, link="./usr/lib/libdemo.so.1.2"),
        Item("./usr/lib/libtext.so", b"GROUP ( libdemo.so.1 )"),
        link("./usr/lib/libdemo.so.1", "libdemo.so.1.2"),
    ]
    control = {"conffiles": b"/etc/demo.conf\nremove-on-upgrade /etc/old\n", "postinst": b"#!"}
    path = tmp_path / "demo.deb"
    path.write_bytes(
        make_deb(
            items,
            name="demo",
            version="1",
            fields="Multi-Arch: same\n",
            control_files=control,
        )
    )
    return path


def test_notes_are_the_same_with_a_layer_and_without(deb: Path) -> None:
    found: list[PackageNotes] = []
    entries = unpack_all(
        [PACKAGE],
        lambda _package: deb,
        Placing(Rootfs()),
        without_documentation,
        lambda _package, notes: found.append(notes),
    )

    paths = [entry.path for entry in entries if list(entry.content.chunks())]

    assert "usr/share/man/man1/demo.1" not in paths
    assert found == [note(PACKAGE, deb)]


def test_what_dpkg_and_others_must_know_is_noted(deb: Path) -> None:
    notes = note(PACKAGE, deb)

    assert notes.info_name == "demo:amd64"
    assert notes.listed == (
        "/.",
        "/etc",
        "/etc/demo.conf",
        "/usr/bin/demo",
        "/usr/share/man/man1/demo.1",
        "/usr/lib/sysusers.d/demo.conf",
        "/usr/lib/libdemo.so.1.2",
        "/usr/lib/libdemo.so.2",
        "/usr/lib/libtext.so",
        "/usr/lib/libdemo.so.1",
    )
    assert notes.conffiles == {"/etc/demo.conf": "3253b41059cac6e987c5a5e9233ea5d0"}
    assert notes.privileged == ("/usr/bin/demo",)
    assert notes.captured == {"usr/lib/sysusers.d/demo.conf": b"u demo\n"}
    assert notes.libraries == (Library("usr/lib/libdemo.so.1.2", "libdemo.so.1", 0x303),)
    assert notes.library_links == {
        "usr/lib/libdemo.so.1": "libdemo.so.1.2",
        "usr/lib/libdemo.so.2": "/usr/lib/libdemo.so.1.2",
    }
    assert sorted(notes.control) == ["conffiles", "control", "postinst"]


def test_notes_are_kept_as_they_are(deb: Path) -> None:
    notes = note(PACKAGE, deb)

    assert PackageNotes.parse(json.loads(json.dumps(notes.to_json()))) == notes


@pytest.mark.parametrize(
    "damage", [{"format": 0}, {"listed": 1}, {"control": {"a": "\u00fc"}}, {"libraries": [[1]]}]
)
def test_damaged_notes_are_refused(deb: Path, damage: dict[str, object]) -> None:
    with pytest.raises(MalformedDocument):
        PackageNotes.parse(note(PACKAGE, deb).to_json() | damage)
