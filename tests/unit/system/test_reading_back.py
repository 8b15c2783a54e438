"""Notes read back from what was made of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from debs import Item, folder, link, make_deb
from elves import make_library
from lamina.deb.package import DebianPackage
from lamina.deb.status import STATUS
from lamina.system.loader.above import loader_cache
from lamina.system.loader.cache import PATH
from lamina.system.made.database import database
from lamina.system.notes import PackageNotes
from lamina.system.reading_back import is_read_back, read_back
from lamina.system.small_files import SmallFiles
from lamina.system.unpacking import note


def noted(folder: Path, name: str, items: list[Item], fields: str = "") -> PackageNotes:
    path = folder / name
    control = {"conffiles": b"/etc/x.conf\n", "md5sums": b"0  usr/x\n", "postinst": b"#!/bin/sh\n"}
    path.write_bytes(make_deb(items, name=name, version="1", fields=fields, control_files=control))
    package = DebianPackage(name, "1", "amd64", "s", f"pool/x/{name}", 1, "00")
    return note(package, path)


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
    assert is_read_back("etc/ld.so.cache")
    assert not is_read_back("etc/passwd")


def libraries_of(notes: PackageNotes) -> bytes:
    """Return the loader's cache that is made of notes."""
    entries = loader_cache([notes], SmallFiles(), {"lib": "usr/lib"}, "amd64")
    return {entry.path: b"".join(entry.content.chunks()) for entry in entries}[PATH]


def test_libraries_are_told_by_the_cache_of_the_loader(tmp_path: Path) -> None:
    items = [
        Item("./lib/x86_64-linux-gnu/libx.so.1.2", make_library("libx.so.1")),
        link("./lib/x86_64-linux-gnu/libx.so.1", "libx.so.1.2"),
        link("./usr/lib/x86_64-linux-gnu/libx.so", "libx.so.1.2"),
    ]
    before = noted(tmp_path, "libx", items)
    cache = libraries_of(before)

    (found,) = read_back({**files_of(before), PATH: cache})

    assert len(found.libraries) == 2
    assert libraries_of(found) == cache


LIBRARY = Item("./lib/x86_64-linux-gnu/libx.so.1", make_library("libx.so.1"))


def test_a_library_that_the_cache_does_not_tell_must_be_looked_into(tmp_path: Path) -> None:
    other = Item("./lib/x86_64-linux-gnu/libx-1.2.so", make_library("libx.so.1"))
    before = noted(tmp_path, "libx", [LIBRARY, other])

    assert list(read_back({**files_of(before), PATH: libraries_of(before)})) == []


def test_a_library_in_a_folder_that_the_loader_does_not_search_need_not_be_told(
    tmp_path: Path,
) -> None:
    plugin = Item("./usr/lib/own/liby.so.1", make_library("liby.so.1"))
    before = noted(tmp_path, "libx", [LIBRARY, plugin])
    cache = libraries_of(before)

    (found,) = read_back({**files_of(before), PATH: cache})

    assert libraries_of(found) == cache


def test_a_package_with_alternatives_must_be_looked_into(tmp_path: Path) -> None:
    before = noted(tmp_path, "libx", [LIBRARY])
    script = b"#!/bin/sh\nupdate-alternatives --install /usr/lib/x x /usr/lib/own/x 1\n"
    with_script = replace(before, control={**before.control, "postinst": script})

    assert list(read_back({**files_of(with_script), PATH: libraries_of(with_script)})) == []


def test_without_a_cache_packages_with_libraries_are_left_out(tmp_path: Path) -> None:
    before = noted(tmp_path, "libx", [Item("./usr/lib/libx.so.1", make_library("libx.so.1"))])

    assert list(read_back(files_of(before))) == []


def test_what_the_database_does_not_tell_of_paths_is_unclear(tmp_path: Path) -> None:
    items = [Item("./usr/x"), link("./usr/y", "x"), Item("./etc/x.conf"), folder("./usr/z/")]
    before = noted(tmp_path, "one", items)

    (found,) = read_back(files_of(before))

    assert before.unclear == frozenset()
    assert found.unclear == {"/usr/y", "/usr/z"}


def test_a_package_whose_files_another_may_have_is_left_out(tmp_path: Path) -> None:
    taken = noted(tmp_path, "taken", [Item("./usr/x")])
    newer = noted(tmp_path, "newer", [Item("./usr/x")], "Replaces: other (<< 2), taken (<< 2)\n")
    other = noted(tmp_path, "unhurt", [Item("./usr/x")])

    assert [each.name for each in read_back(files_of(newer, taken, other))] == ["newer", "unhurt"]
