"""What lies in a base, and whose it is."""

from __future__ import annotations

import pytest

from lamina.archive.entry import directory, file, symlink
from lamina.archive.rearranged import Diversion, Rearranged
from lamina.archive.tree import Tree
from lamina.oci.document import MalformedDocument
from lamina.system.base_paths import BasePaths, Claim, is_list

LIST = "var/lib/dpkg/info/a:amd64.list"

OLD, NEW = "0" * 32, "1" * 32
SUMS = {"etc/edited": NEW, "etc/own": NEW, "etc/plain": OLD}
STATUS = f"Package: a\nConffiles:\n /etc/edited {OLD}\n /etc/plain {OLD} obsolete\n".encode()


@pytest.fixture
def paths() -> BasePaths:
    tree = Tree()
    for entry in (directory("usr/lib"), symlink("lib", "usr/lib"), file("usr/lib/x", b"")):
        tree.apply(entry)
    return BasePaths.of(tree, {LIST: b"/.\n/lib\n/lib/x\n/bin/sh\n"}, SUMS, STATUS)


def test_what_is_kept_is_read_again(paths: BasePaths) -> None:
    assert BasePaths.parse(paths.to_json()) == paths
    assert paths.folders == {"usr", "usr/lib"}
    assert paths.leaves == {"lib": "usr/lib", "usr/lib/x": None}
    assert paths.edited == {"etc/edited": NEW, "etc/own": NEW}


def test_a_path_is_claimed_where_links_and_diversions_lead(paths: BasePaths) -> None:
    rearranged = Rearranged({"/bin/sh": Diversion("/bin/sh.moved", "dash")})

    found = paths.claims({"usr/lib/x", "bin/sh", "bin/sh.moved"}, rearranged)

    assert found == {
        "usr/lib/x": [Claim("a:amd64", "/lib/x")],
        "bin/sh.moved": [Claim("a:amd64", "/bin/sh")],
    }


def test_sums_tell_whose_a_file_is_where_there_is_no_list() -> None:
    paths = BasePaths(lists={"var/lib/dpkg/status.d/a.md5sums": "00  usr/x\n"})

    assert paths.claims({"usr/x"}, Rearranged()) == {"usr/x": [Claim("a", "/usr/x")]}


def test_a_folder_is_empty_or_not(paths: BasePaths) -> None:
    assert paths.has_below("usr/lib")
    assert not paths.has_below("usr/li")


@pytest.mark.parametrize("document", [{"format": 0}, {"format": 2, "paths": "AAAA", "lists": {}}])
def test_what_is_damaged_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(MalformedDocument):
        BasePaths.parse(document)


def test_lists_are_dpkgs_own() -> None:
    assert is_list(LIST)
    assert not is_list("var/lib/dpkg/info/a.md5sums")
