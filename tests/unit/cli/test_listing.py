"""Building from a ``pylock.toml``, beside a project or alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import Item, make_wheel
from lamina.cli.listing import NAME
from projects import LockedProject
from unit.cli.program import Program

PYPROJECT = '[project]\nname = "app"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
BACKEND = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
HEAD = 'lock-version = "1.0"\ncreated-by = "hand"\n'

Write = Callable[..., Path]


@pytest.fixture
def write(program: Program) -> Write:
    """Write a list of distributions with their wheels, and return it."""

    def write(*names: str, name: str = "pylock.toml", head: str = "", more: str = "") -> Path:
        folder = program.root / "project"
        (folder / "wheels").mkdir(parents=True, exist_ok=True)
        text = HEAD + head
        for each in names:
            data = make_wheel(Item(f"{each}.py", b"ONE = 1\n"), name=each)
            (folder / "wheels" / f"{each}-1.0-py3-none-any.whl").write_bytes(data)
            text += (
                f'\n[[packages]]\nname = "{each}"\nversion = "1.0"\n'
                f'wheels = [{{ path = "wheels/{each}-1.0-py3-none-any.whl", size = {len(data)}, '
                f'hashes = {{ sha256 = "{hashlib.sha256(data).hexdigest()}" }} }}]\n'
            )
        (folder / name).write_text(text + more)
        return folder / name

    return write


def planned(program: Program, *args: str) -> list[str]:
    ended = program("plan", "project", "--base", "scratch", "--json", *args)
    assert ended.code == 0, ended.err
    layers = json.loads(ended.out)["platforms"][0]["layers"]
    return sorted(each["name"] for layer in layers for each in layer["distributions"])


def history(program: Program, report: Any) -> list[str]:
    def blob(digest: str) -> Any:
        return json.loads((program.root / "out/blobs" / digest.replace(":", "/")).read_text())

    config = blob(blob(report["platforms"][0]["digest"])["config"]["digest"])
    return [each["created_by"].removeprefix("lamina: ") for each in config["history"]]


def test_a_folder_with_a_list_alone_is_built(write: Write, program: Program) -> None:
    (write("numbers").parent / "main.py").write_text("import numbers\n")

    ended = program.build("--json")

    report = json.loads(ended.out)
    assert "Installing what `pylock.toml` lists\n" in ended.err
    assert "Building the project for linux/amd64" in ended.err
    assert history(program, report)[-1] == "files of the project"
    assert planned(program) == ["numbers"]


def test_of_both_locks_uv_s_is_taken_and_that_is_said(
    locked: LockedProject, write: Write, program: Program
) -> None:
    locked.wheel("letters", Item("letters.py", b""))
    locked.write()
    write("numbers")

    ended = program.build()

    assert planned(program) == ["letters"]
    assert planned(program, "--lockfile", "project/pylock.toml") == ["numbers"]
    assert (
        "`pylock.toml` is passed over for `uv.lock`; to install what it lists, pass "
        "`--lockfile pylock.toml`\n"
    ) in ended.err


def test_another_list_is_named(
    write: Write, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("numbers")
    write("letters", name="pylock.dev.toml")

    assert planned(program, "--lockfile", "project/pylock.dev.toml") == ["letters"]
    assert planned(program, "--lockfile", "pylock.dev.toml") == ["letters"]
    monkeypatch.setenv("LAMINA_LOCKFILE", "pylock.dev.toml")
    assert planned(program) == ["letters"]


def test_paths_are_relative_to_the_list(write: Write, program: Program) -> None:
    list_ = write("numbers", name="pylock.dev.toml")
    (program.root / "project" / "inner").mkdir()
    (program.root / "project" / "inner" / "pyproject.toml").write_text(PYPROJECT)

    ended = program(
        "plan", "project/inner", "--base", "scratch", "--lockfile", str(list_), "--json"
    )

    assert ended.code == 0, ended.err
    assert "Building app 1.0 for" in ended.err


def test_a_project_that_is_not_listed_is_not_installed(write: Write, program: Program) -> None:
    folder = write("numbers").parent
    (folder / "pyproject.toml").write_text(PYPROJECT + BACKEND)

    ended = program.build("--json")

    assert ended.code == 0, ended.err
    assert (
        "app is not in `pylock.toml`: it is not installed, and its files are copied\n" in ended.err
    )
    assert history(program, json.loads(ended.out))[-1] == "files of app"


def test_a_project_that_is_listed_is_built_last(write: Write, program: Program) -> None:
    folder = write(
        "numbers", more='\n[[packages]]\nname = "app"\ndirectory = { path = "." }\n'
    ).parent
    (folder / "pyproject.toml").write_text(PYPROJECT + BACKEND)

    ended = program("plan", "project", "--base", "scratch")
    left_out = program("plan", "project", "--base", "scratch", "--no-install-project")

    assert (ended.code, left_out.code) == (0, 0), ended.err
    assert "project app" in ended.out
    assert "project app" not in left_out.out


def test_groups_of_the_list_are_not_those_of_the_project(write: Write, program: Program) -> None:
    more = (
        '\n[[packages]]\nname = "letters"\nmarker = "\'dev\' in dependency_groups"\n'
        'wheels = [{ url = "https://index.example/letters-1.0-py3-none-any.whl", size = 7, '
        f'hashes = {{ sha256 = "{"ab" * 32}" }} }}]\n'
    )
    head = 'default-groups = ["dev"]\n'
    folder = write("numbers", head=head, more=more).parent
    groups = '[dependency-groups]\nusual = []\n[tool.uv]\ndefault-groups = ["usual"]\n'
    (folder / "pyproject.toml").write_text(PYPROJECT + groups)

    assert planned(program) == ["letters", "numbers"]
    assert planned(program, "--no-dev") == planned(program, "--no-default-groups") == ["numbers"]


def test_a_list_cannot_be_checked_against_its_project(write: Write, program: Program) -> None:
    write("numbers")

    assert (
        "warning: `--locked` means nothing for `pylock.toml`: it does not say what it was made "
        "from\n"
    ) in program.build("--locked").err


def test_a_list_of_a_later_version_is_read_with_a_warning(write: Write, program: Program) -> None:
    list_ = write("numbers")
    list_.write_text(list_.read_text().replace('"1.0"', '"1.4"', 1))

    ended = program.build()

    assert ended.code == 0
    assert (
        "warning: `pylock.toml` has version 1.4, which may say more than this release knows\n"
        in ended.err
    )


@pytest.mark.parametrize(
    ("lockfile", "error"),
    [
        (
            "requirements.txt",
            "error: Expected a lockfile named `pylock.toml` or `pylock.NAME.toml`, got: "
            "requirements.txt\n\nhint: A `uv.lock` is found by its project: name its folder "
            "instead\n",
        ),
        (
            "pylock.none.toml",
            "error: Unable to find lockfile at `pylock.none.toml`\n\n"
            "hint: Name the file with `--lockfile`\n",
        ),
    ],
)
def test_a_list_that_is_none_is_refused(
    write: Write, program: Program, lockfile: str, error: str
) -> None:
    write("numbers")

    assert program.refused("--lockfile", lockfile) == error


def test_a_wheel_of_another_size_is_refused(write: Write, program: Program) -> None:
    list_ = write("numbers")
    list_.write_text(list_.read_text().replace("size = ", "size = 9"))

    assert "Size mismatch for `numbers-1.0-py3-none-any.whl`" in program.refused()


def test_a_member_cannot_be_asked_of_a_list(write: Write, program: Program) -> None:
    write("numbers")

    assert program.refused("-q", "--package", "numbers") == (
        "error: Unable to choose from `pylock.toml` by `--package`: it is a list, and each entry "
        "says itself when it is installed\n\n"
        "hint: To choose so, use `uv.lock`, or let the tool that writes the list choose\n"
    )


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("pylock.toml", True),
        ("pylock.dev.toml", True),
        ("pylock.a.b.toml", False),
        ("pylock..toml", False),
        ("uv.lock", False),
    ],
)
def test_a_list_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert bool(NAME.fullmatch(name)) is is_one
