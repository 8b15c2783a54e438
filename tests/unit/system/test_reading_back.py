"""Notes read back from what was made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from debs import Item, make_deb
from lamina.deb.package import DebianPackage
from lamina.deb.status import STATUS
from lamina.system.captured import is_captured
from lamina.system.database import database
from lamina.system.notes import PackageNotes
from lamina.system.reading_back import is_read_back, read_back
from lamina.system.small_files import SmallFiles
from lamina.system.unpacking import note


def noted(folder: Path, name: str, items: list[Item], fields: str = "") -> PackageNotes:
    path = folder / name
    control = {"conffiles": b"/etc/x.conf\n", "md5sums": b"0  usr/x\n", "postinst": b"#!/bin/sh\n"}
    path.write_bytes(make_deb(items, name=name, version="1", fields=fields, control_files=control))
    package = DebianPackage(name, "1", "amd64", "s", f"pool/x/{name}", 1, "00")
    return note(package, path, is_captured)


def files_of(*notes: PackageNotes) -> dict[str, bytes]:
    base = SmallFiles({STATUS: b"Package: base\nArchitecture: all\nVersion: 9\n"})
    entries = database(notes, base, "amd64")
    return {entry.path: b"".join(entry.content.chunks()) for entry in entries}


@pytest.mark.parametrize("fields", ["", "Multi-Arch: same\n", "Depends: a,\n b (>= 1)\n"])
def test_what_was_made_of_notes_gives_the_same_again(tmp_path: Path, fields: str) -> None:
    before = noted(tmp_path, "libx-1.0", [Item("./etc/x.conf", b"x")], fields)
    files = files_of(before)

    (found,) = read_back(files)

    assert files_of(found) == files
    assert found.conffiles == before.conffiles
    assert sorted(found.control) == sorted(before.control)


def test_a_package_whose_files_are_looked_into_is_left_out(tmp_path: Path) -> None:
    plain = noted(tmp_path, "plain", [Item("./usr/x")])
    looked_into = noted(tmp_path, "other", [Item("./usr/lib/sysusers.d/x.conf", b"u x\n")])

    assert [each.name for each in read_back(files_of(plain, looked_into))] == ["plain"]


def test_only_the_database_is_read() -> None:
    assert is_read_back("var/lib/dpkg/status")
    assert is_read_back("var/lib/dpkg/info/a.list")
    assert not is_read_back("etc/passwd")
