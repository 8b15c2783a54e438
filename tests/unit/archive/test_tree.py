from __future__ import annotations

import pytest

from lamina.archive.entry import Entry, Kind, directory, file, symlink
from lamina.archive.tree import PLAIN, BadPath, Directory, Leaf, Permissions, Tree


def tree_of(*layers: list[Entry]) -> Tree:
    tree = Tree()
    for layer in layers:
        tree.next_layer()
        for entry in layer:
            tree.apply(entry)
    return tree


def paths(tree: Tree) -> list[str]:
    return [path for path, _ in tree.walk()]


def test_paths_are_told_apart_from_how_they_are_written() -> None:
    assert paths(tree_of([directory("./a/"), file("/a//b", b"")])) == ["a", "a/b"]


def test_missing_parents_are_plain_directories() -> None:
    node = tree_of([file("a/b", b"")]).find(["a"])

    assert isinstance(node, Directory)
    assert node.permissions == PLAIN


def test_a_directory_keeps_what_lies_in_it_and_takes_the_last_mode() -> None:
    tree = tree_of([file("a/b", b"")], [directory("a", 0o700)])

    node = tree.find(["a"])
    assert isinstance(node, Directory)
    assert node.permissions == Permissions(0o700)
    assert paths(tree) == ["a", "a/b"]


def test_the_mode_of_the_root_is_taken() -> None:
    assert tree_of([directory("./", 0o700)]).root.permissions == Permissions(0o700)


def test_anything_else_without_a_name_is_nothing() -> None:
    assert paths(tree_of([file("./", b"")])) == []


def test_a_directory_replaces_a_symlink_and_the_reverse() -> None:
    tree = tree_of(
        [symlink("lib", "usr/lib"), file("d/f", b"")], [directory("lib"), symlink("d", "lib")]
    )

    assert isinstance(tree.find(["lib"]), Directory)
    assert tree.find(["d"]) == Leaf(2, "lib")
    assert tree.find(["d", "f"]) is None


def test_an_entry_below_a_symlink_lies_where_it_leads() -> None:
    tree = tree_of([directory("usr/lib"), symlink("lib", "/usr/lib")], [file("lib/x", b"")])

    assert paths(tree) == ["lib", "usr", "usr/lib", "usr/lib/x"]


def test_a_directory_takes_the_place_of_a_file_above_it() -> None:
    assert paths(tree_of([file("a", b"")], [file("a/b", b"")])) == ["a", "a/b"]


def test_a_whiteout_hides_what_lies_below() -> None:
    tree = tree_of([file("a/b", b""), file("c", b"")], [file("a/.wh.b", b""), file(".wh.c", b"")])

    assert paths(tree) == ["a"]


def test_a_whiteout_of_nothing_does_nothing() -> None:
    assert paths(tree_of([file("a", b"")], [file(".wh.b", b""), file(".wh.", b"")])) == ["a"]


@pytest.mark.parametrize("whiteout_first", [True, False])
def test_a_whiteout_hides_nothing_of_its_own_layer(whiteout_first: bool) -> None:
    upper = [file(".wh.d", b""), directory("d", 0o700), file("d/new", b"")]

    tree = tree_of(
        [file("d/old", b""), file("d/e/old", b"")], upper if whiteout_first else upper[::-1]
    )

    assert paths(tree) == ["d", "d/new"]


@pytest.mark.parametrize("marker_first", [True, False])
def test_an_opaque_directory_has_only_what_its_own_layer_gives(marker_first: bool) -> None:
    upper = [file("d/.wh..wh..opq", b""), file("d/e/new", b"")]

    tree = tree_of(
        [file("d/old", b""), file("d/e/old", b"")], upper if marker_first else upper[::-1]
    )

    assert paths(tree) == ["d", "d/e", "d/e/new"]


def test_symlinks_are_followed_as_the_kernel_does() -> None:
    tree = tree_of([symlink("a/b", "../c"), symlink("c", "/d/./e"), symlink("up", "../../x")])

    assert tree.resolve("a/b/f") == ["d", "e", "f"]
    assert tree.resolve("up") == ["x"]
    assert tree.resolve("a/../q") == ["q"]


def test_a_loop_is_told() -> None:
    tree = tree_of([symlink("a", "b"), symlink("b", "a")])

    with pytest.raises(BadPath) as caught:
        tree.resolve("a/x")

    assert str(caught.value) == "Too many symlinks on the way to `a/x`"


@pytest.mark.parametrize("path", ["../a", "a/../../b", "a\0b"])
def test_a_path_that_leaves_the_root_is_refused(path: str) -> None:
    with pytest.raises(BadPath) as caught:
        tree_of([file(path, b"")])

    assert str(caught.value) == f"A path leaves the root of the image: {path!r}"


def test_a_hardlink_is_a_file() -> None:
    assert tree_of([Entry("h", Kind.HARDLINK, target="f")]).find(["h"]) == Leaf(1)


def test_too_many_paths_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamina.archive.tree.PATH_LIMIT", 3)

    with pytest.raises(BadPath) as caught:
        tree_of([file("a/b/c/d", b"")])

    assert str(caught.value) == "The image has more than 3 paths"
