"""What says that packages are installed."""

from __future__ import annotations

from lamina.deb.status import STATUS
from lamina.system.made.database import database
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles

CONTROL = b"Package: demo\nVersion: 2\nArchitecture: amd64\nDescription: a demo\n more of it\n"
BASE = "Package: demo\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n"
OTHER = "Package: other\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"


def notes(**files: bytes) -> PackageNotes:
    return PackageNotes(
        control={"control": CONTROL, **files},
        listed=("/.", "/etc", "/etc/demo"),
        conffiles={"/etc/demo": "d41d8cd98f00b204e9800998ecf8427e"},
    )


def contents(base: SmallFiles, *packages: PackageNotes) -> dict[str, tuple[str, int]]:
    return {
        entry.path: (b"".join(entry.content.chunks()).decode(), entry.mode)
        for entry in database(packages, base, "amd64")
    }


def test_a_package_takes_the_place_of_its_earlier_version() -> None:
    base = SmallFiles({STATUS: f"{BASE}\n{OTHER}".encode(), "var/lib/dpkg/info/format": b"1\n"})

    found = contents(base, notes(md5sums=b"0  etc/x\n", postinst=b"#!/bin/sh\n"))

    assert found == {
        "var/lib/dpkg/status": (
            "Package: demo\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\n"
            "Description: a demo\n more of it\n"
            "Conffiles:\n /etc/demo d41d8cd98f00b204e9800998ecf8427e\n\n" + OTHER,
            0o644,
        ),
        "var/lib/dpkg/info/demo.list": ("/.\n/etc\n/etc/demo\n", 0o644),
        "var/lib/dpkg/info/demo.md5sums": ("0  etc/x\n", 0o644),
        "var/lib/dpkg/info/demo.postinst": ("#!/bin/sh\n", 0o755),
    }


def test_a_base_without_dpkg_gets_a_file_for_each_package() -> None:
    base = SmallFiles({"var/lib/dpkg/status.d/base": b"Package: base\n"})

    assert contents(base, notes(md5sums=b"0  etc/x\n", postinst=b"")) == {
        "var/lib/dpkg/status.d/demo": (CONTROL.decode(), 0o644),
        "var/lib/dpkg/status.d/demo.md5sums": ("0  etc/x\n", 0o644),
    }


def test_the_files_of_a_base_are_found_through_links() -> None:
    files = SmallFiles(
        {"usr/lib/os-release": b"ID=debian\n", "usr/share/keyrings/a.pgp": b"key"},
        {"etc/os-release": "../usr/lib/os-release", "usr/share/keyrings/a.gpg": "a.pgp"},
    )

    assert files.get("etc/os-release") == b"ID=debian\n"
    assert files.below("usr/share/keyrings") == {
        "usr/share/keyrings/a.gpg": b"key",
        "usr/share/keyrings/a.pgp": b"key",
    }
    assert SmallFiles.parse(files.to_json()) == files
