from __future__ import annotations

import random
from pathlib import Path

import pytest

from lamina.archive.entry import Entry, Kind, directory, file, symlink
from lamina.project.config import Copy
from lamina.project.files import MissingSource, collect, collect_copy, tree, tree_hash
from lamina.project.ignore import Ignore, parse_patterns
from lamina.project.walk import UnusableFiles

ALL = Ignore()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's folder with something of each kind in it."""
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "mod.py").write_text("mod")
    (root / "run.sh").write_text("run")
    (root / "run.sh").chmod(0o700)
    (root / "pkg" / "link").symlink_to("/etc/hosts")
    (tmp_path / "outside").write_text("secret")
    return root


def rows(entries: list[Entry]) -> list[tuple[str, Kind, int, int, int]]:
    return [(e.path, e.kind, e.mode, e.uid, e.gid) for e in entries]


def test_files_lie_in_the_working_directory_with_plain_modes(root: Path) -> None:
    assert rows(collect(root, ALL, "/srv/app")) == [
        ("srv", Kind.DIRECTORY, 0o755, 0, 0),
        ("srv/app", Kind.DIRECTORY, 0o755, 0, 0),
        ("srv/app/pkg", Kind.DIRECTORY, 0o755, 0, 0),
        ("srv/app/pkg/link", Kind.SYMLINK, 0o777, 0, 0),
        ("srv/app/pkg/mod.py", Kind.FILE, 0o644, 0, 0),
        ("srv/app/run.sh", Kind.FILE, 0o755, 0, 0),
    ]


def test_a_link_keeps_its_target_as_it_is_written(root: Path) -> None:
    (root / "odd").symlink_to("./pkg/")

    entries = {entry.path: entry for entry in collect(root, ALL, "/")}

    assert entries["pkg/link"].target == "/etc/hosts"
    assert entries["odd"].target == "./pkg/"


def test_what_is_ignored_is_not_collected(root: Path) -> None:
    entries = collect(root, Ignore(parse_patterns("pkg")), "/app")

    assert [entry.path for entry in entries] == ["app", "app/run.sh"]


def test_a_folder_gives_its_contents(root: Path) -> None:
    entries = collect_copy(root, ALL, Copy("pkg", "lib/pkg"), "/app")

    assert [entry.path for entry in entries] == [
        "app",
        "app/lib",
        "app/lib/pkg",
        "app/lib/pkg/link",
        "app/lib/pkg/mod.py",
    ]


@pytest.mark.parametrize(
    ("to", "path"),
    [
        (".", "app/run.sh"),
        ("./", "app/run.sh"),
        ("bin/", "app/bin/run.sh"),
        ("start", "app/start"),
        ("/usr/bin/start", "usr/bin/start"),
        ("/", "run.sh"),
        ("..", "run.sh"),
        ("../../../x", "x"),
    ],
)
def test_a_file_goes_where_dockers_copy_puts_it(root: Path, to: str, path: str) -> None:
    entries = collect_copy(root, ALL, Copy("run.sh", to), "/app")

    assert entries[-1].path == path
    assert entries[-1].kind is Kind.FILE


def test_mode_and_owner_are_given_to_what_is_copied_only(root: Path) -> None:
    entries = collect_copy(root, ALL, Copy("pkg", "data", 0o640, (7, 8)), "/app")

    assert rows(entries) == [
        ("app", Kind.DIRECTORY, 0o755, 0, 0),
        ("app/data", Kind.DIRECTORY, 0o750, 7, 8),
        ("app/data/link", Kind.SYMLINK, 0o777, 7, 8),
        ("app/data/mod.py", Kind.FILE, 0o640, 7, 8),
    ]


@pytest.mark.parametrize("to", [".", "/", ".."])
def test_the_working_directory_does_not_get_the_owner_of_a_copy(root: Path, to: str) -> None:
    entries = collect_copy(root, ALL, Copy("pkg", to, 0o600, (7, 8)), "/srv/app")

    folders = [entry for entry in entries if entry.kind is Kind.DIRECTORY]
    assert [(entry.mode, entry.uid) for entry in folders] == [(0o755, 0)] * len(folders)
    assert len(folders) == {".": 2, "/": 0, "..": 1}[to]


def test_the_whole_project_may_be_copied(root: Path) -> None:
    assert collect_copy(root, ALL, Copy(".", "."), "/app") == collect(root, ALL, "/app")


def test_a_link_to_a_file_of_the_project_gives_the_file_under_the_links_name(root: Path) -> None:
    (root / "start").symlink_to("run.sh")

    entries = collect_copy(root, ALL, Copy("start", "."), "/app")

    assert entries[-1].path == "app/start"
    assert b"".join(entries[-1].content.chunks()) == b"run"


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("out", "Unable to copy `out`: it leads out of the project's folder", None),
        ("up/outside", "Unable to copy `up/outside`: it leads out of the project's folder", None),
        ("pkg/mud.py", "no such file or folder", "Did you mean `pkg/mod.py`?"),
        ("pgk/mod.py", "no such file or folder", "Did you mean `pkg`?"),
        ("run.sh/x", "no such file or folder", None),
        ("nothing", "no such file or folder", None),
        ("loop", "no such file or folder", None),
    ],
)
def test_a_source_that_cannot_be_copied_is_explained(
    root: Path, source: str, message: str, hint: str | None
) -> None:
    (root / "out").symlink_to("../outside")
    (root / "up").symlink_to("..")

    with pytest.raises(MissingSource) as caught:
        collect_copy(root, ALL, Copy(source, "."), "/app")

    assert message in str(caught.value)
    assert caught.value.hint == hint


@pytest.mark.parametrize("source", [".git", ".git/HEAD", "docs", "docs/x"])
def test_a_source_that_is_left_out_is_explained(root: Path, source: str) -> None:
    for folder in (".git", "docs"):
        (root / folder).mkdir()
        (root / folder / "HEAD").write_text("")
        (root / folder / "x").write_text("")

    with pytest.raises(MissingSource) as caught:
        collect_copy(root, Ignore(parse_patterns("docs")), Copy(source, "."), "/app")

    assert str(caught.value) == f"Unable to copy `{source}`: it is left out"


def test_a_pipe_cannot_be_copied(root: Path) -> None:
    import os

    os.mkfifo(root / "pipe")

    with pytest.raises(UnusableFiles, match="pipe: is a named pipe"):
        collect_copy(root, ALL, Copy("pipe", "."), "/app")


def test_the_order_of_entries_does_not_matter_to_the_hash() -> None:
    entries = [directory("a"), file("a/b", b"1"), file("c", b"2"), symlink("d", "c")]
    shuffled = random.Random(7).sample(entries, len(entries))

    assert tree_hash(entries) == tree_hash(shuffled)


def test_the_date_of_a_file_does_not_matter_to_the_hash(root: Path) -> None:
    import os

    before = tree_hash(tree(root, "", ALL))
    os.utime(root / "run.sh", (1, 1))

    assert tree_hash(tree(root, "", ALL)) == before


@pytest.mark.parametrize(
    "other",
    [
        Entry("a", Kind.FILE, 0o755, file("a", b"1").content),
        file("b", b"1"),
        file("a", b"2"),
        file("a", b"11"),
        Entry("a", Kind.FILE, 0o644, file("a", b"1").content, uid=1),
        Entry("a", Kind.FILE, 0o644, file("a", b"1").content, gid=1),
        directory("a", 0o644),
        symlink("a", "1"),
    ],
    ids=["mode", "path", "bytes", "length", "uid", "gid", "kind", "target"],
)
def test_everything_else_matters_to_the_hash(other: Entry) -> None:
    assert tree_hash([file("a", b"1")]) != tree_hash([other])


def test_the_hash_of_a_tree_stays_what_it_was() -> None:
    """Keys of layers made by earlier releases are found again."""
    entries = [directory("a"), file("a/b", b"1", 0o755), symlink("d", "a/b")]

    assert tree_hash(entries) == (
        "3dba62606d5e0ce8af84962993f5f948879442a63bc19a2af37112f350b9cd8b"
    )
