"""Which source trees a workspace has, and which of them can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from lamina.lock.model import Lock
from lamina.project.workspace import WorkspaceUnreadable, is_excluded, read_trees
from unit.lock.locks import lock

LOCKED = lock(
    *(
        f'[[package]]\nname = "{name}"\nversion = "1"\nsource = {source}\n'
        for name, source in [
            ("root", '{ virtual = "." }'),
            ("near", '{ directory = "../near" }'),
            ("gone", '{ editable = "vendor/gone" }'),
            ("renamed", '{ directory = "vendor/renamed" }'),
            ("a", '{ editable = "packages/a" }'),
        ]
    )
)


def write(folder: Path, name: str, more: str = "") -> None:
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n{more}')


def trees(root: Path, table: str, locked: Lock = LOCKED) -> list[tuple[str, bool]]:
    document = tomli.loads(f"[tool.uv.workspace]\n{table}")
    return [(tree.folder, tree.is_member) for tree in read_trees(root, document, locked)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("a", "b", "b-old", "deep/c"):
        write(root / "packages" / name, Path(name).name)
    write(root / "packages" / "unmanaged", "unmanaged", "[tool.uv]\nmanaged = false\n")
    (root / "packages" / "empty").mkdir()
    (root / "packages" / "file").write_text("")
    write(tmp_path / "near", "near")
    write(root / "vendor" / "renamed", "other")
    return root


@pytest.mark.parametrize(
    ("table", "members"),
    [
        ("", []),
        ('members = ["packages/*"]', ["packages/a", "packages/b", "packages/b-old"]),
        ('members = ["./packages/a", "packages/[b]"]', ["packages/a", "packages/b"]),
        ('members = ["packages/**"]', ["a", "b", "b-old", "deep/c"]),
        ('members = ["packages/**"]\nexclude = ["packages/*"]', []),
        ('members = ["packages/*"]\nexclude = ["*-old", "packages/b/"]', ["packages/a"]),
        ('members = [1, "", "/abs/*", "none/*"]', []),
    ],
)
def test_members_are_found_as_uv_finds_them(root: Path, table: str, members: list[str]) -> None:
    found = [folder for folder, is_member in trees(root, table) if is_member]

    assert found == [f"packages/{each.removeprefix('packages/')}" for each in members]


@pytest.mark.parametrize(
    ("glob", "is_excluded_"),
    [
        ("packages/*", True),
        ("packages/a/", True),
        ("*/a", True),
        ("packages/?", True),
        ("a", False),
    ],
)
def test_a_star_of_an_exclusion_stands_for_slashes_too(glob: str, is_excluded_: bool) -> None:
    document = {"tool": {"uv": {"workspace": {"exclude": [glob, 1]}}}}

    assert is_excluded("packages/a", document) is is_excluded_
    assert is_excluded("packages/a/deep", document) is (glob == "packages/*")


def test_folders_that_are_depended_on_are_read_where_they_still_are(root: Path) -> None:
    assert trees(root, 'members = ["packages/a"]') == [("../near", False), ("packages/a", True)]


def test_a_member_that_cannot_be_read_is_named(root: Path) -> None:
    broken = root / "packages" / "a" / "pyproject.toml"
    broken.write_text("[project\n")

    with pytest.raises(WorkspaceUnreadable) as caught:
        trees(root, 'members = ["packages/a"]')

    assert str(caught.value) == (
        f"Unable to parse `{broken}`: Expected ']' at the end of a table declaration "
        "(at line 1, column 9)"
    )


def test_a_member_whose_file_is_a_folder_is_named(root: Path) -> None:
    odd = root / "packages" / "odd" / "pyproject.toml"
    odd.mkdir(parents=True)

    with pytest.raises(WorkspaceUnreadable) as caught:
        trees(root, 'members = ["packages/odd"]')

    assert str(caught.value) == f"Unable to read `{odd}`: Is a directory"
