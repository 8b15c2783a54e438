from __future__ import annotations

import os
from pathlib import Path

import pytest

from lamina.project.ignore import Ignore, parse_patterns
from lamina.project.walk import FileChanged, UnusableFiles, content, walk


def tree(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def names(root: Path, *lines: str) -> list[str]:
    return [found.path for found in walk(root, "", Ignore(parse_patterns("\n".join(lines))))]


def test_files_and_folders_are_sorted_by_path(tmp_path: Path) -> None:
    tree(tmp_path, "b/x", "a", "b.txt")
    (tmp_path / "empty").mkdir()

    assert names(tmp_path) == ["a", "b", "b.txt", "b/x", "empty"]


def test_caches_and_environments_are_not_walked(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "__pycache__/a.pyc", ".git/HEAD", "envs/mine/pyvenv.cfg", "envs/mine/x")

    assert names(tmp_path) == ["a.py", "envs"]


def test_the_project_itself_may_be_an_environment(tmp_path: Path) -> None:
    tree(tmp_path, "pyvenv.cfg", "a.py")

    assert names(tmp_path) == ["a.py", "pyvenv.cfg"]


def test_a_file_that_is_taken_back_brings_its_folders(tmp_path: Path) -> None:
    tree(tmp_path, "docs/a/keep.md", "docs/a/x", "docs/b/x")

    assert names(tmp_path, "docs", "!docs/a/keep.md") == ["docs", "docs/a", "docs/a/keep.md"]


def test_a_folder_of_which_nothing_is_kept_is_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "docs/x", "a")

    assert names(tmp_path, "docs", "!docs/keep.md") == ["a"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    tree(tmp_path, "sub/x")
    (tmp_path / "link").symlink_to("sub")
    (tmp_path / "loop").symlink_to("loop")

    assert names(tmp_path) == ["link", "loop", "sub", "sub/x"]


def test_a_very_deep_tree_is_walked(tmp_path: Path) -> None:
    folders = [tmp_path]
    for _ in range(1010):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()

    try:
        assert len(names(tmp_path)) == 1010
    finally:
        # Here, since pytest's own cleaning would go deeper than Python can.
        for folder in reversed(folders[1:]):
            folder.rmdir()


def test_everything_that_no_layer_can_hold_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff")).write_text("")
    (tmp_path / ".wh.app").write_text("")

    with pytest.raises(UnusableFiles) as caught:
        names(tmp_path)

    assert str(caught.value) == (
        "Unable to copy files of the project\n"
        "  .wh.app: in a layer it would hide other files\n"
        "  bad\\xff: its name is not UTF-8\n"
        "  pipe: is a named pipe"
    )
    assert caught.value.hint == "To leave a file out, name it in `.dockerignore`"


def test_what_is_left_out_may_be_anything(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert names(tmp_path, "pipe") == []


def test_the_bytes_of_a_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 600_000)
    [found] = walk(tmp_path, "", Ignore())

    chunks = list(content(tmp_path, found).chunks())

    assert b"".join(chunks) == b"x" * 600_000
    assert max(map(len, chunks)) <= 1 << 18


@pytest.mark.parametrize("now", ["longer", "x", "even"])
def test_a_file_that_changed_since_it_was_seen_is_not_read(tmp_path: Path, now: str) -> None:
    path = tmp_path / "a"
    path.write_text("text")
    [found] = walk(tmp_path, "", Ignore())
    path.write_text(now)
    os.utime(path, ns=(1, 1))

    with pytest.raises(FileChanged) as caught:
        list(content(tmp_path, found).chunks())

    assert str(caught.value) == f"`{path}` changed while it was read"


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 300_000)
    [found] = walk(tmp_path, "", Ignore())
    chunks = content(tmp_path, found).chunks()
    next(chunks)
    with path.open("ab") as file:
        file.write(b"more")

    with pytest.raises(FileChanged):
        list(chunks)


def test_a_link_put_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("text")
    [found] = walk(tmp_path, "", Ignore())
    path.unlink()
    path.symlink_to("/etc/passwd")

    with pytest.raises(UnusableFiles) as caught:
        list(content(tmp_path, found).chunks())

    assert str(caught.value).startswith(f"Unable to read `{path}`: ")
