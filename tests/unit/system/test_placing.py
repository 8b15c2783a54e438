"""Where the paths of packages go above a base."""

from __future__ import annotations

import pytest

from lamina.archive.entry import Entry, Kind, directory, file, symlink
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import Permissions
from lamina.system.placing import PackagesCollide, Placing

MERGED = {"lib": "usr/lib", "bin": "usr/bin"}


def placed(placing: Placing, *entries: Entry, owner: str = "a") -> list[Entry]:
    return [each for entry in entries for each in placing.place(owner, entry)]


def test_a_path_lies_where_the_links_of_the_base_lead() -> None:
    placing = Placing(Rootfs(links=MERGED))

    found = placed(placing, directory("lib"), directory("lib/x"), file("lib/x/y", b""))

    assert [each.path for each in found] == ["usr", "usr/lib", "usr/lib/x", "usr/lib/x/y"]


def test_a_directory_of_the_base_keeps_its_mode_and_owner() -> None:
    base = Rootfs(directories={"var": Permissions(), "var/mail": Permissions(0o2775, 0, 8)})

    found = placed(Placing(base), directory("var/mail", 0o755), file("var/mail/x", b""))

    assert [(each.path, each.mode, each.gid) for each in found] == [
        ("var", 0o755, 0),
        ("var/mail", 0o2775, 8),
        ("var/mail/x", 0o644, 0),
    ]


def test_a_link_never_takes_the_place_of_a_directory() -> None:
    base = Rootfs(directories={"etc": Permissions(), "etc/x": Permissions()})

    assert placed(Placing(base), symlink("etc/x", "y")) == []


def test_a_link_that_the_base_has_alike_stays() -> None:
    assert placed(Placing(Rootfs(links=MERGED)), symlink("lib", "usr/lib")) == []


def test_a_file_over_a_directory_of_the_base_is_refused() -> None:
    base = Rootfs(directories={"etc": Permissions(), "etc/x": Permissions()})

    with pytest.raises(PackagesCollide) as caught:
        placed(Placing(base), file("etc/x", b""))

    assert str(caught.value) == (
        "Unable to unpack packages beside each other\n"
        "  `/etc/x`: a file in `a`, a directory of the base image"
    )


def test_a_file_below_a_link_of_a_package_stays_in_the_image() -> None:
    found = placed(Placing(Rootfs()), symlink("a", "../../etc"), file("a/passwd", b""))

    assert [(each.path, each.kind) for each in found] == [
        ("a", Kind.SYMLINK),
        ("etc", Kind.DIRECTORY),
        ("etc/passwd", Kind.FILE),
    ]


def test_a_hard_link_follows_its_target() -> None:
    link = Entry("lib/y", Kind.HARDLINK, target="lib/x")

    found = placed(Placing(Rootfs(links=MERGED)), file("lib/x", b""), link)

    assert found[-1].path == "usr/lib/y"
    assert found[-1].target == "usr/lib/x"
