"""What the layers of a Debian base hold."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from debs import Item, folder, link, make_deb
from lamina.archive.entry import Entry, Kind
from lamina.archive.layer import write_layer
from lamina.bases.debian.plan import (
    DebianLayer,
)
from lamina.bases.debian.rootfs import entries
from lamina.deb.file import UnreadableDeb
from lamina.deb.package import DebianPackage
from lamina.plan.epoch import EPOCH
from lamina.system.notes import PackageNotes
from lamina.system.placing import PackagesCollide
from lamina.system.unpacking import without_documentation


def _forget(package: DebianPackage, notes: PackageNotes) -> None:
    assert package.name == notes.name


class Unpack:
    """Unpacks packages made of items, and remembers what the files hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.content: dict[str, bytes] = {}

    def entries(
        self, packages: Mapping[str, list[Item]], architecture: str = "amd64"
    ) -> list[Entry]:
        described = []
        for name, items in packages.items():
            (self.folder / name).write_bytes(make_deb(items, name=name))
            described.append(DebianPackage(name, "1.0-1", "amd64", "s", f"pool/{name}", 1, "00"))
        layer = DebianLayer("data", architecture, tuple(described))
        found = []
        for entry in entries(layer, lambda package: self.folder / package.name, _forget):
            self.content[entry.path] = b"".join(entry.content.chunks())
            found.append(entry)
        return found

    def __call__(
        self, packages: Mapping[str, list[Item]], architecture: str = "amd64"
    ) -> dict[str, Entry]:
        return {entry.path: entry for entry in self.entries(packages, architecture)}


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    return Unpack(tmp_path)


def test_usr_is_merged_whatever_the_packages_ship(unpack: Unpack) -> None:
    found = unpack(
        {
            "libc6": [
                folder("./lib/"),
                folder("./lib/x86_64/"),
                Item("./lib/x86_64/libc.so.6", b"libc"),
                link("./lib64", "usr/lib64"),
                Item("./sbin/l", type=tarfile.LNKTYPE, link="./lib/x86_64/libc.so.6"),
            ]
        }
    )

    assert found["lib"].target == "usr/lib"
    assert found["lib64"].target == "usr/lib64"
    assert found["usr/lib/x86_64/libc.so.6"].kind is Kind.FILE
    assert found["usr/sbin/l"].target == "usr/lib/x86_64/libc.so.6"
    assert [path for path in found if path.startswith(("lib/", "sbin/"))] == []


def test_the_merge_of_another_architecture_has_no_lib64(unpack: Unpack) -> None:
    found = unpack({"libc6": []}, architecture="arm64")

    assert [path for path, entry in found.items() if entry.kind is Kind.SYMLINK] == [
        "bin",
        "lib",
        "sbin",
    ]


def test_directories_keep_mode_and_owner_and_stand_once_before_what_is_in_them(
    unpack: Unpack,
) -> None:
    order = unpack.entries(
        {
            "a": [folder("./tmp/", 0o1777), folder("./var/"), folder("./var/mail/", 0o2775, 8)],
            "b": [folder("./tmp/", 0o755), Item("./opt/deep/x")],
        }
    )

    paths = [entry.path for entry in order]
    by_path = {entry.path: entry for entry in order}
    assert len(paths) == len(by_path)
    assert by_path["tmp"].mode == 0o1777
    assert (by_path["var/mail"].mode, by_path["var/mail"].gid) == (0o2775, 8)
    for path in paths:
        parent = path.rpartition("/")[0]
        assert not parent or parent in paths[: paths.index(path)]


def test_a_path_below_a_link_lies_where_the_link_leads(unpack: Unpack) -> None:
    found = unpack(
        {
            "base-files": [folder("./var/"), folder("./var/run/"), link("./etc/a", "../opt")],
            "z": [Item("./var/run/pid"), folder("./etc/a/"), Item("./etc/a/x")],
        }
    )

    assert found["var/run"].target == "/run"
    assert found["run/pid"].kind is Kind.FILE
    assert found["opt/x"].kind is Kind.FILE
    assert found["etc/a"].kind is Kind.SYMLINK


def test_two_packages_with_one_file_are_refused(unpack: Unpack) -> None:
    with pytest.raises(PackagesCollide) as caught:
        unpack({"a": [Item("./bin/x", b"1")], "b": [Item("./usr/bin/x", b"2")]})

    assert str(caught.value) == (
        "Unable to unpack packages beside each other\n"
        "  `/usr/bin/x`: `a` and `b` both bring it, and neither replaces the other"
    )


def test_documentation_is_left_out_and_licences_are_not() -> None:
    kept = [
        ("usr/share/doc/a", Kind.SYMLINK),
        ("usr/share/doc/a", Kind.DIRECTORY),
        ("usr/share/doc/a/copyright", Kind.FILE),
        ("usr/share/doc/a/copyright", Kind.SYMLINK),
        ("usr/share/man", Kind.DIRECTORY),
        ("usr/share/zoneinfo/UTC", Kind.FILE),
        ("usr/lib/locale/C.utf8/LC_CTYPE", Kind.FILE),
    ]
    left_out = [
        ("usr/share/doc/a/changelog.gz", Kind.FILE),
        ("usr/share/doc/a/examples", Kind.DIRECTORY),
        ("usr/share/doc/a/html/copyright", Kind.FILE),
        ("usr/share/man/man1/x.1.gz", Kind.FILE),
        ("usr/share/locale/de", Kind.DIRECTORY),
        ("usr/share/lintian/overrides/a", Kind.FILE),
    ]

    assert [case for case in kept + left_out if without_documentation(*case)] == kept


def test_what_scripts_copy_is_copied(unpack: Unpack) -> None:
    found = unpack(
        {
            "base-passwd": [
                Item("./usr/share/base-passwd/passwd.master", b"root:*:0:0:::\n"),
                Item("./usr/share/base-passwd/group.master", b"root:*:0:\n"),
            ],
            "libc-bin": [Item("./usr/share/libc-bin/nsswitch.conf", b"hosts: files dns\n")],
        }
    )

    assert unpack.content["etc/passwd"].startswith(b"root:*:0:0:::\nnonroot:")
    assert unpack.content["etc/group"] == b"root:*:0:\nnonroot:*:65532:\n"
    assert unpack.content["etc/nsswitch.conf"] == b"hosts: files dns\n"
    assert unpack.content["usr/share/base-passwd/group.master"] == b"root:*:0:\n"
    assert found["etc/passwd"].mode == 0o644


def test_there_is_a_user_for_programs_that_need_no_rights(unpack: Unpack) -> None:
    master = Item("./usr/share/base-passwd/passwd.master", b"root:*:0:0:::\n")
    found = unpack({"base-passwd": [master]})

    assert unpack.content["etc/passwd"].splitlines()[-1] == (
        b"nonroot:*:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin"
    )
    home = found["home/nonroot"]
    assert (home.mode, home.uid, home.gid) == (0o700, 65532, 65532)
    assert (found["home"].mode, found["home"].uid) == (0o755, 0)


def test_what_a_package_ships_goes_before_what_its_script_would_do(unpack: Unpack) -> None:
    found = unpack({"base-files": [folder("./mnt/", 0o700)], "tzdata": []})

    assert found["mnt"].mode == 0o700
    assert found["run/lock"].mode == 0o1777
    assert found["etc/localtime"].target == "/usr/share/zoneinfo/Etc/UTC"
    assert unpack.content["etc/timezone"] == b"Etc/UTC\n"


def test_another_package_than_the_one_planned_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(make_deb(name="a", version="1"))
    package = DebianPackage("a", "2", "amd64", "s", "pool/a.deb", 1, "00")

    with pytest.raises(UnreadableDeb) as caught:
        list(entries(DebianLayer("data", "amd64", (package,)), lambda _package: path, _forget))

    assert str(caught.value) == (
        "Unable to read Debian package `a.deb`: it is another package\n"
        "  expected: a 2 amd64\n  got:      a 1 amd64"
    )


def test_the_diff_id_is_what_it_was_last_release(tmp_path: Path) -> None:
    items = [
        folder("./usr/share/base-passwd/"),
        Item("./usr/share/base-passwd/passwd.master", b"root:*:0:0:::\n"),
        Item("./lib/x", b"x" * 100_000, mode=0o755),
        Item("./lib/y", type=tarfile.LNKTYPE, link="./lib/x"),
    ]
    path = tmp_path / "base-files"
    path.write_bytes(make_deb(items, name="base-files"))
    package = DebianPackage("base-files", "1.0-1", "amd64", "s", "p", 1, "00")
    layer = DebianLayer("data", "amd64", (package,))

    written = write_layer(
        entries(layer, lambda _package: path, _forget), lambda _data: None, mtime=EPOCH
    )

    assert (
        str(written.diff_id)
        == "sha256:5df7f740b6b68b4773e1d967e8c99a25a41a6725ac1cdfccc012db5234714629"
    )
