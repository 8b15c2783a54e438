"""``lamina doctor``: what it reads, and what it writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dockerfiles import REPORT
from fakes.engine import Kept, serve_engine
from fakes.registry import FakeRegistry
from images import make_image
from lamina.oci.config import ImageConfig
from unit.cli.program import Program
from unit.cli.pushing import put

TESTS = Path(__file__).parents[2]

BAD = (
    "FROM python:3.12-slim\nWORKDIR /app\n"
    "RUN --mount=type=cache,target=~/.cache/uv uv sync --link-mode=copy\n"
)
GOOD = BAD.replace("~", "/root")
TEXT = """\
a/Dockerfile:3:24: error LAM101 The cache mount is at `/app/~/.cache/uv`, but uv uses \
`/root/.cache/uv`: no builder expands `~`
  3 | RUN --mount=type=cache,target=~/.cache/uv uv sync --link-mode=copy
    |                        ^^^^^^^^^^^^^^^^^^
  why: A builder puts variables into `target`, but no shell reads it: `~` is the name of a folder,
       below `WORKDIR`. The cache mount lies there, unused, while the tool keeps what it downloads
       in its own place, which is in the layer. So everything is downloaded at each build, and the
       image carries a copy of it.
  fix: Write `target=/root/.cache/uv` (`--fix` does it)

"""
OFFER = "`lamina doctor --fix` fixes {}; `--diff` shows how\n"


@pytest.fixture
def folder(program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(program.root)
    (program.root / "a").mkdir()
    (program.root / "a" / "Dockerfile").write_text(BAD)
    (program.root / "Containerfile").write_text(GOOD)
    return program.root


def test_a_finding_as_text(program: Program, folder: Path) -> None:
    ended = program("doctor", "a")

    assert (ended.code, ended.err) == (1, "")
    assert ended.out == f"{TEXT}Found 1 error in `a/Dockerfile`\n{OFFER.format('it')}"


def test_nothing_is_wrong(program: Program, folder: Path) -> None:
    ended = program("doctor")

    assert (ended.code, ended.out) == (0, "Nothing is wrong in `Containerfile`\n")


def test_several_files_and_each_why_once(program: Program, folder: Path) -> None:
    (folder / "b").write_text(BAD)

    ended = program("doctor", "a/Dockerfile", "b")

    assert ended.code == 1
    assert ended.out.count("  why: ") == 1
    assert ended.out.endswith(f"Found 2 errors in `a/Dockerfile`, `b`\n{OFFER.format('all')}")


def test_a_rule_can_be_left_out(program: Program, folder: Path) -> None:
    assert program("doctor", "a", "--ignore", "lam101, LAM102").code == 0


def test_findings_as_a_document(program: Program, folder: Path) -> None:
    ended = program("doctor", "a", "--format", "json")

    assert json.loads(ended.out) == {
        "files": [
            {
                "path": "a/Dockerfile",
                "findings": [
                    {
                        "code": "LAM101",
                        "severity": "error",
                        "message": "The cache mount is at `/app/~/.cache/uv`, but uv uses "
                        "`/root/.cache/uv`: no builder expands `~`",
                        "fix": "Write `target=/root/.cache/uv`",
                        "notes": [],
                        "line": 3,
                        "column": 24,
                        "end_line": 3,
                        "end_column": 42,
                        "edits": [
                            {
                                "path": "a/Dockerfile",
                                "line": 3,
                                "column": 31,
                                "end_line": 3,
                                "end_column": 42,
                                "text": "/root/.cache/uv",
                            }
                        ],
                    }
                ],
                "fixed": [],
                "diff": "",
            }
        ],
        "errors": 1,
        "warnings": 0,
        "notes": 0,
        "verdict": None,
    }


def test_a_rule_is_explained(program: Program) -> None:
    ended = program("doctor", "--explain", "lam101")

    assert ended.code == 0
    assert ended.out.startswith("# LAM101: `~` in the target of a mount\n\nSeverity: error\n")


@pytest.mark.parametrize("option", ["--explain", "--ignore"])
def test_an_unknown_rule_is_wrong_usage(program: Program, option: str) -> None:
    ended = program("doctor", option, "LAM9")

    assert ended.code == 2
    assert ended.err.startswith("error: There is no rule `LAM9`: they go from `LAM001` to `LAM")


def test_a_folder_without_a_dockerfile(program: Program, folder: Path) -> None:
    (folder / "empty").mkdir()

    ended = program("doctor", "empty")

    assert ended.code == 1
    assert ended.err == (
        "error: Unable to find a Dockerfile in `empty`\n\nhint: Name it: `lamina doctor PATH`\n"
    )


def test_a_folder_with_one_of_another_name(program: Program, folder: Path) -> None:
    (folder / "a" / "Dockerfile").rename(folder / "a" / "Dockerfile.prod")
    (folder / "a" / "Dockerfile.prod.dockerignore").write_text("")

    assert "a/Dockerfile.prod:3:24: error LAM101" in program("doctor", "a").out


def test_a_folder_with_several(program: Program, folder: Path) -> None:
    (folder / "a" / "Dockerfile").rename(folder / "a" / "Dockerfile.prod")
    (folder / "a" / "dev.Dockerfile").write_text(BAD)

    assert program("doctor", "a").err == (
        "error: Unable to choose a Dockerfile in `a`: it has `Dockerfile.prod`, `dev.Dockerfile`\n"
        "\nhint: Name one, or several: `lamina doctor a/Dockerfile.prod`\n"
    )


def test_a_file_that_is_not_there(program: Program, folder: Path) -> None:
    assert program("doctor", "no").err.startswith("error: Unable to find a Dockerfile at `no`\n")


def test_a_long_line_is_cut_around_the_place(program: Program, folder: Path) -> None:
    (folder / "b").write_text(f"FROM python:3.12\nRUN {'x' * 200} --mount\nRUM {'y' * 200}\n")

    shown = program("doctor", "b").out.splitlines()

    assert shown[1:3] == [f"  3 | RUM {'y' * 84}", "    | ^^^"]


def test_secrets_are_not_shown(program: Program, folder: Path) -> None:
    (folder / "b").write_text("FROM python:3.12\nENV A=https://me:secret@host.example/ B\n")

    ended = program("doctor", "b")

    assert "secret" not in ended.out
    assert "  2 | ENV A=https://*********@host.example/ B\n" in ended.out


def test_the_file_of_the_report(program: Program, folder: Path) -> None:
    (folder / "Dockerfile").write_text(REPORT)

    ended = program("doctor", "Dockerfile")

    assert ended.code == 1
    assert "Dockerfile:19:24: error LAM101 " in ended.out


@pytest.fixture(scope="session")
def sarif_schema() -> jsonschema.Draft4Validator:
    """The schema of SARIF 2.1.0 as OASIS has published it, without its descriptions."""
    schema = json.loads((TESTS / "sarif-schema-2.1.0.json").read_text())
    return jsonschema.Draft4Validator(schema)


@pytest.mark.parametrize("text", [REPORT, GOOD, "RUM a", "FROM a\n\tRUM \x1b[2J\n"])
def test_sarif_keeps_to_its_schema(
    program: Program, folder: Path, text: str, sarif_schema: jsonschema.Draft4Validator
) -> None:
    (folder / "a name").write_text(text)

    document = json.loads(program("doctor", "a name", "--format", "sarif").out)

    assert [error.message for error in sarif_schema.iter_errors(document)] == []


@pytest.mark.parametrize("name", ["report.md", "locked_stale_lock_error.log"])
def test_sarif_of_a_log_keeps_to_its_schema(
    program: Program, name: str, sarif_schema: jsonschema.Draft4Validator
) -> None:
    log = TESTS / "build_logs" / name

    document = json.loads(program("doctor", "--log", log, "--format", "sarif").out)

    assert document["runs"][0]["results"]
    assert [error.message for error in sarif_schema.iter_errors(document)] == []


def test_findings_as_sarif(program: Program, folder: Path) -> None:
    document = json.loads(program("doctor", "a", "--format", "sarif").out)

    [run] = document["runs"]
    [result] = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    [location] = result["locations"]
    assert (rule["id"], result["ruleId"], result["level"]) == ("LAM101", "LAM101", "error")
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "a/Dockerfile"},
        "region": {"startLine": 3, "startColumn": 24, "endLine": 3, "endColumn": 42},
    }


def pulled(program: Program, server: FakeRegistry, config: ImageConfig) -> Any:
    """Examine a Dockerfile upon an image with a config, and return the findings."""
    put(server, "base", "1", make_image(config=config))
    text = f"FROM {server.host}/base:1\nRUN --mount=type=cache,target=/opt/uv uv sync\n"
    (program.root / "Dockerfile").write_text(text)
    ended = program("doctor", program.root, "--pull", "--format", "json")
    assert ended.err == ""
    return json.loads(ended.out)["files"][0]["findings"]


def test_what_the_base_sets_is_asked(program: Program, server: FakeRegistry) -> None:
    variables = {"UV_CACHE_DIR": "/opt/uv", "UV_LINK_MODE": "copy"}
    config = ImageConfig(architecture="amd64", env=variables)

    assert pulled(program, server, config) == []


def test_what_the_base_does_not_set_is_certain(program: Program, server: FakeRegistry) -> None:
    [finding] = pulled(program, server, ImageConfig(architecture="amd64"))

    assert (finding["code"], finding["severity"], finding["notes"]) == ("LAM105", "error", [])


def test_an_engine_is_asked_before_registries(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "FROM local:1\nRUN --mount=type=cache,target=/opt/uv uv sync\n"
    (program.root / "Dockerfile").write_text(text)
    config = ImageConfig(architecture="amd64", env={"UV_CACHE_DIR": "/opt/uv"})
    with serve_engine() as fake:
        fake.images["id"] = Kept("sha256:1", config.encode(), (), frozenset({"local:1"}))
        monkeypatch.setenv("DOCKER_HOST", f"unix://{fake.socket}")

        ended = program("doctor", program.root, "--pull", "--format", "json")

    assert (ended.err, json.loads(ended.out)["files"][0]["findings"]) == ("", [])


def test_the_hooks_take_dockerfiles() -> None:
    hooks = (TESTS.parent / ".pre-commit-hooks.yaml").read_text()
    [files] = set(re.findall(r"^  files: (.*)$", hooks, re.MULTILINE))
    [exclude] = set(re.findall(r"^  exclude: '(.*)'$", hooks, re.MULTILINE))
    names = ["Dockerfile", "a/Containerfile", "Dockerfile.prod", "dev.Dockerfile", "x.dockerfile"]
    others = ["Dockerfile.prod.dockerignore", "dockerfile.py", "MyDockerfile", ".dockerignore"]

    taken = [
        name
        for name in [*names, *others]
        if re.search(files, name) and not re.search(exclude, name)
    ]

    assert taken == names
