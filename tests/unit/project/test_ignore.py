from __future__ import annotations

from pathlib import Path

import pytest

from lamina.project.ignore import (
    Ignore,
    InvalidIgnoreFile,
    is_never_copied,
    parse_patterns,
    read_ignore,
)


def ignore(*lines: str) -> Ignore:
    return Ignore(parse_patterns("\n".join(lines)))


@pytest.mark.parametrize(
    ("pattern", "left_out", "kept"),
    [
        ("a.txt", ["a.txt"], ["sub/a.txt", "a.txtx"]),
        ("/a", ["a", "a/b/c"], ["b/a"]),
        ("a/", ["a", "a/b"], ["b/a"]),
        ("./a/../b", ["b"], ["a"]),
        ("*.md", ["x.md"], ["d/x.md", "x.mdx"]),
        ("**/*.md", ["x.md", "d/x.md", "d/e/x.md"], ["x.py"]),
        ("**.md", ["x.md", "d/x.md"], ["x.py"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("a/**/z", ["a/z", "a/b/c/z"], ["z"]),
        ("**", ["a", "a/b"], []),
        ("a?", ["ab"], ["a", "a/", "abc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "/x"]),
        ("[^a]x", ["bx"], ["ax", "/x"]),
        ("a\\*", ["a*"], ["ab"]),
        ("a.b", ["a.b"], ["axb"]),
        ("*/b", ["a/b", "a/b/c"], ["b", "a/c/b"]),
        ("(x|y)+", ["(x|y)+"], ["x"]),
    ],
)
def test_a_pattern_means_what_it_means_to_docker(
    pattern: str, left_out: list[str], kept: list[str]
) -> None:
    rules = ignore(pattern)

    assert [path for path in left_out if not rules.excludes(path)] == []
    assert [path for path in kept if rules.excludes(path)] == []


def test_the_last_match_wins() -> None:
    rules = ignore("*.md", "!README.md", "README*")

    assert rules.excludes("README.md")
    assert not ignore("*.md", "!README.md").excludes("README.md")


def test_comments_and_blank_lines_say_nothing() -> None:
    assert parse_patterns("# a\n\n   \n.\n/\r\n") == ()
    assert ignore("a # b").excludes("a # b")


def test_what_is_never_copied_cannot_be_taken_back() -> None:
    rules = ignore("!.git", "!**/__pycache__", "!**/*.pyc")

    for path in (".git", "a/__pycache__", "a/b.pyc", "sub/.venv", ".DS_Store", ".tox"):
        assert rules.excludes(path), path
        assert rules.prunes(path), path


@pytest.mark.parametrize(
    ("lines", "folder", "pruned"),
    [
        (["docs"], "docs", True),
        (["docs", "!docs/keep.md"], "docs", False),
        (["docs", "!docs/keep/x"], "docs/other", True),
        (["docs", "!docs/keep/x"], "docs/keep", False),
        (["docs", "!other"], "docs", True),
        (["docs", "!**/keep"], "docs", False),
        (["docs", "!docs"], "docs/sub", False),
    ],
)
def test_a_folder_is_entered_only_if_something_may_be_taken_back(
    lines: list[str], folder: str, pruned: bool
) -> None:
    assert ignore(*lines).prunes(folder) is pruned


def test_all_bad_lines_are_told_at_once() -> None:
    with pytest.raises(InvalidIgnoreFile) as caught:
        parse_patterns("ok\n!\na[b\nx\\\n[z-a]")

    assert str(caught.value) == (
        "Unable to read `.dockerignore`\n"
        "  .dockerignore:2: `!` without a pattern\n"
        "  .dockerignore:3: `[` is never closed\n"
        "  .dockerignore:4: ends in a backslash\n"
        "  .dockerignore:5: holds a range that runs backwards"
    )


def test_the_file_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_bytes(b"\xef\xbb\xbfsecret\n")

    assert read_ignore(tmp_path).excludes("secret")


def test_no_file_means_no_patterns(tmp_path: Path) -> None:
    assert read_ignore(tmp_path) == Ignore()


def test_a_file_that_is_not_utf8_is_explained(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_bytes(b"\xff\xfe")

    with pytest.raises(InvalidIgnoreFile) as caught:
        read_ignore(tmp_path)

    assert str(caught.value) == "Unable to read `.dockerignore`: it is not UTF-8"


def test_a_file_that_is_a_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").mkdir()

    with pytest.raises(InvalidIgnoreFile) as caught:
        read_ignore(tmp_path)

    assert str(caught.value) == "Unable to read `.dockerignore`: Is a directory"


def test_what_a_build_writes_is_left_out(tmp_path: Path) -> None:
    rules = read_ignore(tmp_path, [tmp_path / "out" / "image", tmp_path.parent / "elsewhere"])

    assert rules.outputs == {"out/image"}
    assert rules.excludes("out/image")
    assert rules.prunes("out/image")
    assert not rules.excludes("out")


def test_an_image_that_is_being_written_is_never_copied() -> None:
    assert is_never_copied(".lamina-0123456789abcdef")
