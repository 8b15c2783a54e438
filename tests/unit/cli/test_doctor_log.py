"""``lamina doctor --log``: what is written, and how it leaves."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from unit.cli.program import Program

LOGS = Path(__file__).parents[2] / "build_logs"
REPORT = """\
report.md: 200 of 200 distributions were downloaded, at least 4.2 GB

  builder 3/6  CACHED  RUN --mount=from=uv,source=/uv,target=./uv ./uv venv /opt...
  builder 4/6  1.00 s  COPY pyproject.toml .                                     \
    first that was not cached
  builder 5/6  1.10 s  COPY uv.lock .
  builder 6/6       -  RUN --mount=type=cache,target=~/.cache/uv --mount=from=uv...\
  of 200: 200 downloaded, at least 4.2 GB; 0 from the cache

Why it was downloaded
  report.md:47: LAM101 The cache mount is at `/app/~/.cache/uv`, but uv uses `/root/.cache/uv`: no
  builder expands `~`
    report.md:117: #12 [builder 6/6] RUN --mount=type=cache,target=~/.cache/uv \
--mount=from=uv,source=/uv,target=./uv ./uv syn...
    report.md:130: DEBUG Identified uncached distribution: apscheduler==3.11.0
    report.md:330: DEBUG No cache entry for: \
https://index.example/torch-2.6.0-cp310-cp310-manylinux1_x86_64.whl
    report.md:426: Downloading torch (731.2MiB)
    fix: Write `target=/root/.cache/uv`
    saves: 200 downloads, at least 4.2 GB

Why the step ran
"""
NO_BUILD = """\
error: Unable to find a build in `{0}`: none of its lines (1) is one of BuildKit, of Docker's \
classic builder, of Buildah, Podman or kaniko, or of an installer

hint: Write the log with `docker build --progress=plain . 2>build.log`
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def copied(name: str, as_name: str = "") -> str:
    shutil.copy(LOGS / name, as_name or name)
    return as_name or name


def document(program: Program, *arguments: str) -> Any:
    return json.loads(program("doctor", "--format", "json", *arguments).out)


def test_the_report_as_it_stands(program: Program) -> None:
    ended = program("doctor", "--log", copied("report.md"))

    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith(REPORT)
    assert "\n    saves: the step itself, and its layer of 200 distributions\n" in ended.out
    assert "\nWhat no Dockerfile cures\n  - One layer has all 200 distributions: if" in ended.out
    assert "\nreport.md:47:24: error LAM101" in ended.out


def test_the_report_as_a_document(program: Program) -> None:
    verdict = document(program, "--log", copied("report.md"))["verdict"]

    assert verdict["builder"] == "buildkit"
    assert (verdict["installed"], verdict["from_cache"], verdict["downloaded"]) == (200, 0, 200)
    assert (verdict["bytes_downloaded"], verdict["bytes_are_least"]) == (4_172_913_048, True)
    assert [(each["kind"], each["code"], each["line"]) for each in verdict["causes"]] == [
        ("downloaded", "LAM101", 47),
        ("ran_again", "LAM401", 44),
    ]
    assert verdict["causes"][0]["evidence"][-1] == {
        "line": 426,
        "text": "Downloading torch (731.2MiB)",
    }
    assert verdict["steps"][3]["install"]["downloaded"] == 200
    assert verdict["steps"][3]["first_not_cached"] == 111
    assert verdict["lamina"] is None


def test_without_a_log_there_is_no_verdict(program: Program) -> None:
    assert document(program, copied("Dockerfile.good"))["verdict"] is None


def test_the_dockerfile_that_lies_here_is_taken(program: Program) -> None:
    copied("Dockerfile.bad", "Dockerfile")

    found = document(program, "--log", copied("tilde_build2_after_version_bump.log"))

    assert [each["path"] for each in found["files"]] == ["Dockerfile"]
    assert found["verdict"]["causes"][0]["path"] == "Dockerfile"


def test_a_dockerfile_of_another_image_is_left_out(program: Program) -> None:
    Path("Dockerfile").write_text("FROM scratch\nADD a /\n")
    log = copied("tilde_build2_after_version_bump.log")

    assert document(program, "--log", log)["files"] == []
    assert program("doctor", "--log", log).err == ""
    assert program("doctor", "Dockerfile", "--log", log).err == (
        f"warning: Hardly a step of `{log}` is in `Dockerfile`, which is left out\n"
    )


def test_a_log_on_standard_input(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (LOGS / "bind_build3_nochange.log").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    ended = program("doctor", "--log", "-")

    assert ended.code == 0
    assert ended.out.startswith(
        "standard input: the step that installs was CACHED: nothing was installed or downloaded\n"
    )


def test_a_build_that_failed_is_an_error(program: Program) -> None:
    ended = program("doctor", "--log", copied("locked_stale_lock_error.log"))

    assert ended.code == 1
    assert ended.out.startswith("locked_stale_lock_error.log: the build failed\n")
    assert "What no Dockerfile cures" not in ended.out


def test_two_logs_are_two_builds_in_a_row(program: Program) -> None:
    log = copied("abs_build1.log")

    found = document(program, copied("Dockerfile.good"), "--log", log, "--log", log)

    assert found["verdict"]["causes"][0]["code"] == "LAM505"


def test_a_cause_can_be_left_out(program: Program) -> None:
    log = copied("nolinkmode_build2.log")

    found = document(program, "--ignore", "LAM401,LAM302", "--log", log)

    assert found["verdict"]["causes"] == []


def test_what_only_the_log_tells_is_in_sarif(program: Program) -> None:
    Path("build.log").write_text("the --mount option requires BuildKit. Refer to the manual\n")

    ended = program("doctor", "--format", "sarif", "--log", "build.log")

    (result,) = json.loads(ended.out)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("LAM501", "error")
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "build.log"},
        "region": {"startLine": 1},
    }


def write_lock(sizes: dict[str, int]) -> None:
    """Write a lock of wheels with these sizes, and the project that needs them."""
    packages = [
        f'[[package]]\nname = "{name}"\nversion = "1"\n'
        'source = { registry = "https://index.example" }\n'
        f'wheels = [{{ url = "https://index.example/{name}-1-py3-none-any.whl",'
        f' hash = "sha256:{"0" * 64}", size = {size} }}]\n'
        for name, size in sizes.items()
    ]
    needs = ", ".join(f'{{ name = "{name}" }}' for name in sizes)
    own = (
        '[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\n'
        f"dependencies = [{needs}]\n"
    )
    head = 'version = 1\nrequires-python = ">=3.12"\n'
    Path("uv.lock").write_text("\n".join([head, *packages, own]))
    Path("pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\n')


def test_what_lamina_would_do_is_computed_from_the_lock(program: Program) -> None:
    copied("Dockerfile.bad", "Dockerfile")
    write_lock({"large": 40_000_000, "small": 1_000, "tiny": 10})
    log = copied("tilde_build2_after_version_bump.log")

    other = document(program, "--log", log)["verdict"]["lamina"]
    out = program("doctor", "--log", log).out

    assert (other["distributions"], other["bytes"], other["layers"]) == (3, 40_001_010, 3)
    assert (other["built"], other["sizes_not_known"]) == (0, 0)
    assert "3 distributions of `uv.lock`, 40.0 MB, in 3 layers (linux/amd64, Python 3.15)" in out
    assert other["packages"] == []
    assert "Debian packages" not in out
    assert "The dearest change, a new version of `large`, pushes and pulls 40.0 MB" in out


def test_debian_packages_that_could_be_layers_are_named(program: Program) -> None:
    bad = Path(copied("Dockerfile.bad", "Dockerfile"))
    bad.write_text(f"{bad.read_text()}\nRUN apt-get update && apt-get install -y libgomp1 tini\n")
    write_lock({"small": 1_000})
    log = copied("tilde_build2_after_version_bump.log")

    other = document(program, "--log", log)["verdict"]["lamina"]
    out = " ".join(program("doctor", "--log", log).out.split())

    assert other["packages"] == ["libgomp1", "tini"]
    assert (
        "- Debian packages (libgomp1, tini): with `apt` in `[tool.lamina]`, in layers of their "
        "own, with no `RUN`; only those are new of which Debian has a newer version"
    ) in out


def test_a_lock_that_cannot_be_read_is_no_obstacle(program: Program) -> None:
    copied("Dockerfile.bad", "Dockerfile")
    Path("uv.lock").write_text("version = 7\n")

    ended = program("doctor", "--log", copied("tilde_build1.log"))

    assert "Unsupported lockfile version in\n    `uv.lock`: 7\n" in ended.out


def test_a_log_that_is_not_there(program: Program) -> None:
    ended = program("doctor", "--log", "gone.log")

    assert (ended.code, ended.err) == (
        1,
        "error: Unable to find a build log at `gone.log`\n\n"
        "hint: Write one: `docker build --progress=plain . 2>gone.log`\n",
    )


@pytest.mark.parametrize("name", ["other.log", "other.md"])
def test_a_log_without_a_build(name: str, program: Program) -> None:
    Path(name).write_text("hello\n")

    ended = program("doctor", "--log", name)

    assert (ended.code, ended.err) == (1, NO_BUILD.format(name))


def test_a_report_without_a_dockerfile(program: Program) -> None:
    Path("other.md").write_text("```\nhello\n```\n")

    ended = program("doctor", "other.md")

    assert (ended.code, ended.err) == (
        1,
        "error: Unable to find a Dockerfile in `other.md`: no fenced block of it has one\n\n"
        "hint: Put it between lines of three backticks\n",
    )


def test_a_log_is_of_one_dockerfile(program: Program) -> None:
    ended = program("doctor", "a", "b", "--log", copied("abs_build1.log"))

    assert (ended.code, ended.err) == (
        2,
        "error: With --log, only one Dockerfile can be named\n\nhint: See `lamina doctor --help`\n",
    )


def test_a_log_cannot_steer_the_terminal(program: Program) -> None:
    Path("evil\x1b[2J.log").write_text(
        "#1 [1/2] RUN \x07uv sync \u202e\n#1 0.1 Downloading a\u202eb (15.0MiB)\n#1 ERROR: \x9b2J\n"
        "#2 [2/2] RUN curl https://me:secret@host.example/\n#2 ERROR: no\n"
    )

    out = program("doctor", "--log", "evil\x1b[2J.log").out

    assert all(each.isprintable() or each == "\n" for each in out)
    assert "secret" not in out
