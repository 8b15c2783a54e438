"""Packages as entries: what dpkg would put on disk, and nothing hostile."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from debs import Item, folder, link, make_deb
from lamina.archive.entry import Entry, Kind
from lamina.deb.file import DebFile, UnreadableDeb
from lamina.deb.unpack import Keep, Listing, unpack

UNSHOWN = "a name that is empty, not UTF-8 or has control characters: "


def everything(_path: str, _kind: Kind) -> bool:
    return True


def read(
    tmp_path: Path, data: bytes, keep: Keep = everything, listed: Listing | None = None
) -> list[tuple[Entry, bytes]]:
    path = tmp_path / "a.deb"
    path.write_bytes(data)
    with DebFile(path, "a.deb") as deb:
        entries = unpack(deb, keep, Listing() if listed is None else listed)
        return [(entry, b"".join(entry.content.chunks())) for entry in entries]


def test_paths_modes_owners_and_content_are_those_of_the_package(tmp_path: Path) -> None:
    items = [
        folder("./usr/"),
        folder("./usr/mail/", 0o2775, gid=8),
        Item("./usr/mail/x", b"abc", mode=0o4755, uid=1, gid=2),
        link("./usr/y", "../mail/x"),
        Item("./usr/z", type=tarfile.LNKTYPE, link="./usr/mail/x"),
        Item("usr/Főtanúsítvány.crt", b"c"),
    ]

    found = read(tmp_path, make_deb(items))

    assert [
        (entry.path, entry.kind, oct(entry.mode), entry.uid, entry.gid, entry.target, data)
        for entry, data in found
    ] == [
        ("usr", Kind.DIRECTORY, "0o755", 0, 0, "", b""),
        ("usr/mail", Kind.DIRECTORY, "0o2775", 0, 8, "", b""),
        ("usr/mail/x", Kind.FILE, "0o4755", 1, 2, "", b"abc"),
        ("usr/y", Kind.SYMLINK, "0o777", 0, 0, "../mail/x", b""),
        ("usr/z", Kind.HARDLINK, "0o644", 0, 0, "usr/mail/x", b""),
        ("usr/Főtanúsítvány.crt", Kind.FILE, "0o644", 0, 0, "", b"c"),
    ]


def test_dpkg_is_told_of_all_paths_even_of_those_left_out(tmp_path: Path) -> None:
    data = make_deb([folder("./usr/"), Item("./usr/doc", b"d"), Item("./usr/bin", b"b")])
    listed = Listing()

    found = read(tmp_path, data, lambda path, _kind: path != "usr/doc", listed)

    assert [(entry.path, data) for entry, data in found] == [
        ("usr", b""),
        ("usr/bin", b"b"),
    ]
    assert listed.paths == ["/.", "/usr", "/usr/doc", "/usr/bin"]


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (Item("../x"), "the name `../x` is not one below the root"),
        (Item("./a/../../x"), "the name `./a/../../x` is not one below the root"),
        (Item("/etc/passwd"), "the name `/etc/passwd` is not one below the root"),
        (Item("./etc/.wh.passwd"), "no layer can hold a file with the name `./etc/.wh.passwd`"),
        (folder("./.wh.d"), "no layer can hold a file with the name `./.wh.d`"),
        (Item("./a//b"), "the name `./a//b` is not one below the root"),
        (Item("./a\nb"), UNSHOWN + "'./a\\nb'"),
        (link("./a", "b\x1b[31m"), UNSHOWN + "'b\\x1b[31m'"),
        (link("./a", ""), UNSHOWN + "''"),
        (Item("./tty", type=tarfile.CHRTYPE), "`tty` is neither file, directory nor link"),
        (Item("./fifo", type=tarfile.FIFOTYPE), "`fifo` is neither file, directory nor link"),
        (
            Item("./a", type=tarfile.LNKTYPE, link="../../x"),
            "the name `../../x` is not one below the root",
        ),
        (
            Item("./a", type=tarfile.LNKTYPE, link="./b"),
            "`a` is a hard link to `b`, which is not there before",
        ),
    ],
)
def test_what_no_package_should_hold_is_refused(tmp_path: Path, item: Item, problem: str) -> None:
    with pytest.raises(UnreadableDeb) as caught:
        read(tmp_path, make_deb([item]))

    assert str(caught.value) == f"Unable to read Debian package `a.deb`: {problem}"


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDeb, match=r"control characters: '\./a\\udcff'$"):
        read(tmp_path, make_deb([Item("./a\udcff")]))


def test_content_that_ends_early_is_told(tmp_path: Path) -> None:
    data = make_deb([Item("./x", bytes(20000))], compression="")
    size = b"%-10d`" % (len(data) - data.index(b"data.tar") - 60)
    at = data.index(size)
    cut = data[:at] + b"%-10d`" % 8000 + data[at + len(size) :][: 8000 + 1]

    with pytest.raises(UnreadableDeb) as caught:
        read(tmp_path, cut)

    assert str(caught.value) == "Unable to read Debian package `a.deb`: unexpected end of data"
