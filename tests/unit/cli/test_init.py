"""``lamina init``: what is written, what is asked, and what is refused."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from lamina.cli import initializing, rewriting
from unit.cli.program import Program

PYPROJECT = '# A comment.\n[project]\nname = "app"\nversion = "1"   # spaced\n'
DOCKERFILE = (
    'FROM python:3.12-slim\nWORKDIR /srv\nCOPY main.py .\nRUN touch /x\nCMD ["python", "main.py"]\n'
)
TABLE = (
    "\n[tool.lamina]\n"
    "# From `project/Dockerfile`.\n"
    'base = "python:3.12-slim"\n'
    'workdir = "/srv"\n'
    'copy = [{ from = "main.py", to = "." }]\n'
    'cmd = ["python", "main.py"]\n'
)


@pytest.fixture
def project(program: Program) -> Path:
    folder = program.root / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "main.py").write_text("print(1)\n")
    return folder


@pytest.fixture
def dockerfile(project: Path) -> Path:
    (project / "Dockerfile").write_text(DOCKERFILE)
    return project / "Dockerfile"


def written(project: Path) -> str:
    return (project / "pyproject.toml").read_bytes().decode()


def answering(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Let a person sit there who types these lines."""
    lines = iter(answers)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(initializing, "is_terminal", lambda: True)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: next(lines))


def test_the_table_is_written_and_all_else_kept(
    program: Program, project: Path, dockerfile: Path
) -> None:
    (project / "pyproject.toml").chmod(0o640)

    ended = program("init", "project")

    assert ended.code == 0
    assert written(project) == PYPROJECT + TABLE
    assert (project / "pyproject.toml").stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in project.iterdir()) == [
        "Dockerfile", "main.py", "pyproject.toml",
    ]  # fmt: skip
    assert ended.out.startswith("--- pyproject.toml\n+++ pyproject.toml\n@@ ")
    assert ended.out.endswith("".join(f"+{line}\n" for line in TABLE.splitlines()))
    assert ended.err == (
        "1 line of `project/Dockerfile` has no equivalent:\n"
        "  project/Dockerfile:4: RUN touch /x\n"
        "    why:   `lamina build` runs no commands\n"
        "    to do: Run it before `lamina build`, and name what it makes in `copy`; or run it in a "
        "base image of your own\n"
        "Wrote `[tool.lamina]` into `project/pyproject.toml`; next: `uv lock`, then `lamina build "
        "project -t app --load`\n"
    )


def test_debian_packages_are_a_setting_and_others_are_listed(
    program: Program, project: Path, dockerfile: Path
) -> None:
    install = "RUN apt-get update && apt-get install -y libgomp1 'libboost-*' make"
    dockerfile.write_text(DOCKERFILE.replace("RUN touch /x", install))

    ended = program("init", "project", "--json")
    told = program("init", "project", "--force")

    report = json.loads(ended.out)
    assert report["settings"]["apt"] == ["libgomp1", "make"]
    assert report["left"] == [
        {
            "line": 4,
            "text": "'libboost-*'",
            "why": "`libboost-*` is a pattern, and `apt` names each package",
            "todo": "Name in `apt` those that are used",
            "packages": ["libboost-*"],
        }
    ]
    assert '\napt = ["libgomp1", "make"]\n' in written(project)
    assert told.err == (
        "1 line of `project/Dockerfile` has no equivalent:\n"
        "  project/Dockerfile:4: 'libboost-*'\n"
        "    why:   `libboost-*` is a pattern, and `apt` names each package\n"
        "    to do: Name in `apt` those that are used\n"
        "Line 4 installs recommended packages too, for want of `--no-install-recommends`; `apt` "
        "does not: name there those that are used\n"
        "`make` serves building alone, and nothing is built in the image: leave out of `apt` what "
        "no program of yours needs\n"
        "`[tool.lamina]` in `project/pyproject.toml` is so already; next: `uv lock`, then `lamina "
        "build project -t app --load`\n"
    )


def test_a_second_time_changes_nothing(program: Program, project: Path, dockerfile: Path) -> None:
    program("init", "project", "-q")
    (project / "uv.lock").write_text("")

    ended = program("init", "project")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith(
        "`[tool.lamina]` in `project/pyproject.toml` is so already; next: `lamina build project -t "
        "app --load`\n"
    )


def test_settings_that_are_there_are_kept_unless_forced(
    program: Program, project: Path, dockerfile: Path
) -> None:
    before = PYPROJECT + "\n[tool.lamina]\nbase = 3\n\n# Another.\n[tool.other]\n"
    (project / "pyproject.toml").write_text(before)

    refused = program("init", "project")
    kept = written(project)
    forced = program("init", "project", "--force")

    assert (refused.code, refused.out, kept) == (1, "", before)
    assert refused.err == (
        "error: Unable to write `[tool.lamina]` into `project/pyproject.toml`: there is one "
        "already\n\n"
        "hint: To replace it, pass `--force`; to see what would change, `--dry-run`\n"
    )
    assert forced.code == 0
    assert written(project) == f"{PYPROJECT}{TABLE}\n# Another.\n[tool.other]\n"


def test_a_dry_run_only_shows(program: Program, project: Path, dockerfile: Path) -> None:
    ended = program("init", "project", "--dry-run")

    assert ended.code == 0
    assert "+[tool.lamina]\n" in ended.out
    assert "\nWould write `[tool.lamina]` into `project/pyproject.toml`; next: " in ended.err
    assert written(project) == PYPROJECT


def test_the_report_has_all_of_it(program: Program, project: Path, dockerfile: Path) -> None:
    ended = program("init", "project", "--json", "-q", "--base", "own:1")

    found = json.loads(ended.out)
    assert ended.err == ""
    assert found["table"] in written(project)
    del found["table"]
    assert found == {
        "from": "project/Dockerfile",
        "outcome": "written",
        "settings": {
            "base": "own:1",
            "workdir": "/srv",
            "copy": [{"from": "main.py", "to": "."}],
            "cmd": ["python", "main.py"],
        },
        "left": [
            {
                "line": 4,
                "text": "RUN touch /x",
                "why": "`lamina build` runs no commands",
                "todo": "Run it before `lamina build`, and name what it makes in `copy`; or run it "
                "in a base image of your own",
                "packages": [],
            }
        ],
        "covered": [],
        "notes": [],
        "next": ["uv lock", "lamina build project -t app --load"],
    }


def test_without_a_dockerfile_the_project_is_looked_at(program: Program, project: Path) -> None:
    (project / ".python-version").write_text("3.12\n")

    ended = program("init", "project", "-y")

    assert ended.code == 0
    assert written(project) == PYPROJECT + (
        "\n[tool.lamina]\n"
        "# There is `main.py`.\n"
        'cmd = ["python", "main.py"]\n'
        "# What the program prints is seen at once.\n"
        'env = { PYTHONUNBUFFERED = "1" }\n'
    )
    assert ended.err.startswith("The image runs `python main.py`: there is `main.py`\n")


def test_a_dockerfile_may_be_named_or_passed_over(
    program: Program, project: Path, dockerfile: Path
) -> None:
    (project / "docker").mkdir()
    dockerfile.rename(project / "docker" / "prod")
    (project / "Dockerfile").write_text("FROM x AS a\nFROM y\n")

    named = program("init", "project", "--from", "project/docker/prod", "--dry-run")
    stage = program("init", "project", "--target", "a", "--dry-run")
    without = program("init", "project", "--from", "none", "--dry-run")

    assert "+# From `project/docker/prod`.\n" in named.out
    assert '+base = "x"\n' in stage.out
    assert "Dockerfile" not in without.out + without.err


def test_an_ignore_file_that_docker_alone_heeds_is_told(
    program: Program, project: Path, dockerfile: Path
) -> None:
    (project / "Dockerfile.dockerignore").write_text("x\n")

    ended = program("init", "project")

    assert (
        "\n`project/Dockerfile.dockerignore` is not heeded: name what is not to be copied in "
        "`project/.dockerignore`\n"
    ) in ended.err


def test_a_person_is_asked(
    program: Program, project: Path, dockerfile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "main.py").unlink()
    answering(monkeypatch, "n", "own:1", "python -m 'a b'")

    ended = program("init", "project")

    assert ended.code == 0
    assert 'base = "own:1"\n# What was asked for.\ncmd = ["python", "-m", "a b"]\n' in written(
        project
    )


@pytest.mark.parametrize(
    ("answer", "command"),
    [
        ("", 'cmd = ["python", "main.py"]\n'),
        ("echo it's", 'cmd = ["/bin/sh", "-c", "echo it\'s"]\n'),
    ],
    ids=["as proposed", "of a shell"],
)
def test_a_command_may_be_typed_or_left_as_it_is(
    program: Program,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    command: str,
) -> None:
    (project / "app.py").touch()
    answering(monkeypatch, "", answer)

    assert program("init", "project").code == 0

    assert command in written(project)


def test_a_person_may_let_settings_be_replaced(
    program: Program, project: Path, dockerfile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = f"{PYPROJECT}\n[tool.lamina]\n"
    (project / "pyproject.toml").write_text(before)
    answering(monkeypatch, "y", "n", "y", "y")

    refused, kept = program("init", "project"), written(project)
    replaced = program("init", "project")

    assert (refused.code, kept) == (1, before)
    assert (replaced.code, written(project)) == (0, PYPROJECT + TABLE)


def test_nobody_is_asked_who_says_yes(
    program: Program, project: Path, dockerfile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch)

    assert program("init", "project", "--yes").code == 0


def test_a_link_to_the_file_stays_one(program: Program, project: Path, dockerfile: Path) -> None:
    (project / "pyproject.toml").rename(program.root / "shared.toml")
    (project / "pyproject.toml").symlink_to("../shared.toml")

    assert program("init", "project").code == 0

    assert (project / "pyproject.toml").is_symlink()
    assert (program.root / "shared.toml").read_text() == PYPROJECT + TABLE


def test_the_ends_of_lines_are_kept(program: Program, project: Path, dockerfile: Path) -> None:
    (project / "pyproject.toml").write_bytes(PYPROJECT.replace("\n", "\r\n").encode())

    assert program("init", "project").code == 0

    assert written(project) == (PYPROJECT + TABLE).replace("\n", "\r\n")


def test_a_file_that_may_not_be_written_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "pyproject.toml"
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(rewriting.NotWritten) as caught:
        rewriting.rewrite(path, PYPROJECT, "new")

    assert str(caught.value) == f"Unable to change `{path}`: it is read-only"
    assert written(project) == PYPROJECT


def test_a_file_that_somebody_else_changes_is_let_alone(project: Path) -> None:
    path = project / "pyproject.toml"

    with pytest.raises(rewriting.NotWritten) as caught:
        rewriting.rewrite(path, "another", "new")

    assert str(caught.value) == f"Unable to change `{path}`: somebody else has meanwhile"
    assert caught.value.hint == "Run the command again"
    assert written(project) == PYPROJECT


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (
            ["elsewhere"],
            "error: Unable to find a project at `elsewhere/pyproject.toml`\n\n"
            "hint: To make the folder a project, run `uv init` there; or name another folder\n",
        ),
        (
            ["project", "--from", "nothing"],
            "error: Unable to find a Dockerfile at `nothing`\n\nhint: Name it with `--from`\n",
        ),
        (
            ["project", "--target", "x"],
            "error: No stage `x` in `project/Dockerfile`; it has none that has a name\n",
        ),
    ],
)
def test_what_is_not_there_is_told(
    program: Program, project: Path, dockerfile: Path, args: list[str], error: str
) -> None:
    ended = program("init", *args)

    assert (ended.code, ended.err) == (1, error)


@pytest.mark.parametrize("more", [(), ("--from", "none")], ids=["none", "passed over"])
def test_a_stage_of_no_dockerfile_is_refused(
    program: Program, project: Path, more: tuple[str, ...]
) -> None:
    if more:
        (project / "Dockerfile").write_text("FROM x AS x\n")

    ended = program("init", "project", "--target", "x", *more)

    assert ended.code == 2
    assert ended.err.startswith("error: There is no Dockerfile to have the stage `x`\n")
