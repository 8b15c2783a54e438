"""`cache-keys`: which are read, and which files they mean; uv's answers are in the comparison."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lamina.sync.cache_keys import DEFAULT, NOTHING, CacheKeys, read_keys


def say(folder: Path, keys: str) -> CacheKeys | None:
    (folder / "pyproject.toml").write_text(f"[tool.uv]\ncache-keys = {keys}\n")
    return read_keys(folder)


@pytest.mark.parametrize("text", ["", "[tool.uv]\n", "[tool]\nuv = 1\n", "no TOML", None])
def test_a_project_that_says_nothing_has_the_usual_ones(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)

    assert read_keys(tmp_path) == DEFAULT


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("[]", CacheKeys()),
        ('["a", {file = "b"}, {dir = "c"}]', CacheKeys(("a", "b"), ("c",))),
        ('[{env = "X"}, {git = true}]', CacheKeys(variables=("X",), has_commit=True)),
        ("[{git = {tags = true}}, {git = false}]", CacheKeys(has_tags=True)),
        ("[{git = {}}]", CacheKeys()),
    ],
)
def test_every_form_is_read(text: str, keys: CacheKeys, tmp_path: Path) -> None:
    assert say(tmp_path, text) == keys


@pytest.mark.parametrize(
    "text",
    [
        '"a"', "1", "[1]", "[{}]", '[{file = 1}]', '[{bogus = "a"}]', "[{git = {bogus = 1}}]",
        '[{file = "a", dir = "b"}]', '["{a"]', '["a}"]', '["[b-a]*"]', '[{git = "main"}]',
    ],
)  # fmt: skip
def test_what_uv_refuses_is_none(text: str, tmp_path: Path) -> None:
    assert say(tmp_path, text) is None


FILES = ("1.x", ".4.x", "e/2.x", "e/f/3.x", "e/f/5.y", "z,z.y")


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*"], ["1.x", ".4.x", "z,z.y"]),
        (["**"], list(FILES)),
        (["**/*"], list(FILES)),
        (["*.x"], ["1.x", ".4.x", "e/2.x", "e/f/3.x"]),
        (["./*.x"], ["1.x", ".4.x", "e/2.x", "e/f/3.x"]),
        (["*/*"], ["e/2.x"]),
        (["*/2.x"], ["e/2.x"]),
        (["e/**"], ["e/2.x", "e/f/3.x", "e/f/5.y"]),
        (["**/f/*"], ["e/f/3.x", "e/f/5.y"]),
        (["**/3.x"], ["e/f/3.x"]),
        (["e*"], []),
        (["e*/f/3.x"], ["e/f/3.x"]),
        (["?.x"], ["1.x", "e/2.x", "e/f/3.x"]),
        (["[!1].x"], ["e/2.x", "e/f/3.x"]),
        (["[^12].x"], ["e/f/3.x"]),
        (["[1-2].x"], ["1.x", "e/2.x"]),
        (["{1,2}.x"], ["1.x", "e/2.x"]),
        (["z,*"], ["z,z.y"]),
        (["*.{x,y}", "!*.x"], ["e/f/5.y", "z,z.y"]),
        (["e/../e/*.x"], ["e/2.x", "e/f/3.x"]),
        (["1.x", "none", "e"], ["1.x"]),
    ],
)
def test_files_are_found(patterns: list[str], found: list[str], tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    meant = CacheKeys(tuple(patterns)).files(tmp_path)

    assert sorted(path.resolve() for path in meant) == sorted(tmp_path / name for name in found)


def test_what_is_installed_in_an_environment_is_no_source(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "lib").mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    (tmp_path / ".venv" / "lib" / "a.py").touch()

    assert CacheKeys(("**/*.py", "**/*.cfg")).files(tmp_path) == []


def test_variables_and_folders_are_told(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "file").touch()

    found = CacheKeys((), ("none", "here", "file"), ("UNSET", "SET")).rest(tmp_path, {"SET": "1"})

    assert (found.commit, found.tags) == (None, None)
    assert found.variables == {"SET": "1", "UNSET": None}
    assert found.folders["none"] is None
    assert found.folders["here"] is not None
    assert list(found.folders) == ["here", "none"]


def test_a_commit_and_tags_are_told_wherever_git_keeps_them(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *words]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    keys = CacheKeys(has_commit=True, has_tags=True)
    assert keys.rest(tmp_path, {}) == NOTHING
    git("init", "-q")
    assert keys.rest(tmp_path, {}).commit is None
    git("commit", "-q", "--allow-empty", "-m", "one")
    git("tag", "v1/x")
    commit = git("rev-parse", "HEAD")

    loose = keys.rest(tmp_path, {})
    git("pack-refs", "--all")

    assert (loose.commit, loose.tags) == (commit, {"v1/x": commit})
    assert keys.rest(tmp_path, {}) == loose
    (tmp_path / "below").mkdir()
    assert keys.rest(tmp_path / "below", {}) == loose
    assert CacheKeys().rest(tmp_path, {}) == NOTHING


def test_the_digest_goes_by_what_is_in_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    keys = CacheKeys(("*.txt",), variables=("X",))
    before = keys.digest(tmp_path, {})

    (tmp_path / "a.txt").touch()
    assert keys.digest(tmp_path, {}) == before
    assert keys.digest(tmp_path, {"X": ""}) != before
    (tmp_path / "b.txt").write_text("")
    assert keys.digest(tmp_path, {}) != before
    (tmp_path / "b.txt").unlink()
    (tmp_path / "a.txt").write_text("b")
    assert keys.digest(tmp_path, {}) != before
