"""``lamina doctor --fix`` and ``--diff``: what is written, and what is left as it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dockerfiles import REPORT
from lamina.cli.rewriting import NotWritten, rewrite
from unit.cli.program import Program

SYNC = "uv sync --link-mode=copy"
MOUNT = "--mount=type=cache,target=~/.cache/uv"
BAD = f"FROM python:3.12-slim\nWORKDIR /app\nRUN {MOUNT} {SYNC}\n"
GOOD = BAD.replace("~", "/root")
DIFFERENCE = f"""\
--- Dockerfile
+++ Dockerfile
@@ -1,3 +1,3 @@
 FROM python:3.12-slim
 WORKDIR /app
-RUN {MOUNT} {SYNC}
+RUN {MOUNT.replace("~", "/root")} {SYNC}
"""
LEFT = "FROM python:3.12-slim\nENV A=1 B\n"
"""What nobody but its author can put right."""


@pytest.fixture(autouse=True)
def folder(program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(program.root)
    return program.root


def test_a_dockerfile_is_fixed_once_and_for_all(program: Program) -> None:
    path = Path("Dockerfile")
    path.write_text(BAD)

    first, second = program("doctor", "--fix"), program("doctor", "--fix")

    assert path.read_text() == GOOD
    assert (first.code, first.err) == (0, "")
    assert first.out == (
        f"{DIFFERENCE}\nFixed 1 error in `Dockerfile`\nNothing is wrong in `Dockerfile`\n"
    )
    assert (second.code, second.out) == (0, "Nothing is wrong in `Dockerfile`\n")


def test_what_is_left_is_told(program: Program) -> None:
    Path("Dockerfile").write_text(f"{BAD}ENV A=1 B\n")

    ended = program("doctor", "--fix")

    assert ended.code == 1
    assert ended.out.startswith(DIFFERENCE.replace("+1,3", "+1,4").replace("-1,3", "-1,4"))
    assert "\nDockerfile:4:9: error LAM001 Expected `name=value`, got: B\n" in ended.out
    assert ended.out.endswith("\nFixed 1 error in `Dockerfile`\nFound 1 error in `Dockerfile`\n")


def test_a_difference_is_shown_and_nothing_written(program: Program) -> None:
    path = Path("Dockerfile")
    path.write_text(BAD)

    ended = program("doctor", "--diff")

    assert path.read_text() == BAD
    assert (ended.code, ended.out) == (1, DIFFERENCE)
    assert ended.err == "1 finding would be fixed, 0 would be left\n"


def test_no_difference_is_shown_where_there_is_none(program: Program) -> None:
    Path("Dockerfile").write_text(GOOD)

    ended = program("doctor", "--diff")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "no findings would be fixed, 0 would be left\n"


def test_ends_of_lines_are_kept(program: Program) -> None:
    path = Path("Dockerfile")
    path.write_bytes(b"\xef\xbb\xbf" + BAD.replace("\n", "\r\n").rstrip().encode())

    shown = program("doctor", "--diff").out
    program("doctor", "--fix")

    assert path.read_bytes() == b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").rstrip().encode()
    assert shown.endswith(
        f"\n WORKDIR /app\r\n-RUN {MOUNT} {SYNC}\n\\ No newline at end of file\n"
        f"+RUN {MOUNT.replace('~', '/root')} {SYNC}\n\\ No newline at end of file\n"
    )


def test_mode_and_link_are_kept(program: Program) -> None:
    real, link = Path("docker") / "real", Path("Dockerfile")
    real.parent.mkdir()
    real.write_text(BAD)
    real.chmod(0o640)
    link.symlink_to(real)

    program("doctor", "--fix")

    assert link.readlink() == real
    assert real.read_text() == GOOD
    assert real.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in real.parent.iterdir()] == ["real"]


def test_a_read_only_file_is_left(program: Program) -> None:
    path = Path("Dockerfile")
    path.write_text(BAD)
    path.chmod(0o444)

    ended = program("doctor", "--fix")

    assert path.read_text() == BAD
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == ("error: Unable to change `Dockerfile`: it is read-only\n")


def test_all_files_are_written_or_none(program: Program) -> None:
    for name in ("a", "b"):
        Path(name).write_text(BAD)
    Path("b").chmod(0o444)

    ended = program("doctor", "--fix", "a", "b")

    assert (ended.code, Path("a").read_text()) == (1, BAD)
    assert ended.err == "error: Unable to change `b`: it is read-only\n"


def test_a_file_that_is_named_twice_is_written_once(program: Program) -> None:
    Path("a").write_text(BAD)

    assert program("doctor", "--fix", "a", "a").code == 0
    assert Path("a").read_text() == GOOD


def test_a_file_that_has_changed_is_left(folder: Path) -> None:
    path = Path("Dockerfile")
    path.write_text(LEFT)

    for before in (BAD, None):
        with pytest.raises(NotWritten) as caught:
            rewrite(path, before, GOOD)
        assert str(caught.value) == ("Unable to change `Dockerfile`: somebody else has meanwhile")
        assert caught.value.hint == "Run the command again"
    assert path.read_text() == LEFT


def test_a_place_that_takes_no_file(folder: Path) -> None:
    with pytest.raises(NotWritten) as caught:
        rewrite(Path("none/.dockerignore"), None, ".venv\n")

    assert str(caught.value) == ("Unable to change `none/.dockerignore`: No such file or directory")


def test_a_report_is_not_fixed(program: Program) -> None:
    Path("report.md").write_text(f"Slow:\n```\n{BAD}```\n")

    assert program("doctor", "--fix", "report.md").err == (
        "error: Unable to fix `report.md`: it is a report, which only quotes a Dockerfile\n\n"
        "hint: Save the Dockerfile as a file of its own, and name that\n"
    )


def test_one_file_of_several_is_fixed(program: Program) -> None:
    Path("a").write_text(BAD)
    Path("b").write_text(LEFT)

    ended = program("doctor", "--fix", "a", "b")

    assert ended.code == 1
    assert (Path("a").read_text(), Path("b").read_text()) == (GOOD, LEFT)
    assert ended.out.endswith("\nFixed 1 error in `a`\nFound 1 error in `a`, `b`\n")


def test_what_is_not_sent_is_written_once_for_two_dockerfiles(program: Program) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    for name in ("a.Dockerfile", "b.Dockerfile"):
        Path(name).write_text("FROM python:3.12-slim\nCOPY . /app\n")
    names = ("a.Dockerfile", "b.Dockerfile")

    shown = program("doctor", "--diff", *names)
    ended = program("doctor", "--fix", *names)

    difference = "--- /dev/null\n+++ .dockerignore\n@@ -0,0 +1 @@\n+.venv\n"
    assert (shown.code, shown.out) == (1, difference)
    assert ended.out.startswith(f"{difference}\nFixed 1 warning in `a.Dockerfile`\n")
    assert Path(".dockerignore").read_text() == ".venv\n"
    assert Path(".dockerignore").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_fixes_as_a_document(program: Program) -> None:
    Path("Dockerfile").write_text(BAD)

    found = json.loads(program("doctor", "--fix", "--format", "json").out)

    [file] = found["files"]
    assert (file["findings"], file["diff"], found["errors"]) == ([], DIFFERENCE, 0)
    assert file["fixed"] == [
        {
            "code": "LAM101",
            "severity": "error",
            "message": "The cache mount is at `/app/~/.cache/uv`, but uv uses `/root/.cache/uv`:"
            " no builder expands `~`",
            "fix": "Write `target=/root/.cache/uv`",
            "notes": [],
        }
    ]


def test_a_fix_is_in_sarif(program: Program) -> None:
    Path("Dockerfile").write_text(BAD)

    [run] = json.loads(program("doctor", "--format", "sarif").out)["runs"]

    [result] = run["results"]
    assert result["fixes"] == [
        {
            "description": {"text": "Write `target=/root/.cache/uv`"},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": "Dockerfile"},
                    "replacements": [
                        {
                            "deletedRegion": {
                                "startLine": 3,
                                "startColumn": 31,
                                "endLine": 3,
                                "endColumn": 42,
                            },
                            "insertedContent": {"text": "/root/.cache/uv"},
                        }
                    ],
                }
            ],
        }
    ]


def test_a_verdict_comes_before_its_fix(program: Program) -> None:
    Path("Dockerfile").write_text(REPORT)
    Path("build.log").write_text(
        "#12 [builder 5/5] RUN --mount=type=cache,target=~/.cache/uv"
        "      --mount=from=uv,source=/uv,target=./uv"
        "     ./uv sync --active --frozen --no-install-project --no-dev -v\n"
        "#12 1.0 Prepared 2 packages in 3s\n#12 1.1 Installed 2 packages in 3ms\n#12 DONE 1.2s\n"
    )

    ended = program("doctor", "--log", "build.log", "--fix")

    assert ended.out.startswith("build.log: 2 of 2 distributions were downloaded\n")
    assert "\nFixed 1 error, 1 warning and 1 note in `Dockerfile`\nFound " in ended.out
    assert "target=/root/.cache/uv" in Path("Dockerfile").read_text()


@pytest.mark.parametrize(
    ("options", "other"), [(["--fix"], "--fix"), (["--log", "build.log"], "--log")]
)
def test_a_difference_alone_is_shown(program: Program, options: list[str], other: str) -> None:
    ended = program("doctor", "--diff", *options)

    assert ended.code == 2
    assert ended.err.startswith(f"error: --diff shows a difference and nothing else: not {other}\n")


def test_no_secret_is_in_a_difference(program: Program) -> None:
    Path("Dockerfile").write_text(BAD.replace("RUN", "ENV API_TOKEN=abc\nRUN"))

    ended = program("doctor", "--fix")

    assert "\n ENV API_TOKEN=***\n" in ended.out
    assert "API_TOKEN=abc" in Path("Dockerfile").read_text()
