from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.archive.entry import Entry, Kind, directory, file, symlink
from lamina.archive.rootfs import (
    PlacementRefused,
    PrefixNotPlain,
    Rootfs,
    check_parents,
    place,
)
from lamina.archive.tree import BadPath, Permissions, Tree
from lamina.oci.document import MalformedDocument, encode

OWNED = Entry("home/app", Kind.DIRECTORY, 0o750, uid=1000, gid=1001)

# What a Debian image has, as far as it matters here.
DEBIAN = [
    symlink("lib", "usr/lib"),
    symlink("lib64", "usr/lib64"),
    directory("usr/lib64"),
    file("usr/lib/x86_64-linux-gnu/libc.so.6", b""),
    directory("tmp", 0o1777),
    directory("var/tmp", 0o1777),
    symlink("var/run", "/run"),
    directory("run"),
    directory("opt"),
    OWNED,
    symlink("usr/bin/python3", "python3.11"),
    file("usr/bin/python3.11", b""),
    symlink("etc/mtab", "/proc/mounts"),
    file(".dockerenv", b""),
]


def rootfs_of(*entries: Entry) -> Rootfs:
    tree = Tree()
    for entry in entries:
        tree.apply(entry)
    return Rootfs.of(tree)


BASE = rootfs_of(*DEBIAN)


def test_links_to_directories_and_to_nothing_are_known() -> None:
    assert BASE.links == {
        "etc/mtab": "/proc/mounts",
        "lib": "usr/lib",
        "lib64": "usr/lib64",
        "var/run": "/run",
    }


def test_a_loop_is_known_so_that_it_can_be_told() -> None:
    looping = rootfs_of(symlink("a", "b"), symlink("b", "a"))

    with pytest.raises(BadPath) as caught:
        place([file("a/x", b"")], looping)

    assert str(caught.value) == "Too many symlinks on the way to `a`"


def test_a_symlink_to_the_root_leads_nowhere_else() -> None:
    assert rootfs_of(symlink("proc/1/root", "/")).resolve("proc/1/root/etc") == "etc"


def test_directories_of_others_and_those_near_the_root_are_known() -> None:
    assert BASE.directories["home/app"] == Permissions(0o750, 1000, 1001)
    assert BASE.directories["var/tmp"] == Permissions(0o1777)
    assert "usr/bin" in BASE.directories
    assert "usr/lib/x86_64-linux-gnu" not in BASE.directories
    assert BASE.files == {".dockerenv"}


def test_directories_on_the_way_to_what_matters_are_kept() -> None:
    tree = Tree()
    for entry in DEBIAN:
        tree.apply(entry)

    kept = Rootfs.of(tree, keep=["usr/lib/x86_64-linux-gnu/libc.so.6"])

    assert "usr/lib/x86_64-linux-gnu" in kept.directories


def test_a_directory_is_given_as_the_base_has_it() -> None:
    assert BASE.directory("home/app") == OWNED
    assert BASE.directory("usr/share/doc") is None


def test_what_is_kept_is_read_again() -> None:
    document = json.loads(encode(BASE.to_json()))

    assert Rootfs.from_json(document) == BASE
    assert document["tmp"] == {"": [0o1777, 0, 0]}
    assert document["lib"] == "usr/lib"
    assert document[".dockerenv"] is None


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "Malformed facts of a base image at ''"),
        ({"a": {"b": 1}}, "Malformed facts of a base image at 'a/b'"),
        ({"a": {"": [1]}}, "Malformed facts of a base image: expected `[mode, uid, gid]`"),
        ({"a": {"": [-1, 0, 0]}}, "Malformed facts of a base image: expected `[mode, uid, gid]`"),
    ],
)
def test_other_facts_are_refused(document: object, text: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        Rootfs.from_json(document)

    assert str(caught.value) == text


def test_a_layer_above_changes_what_lies_below() -> None:
    above = BASE.apply(
        [
            symlink("opt/venv/lib64", "lib"),
            directory("opt/venv/lib"),
            file("home/.wh.app", b""),
            directory("lib"),
            symlink("srv/data", "/mnt/data"),
        ]
    )

    assert above.resolve("opt/venv/lib64/x") == "opt/venv/lib/x"
    assert above.resolve("srv/data/x") == "mnt/data/x"
    assert above.directory("home/app") is None
    assert above.resolve("lib/x") == "lib/x"
    assert above.directory("tmp") == directory("tmp", 0o1777)


def test_no_layer_changes_nothing() -> None:
    assert BASE.apply([]) == BASE


def placed(*entries: Entry, rootfs: Rootfs = BASE) -> list[tuple[str, int]]:
    return [(entry.path, entry.mode) for entry in place(entries, rootfs)]


def test_a_merged_lib_does_not_hide_the_c_library() -> None:
    assert placed(file("lib/x", b"")) == [("usr", 0o755), ("usr/lib", 0o755), ("usr/lib/x", 0o644)]


def test_tmp_stays_open_to_everybody() -> None:
    assert placed(directory("tmp"), file("tmp/x", b"")) == [("tmp", 0o1777), ("tmp/x", 0o644)]


def test_a_home_keeps_its_owner() -> None:
    assert place([file("home/app/x", b"")], BASE)[1] == OWNED


def test_lib64_of_the_environment_leads_to_its_lib() -> None:
    skeleton = BASE.apply([symlink("opt/venv/lib64", "lib")])

    paths = [path for path, _ in placed(file("opt/venv/lib64/x", b""), rootfs=skeleton)]

    assert paths == ["opt", "opt/venv", "opt/venv/lib", "opt/venv/lib/x"]


def test_a_directory_through_a_link_is_where_it_leads() -> None:
    assert placed(directory("var/run/app", 0o700)) == [("run", 0o755), ("run/app", 0o700)]
    assert placed(directory("var/run", 0o700)) == [("run", 0o755)]


def test_a_link_to_the_root_adds_nothing() -> None:
    assert placed(directory("r"), rootfs=rootfs_of(symlink("r", "/"))) == []


def test_targets_of_hard_links_are_resolved_and_come_first() -> None:
    entries = [Entry("lib/a", Kind.HARDLINK, target="lib/b"), file("lib/b", b"")]

    *_, last_but_one, last = place(entries, BASE)

    assert last_but_one.path == "usr/lib/b"
    assert (last.path, last.target) == ("usr/lib/a", "usr/lib/b")


def test_targets_of_symlinks_stay_as_written() -> None:
    assert place([symlink("lib/a", "../lib/b")], BASE)[-1] == symlink("usr/lib/a", "../lib/b")


def test_a_directory_comes_before_what_lies_in_it() -> None:
    assert [path for path, _ in placed(file("a.b", b""), file("a/b", b""), rootfs=Rootfs())] == [
        "a",
        "a/b",
        "a.b",
    ]


def test_the_same_entry_twice_is_one() -> None:
    assert placed(file("lib/a", b"1"), file("usr/lib/a", b"1"))[2:] == [("usr/lib/a", 0o644)]


def test_the_base_may_be_given_what_it_has() -> None:
    assert placed(symlink("lib", "usr/lib")) == [("lib", 0o777)]


def test_files_and_dangling_links_of_the_base_may_be_replaced() -> None:
    assert placed(file("etc/mtab", b""), file(".dockerenv", b"")) == [
        (".dockerenv", 0o644),
        ("etc", 0o755),
        ("etc/mtab", 0o644),
    ]


def test_what_would_destroy_something_is_refused_at_once() -> None:
    entries = [
        file("usr", b""),
        symlink("lib", "elsewhere"),
        file("tmp/a", b""),
        file("tmp/a/b", b""),
        file("lib/x", b"1"),
        file("usr/lib/x", b"2"),
    ]

    with pytest.raises(PlacementRefused) as caught:
        place(entries, BASE)

    assert str(caught.value) == (
        "Unable to lay these paths over what is below them\n"
        "  `lib`: would replace the symlink to the directory `usr/lib`\n"
        "  `tmp/a/b`: lies below `tmp/a`, which is a file\n"
        "  `usr/lib/x`: lies below `usr`, which is a file\n"
        "  `usr/lib/x`: stands there twice\n"
        "  `usr`: would replace a directory of the base by a file"
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("../x", "A path leaves the root of the image: '../x'"),
        ("a/../../x", "A path leaves the root of the image: 'a/../../x'"),
        ("", "A path has no name: ''"),
    ],
)
def test_a_path_that_is_none_is_refused(path: str, text: str) -> None:
    with pytest.raises(BadPath) as caught:
        place([file(path, b"")], BASE)

    assert str(caught.value) == text


@given(st.permutations([file("lib/a", b""), file("usr/lib/b", b""), directory("tmp"), OWNED]))
def test_the_order_of_entries_does_not_matter(entries: list[Entry]) -> None:
    assert place(entries, BASE) == place(reversed(entries), BASE)


@given(st.lists(st.sampled_from(["lib", "x", "var", "run", "tmp"]), min_size=1, max_size=4))
def test_what_is_placed_stays_where_it_is(parts: list[str]) -> None:
    once = place([directory("/".join(parts))], BASE)

    assert place(once, BASE) == once


def test_a_prefix_over_plain_directories_is_fine() -> None:
    for prefix in ("/opt/venv", "/srv/new/venv", "usr/local/venv"):
        check_parents(prefix, BASE)


@pytest.mark.parametrize(
    ("prefix", "entry", "found"),
    [
        ("/lib/venv", None, "`/lib`: a symlink to `usr/lib`"),
        ("/home/app/venv", None, "`/home/app`: a directory of mode 0750 and owner 1000:1001"),
        ("/.dockerenv/venv", None, "`/.dockerenv`: a file"),
        ("/opt/venv", symlink("opt/venv", "/elsewhere"), "`/opt/venv`: a symlink to `/elsewhere`"),
        (
            "/opt/venv",
            symlink("opt/venv/lib64", "lib"),
            "`/opt/venv/lib64`: a symlink to `lib`",
        ),
        (
            "/opt/venv",
            directory("opt/venv/bin", 0o700),
            "`/opt/venv/bin`: a directory of mode 0700 and owner 0:0",
        ),
    ],
)
def test_a_prefix_that_layers_would_change_is_refused(
    prefix: str, entry: Entry | None, found: str
) -> None:
    with pytest.raises(PrefixNotPlain) as caught:
        check_parents(prefix, BASE.apply([entry] if entry else []))

    assert str(caught.value) == (
        f"Unable to put the environment at `{prefix}`: only directories of mode 0755 and "
        f"owner 0:0 may lie there, but the base image has\n  {found}"
    )
    assert caught.value.hint == "Set `venv` in `[tool.lamina]` to a path elsewhere"
