"""Dockerfiles as `lamina doctor --fix` leaves them, built by Docker: nothing is fetched again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builders import Item
from dockerfiles import fixed, whole_report
from integration.docker_builds import BASE, UV, Builder
from integration.index_server import IndexServer, serve_index
from integration.lamina_program import Lamina
from integration.uv_oracle import find_python, run_uv
from lamina.doctor.finding import Rule
from lamina.doctor.rules import RULES
from tiny import Dist

pytestmark = [pytest.mark.integration, pytest.mark.network]

PROJECT = """\
[project]
name = "app"
version = "{version}"
requires-python = ">=3.10"
dependencies = ["large", "small"]

[[tool.uv.index]]
url = "{index}"
default = true
"""
LEFT_OUT = ("/sources.list", "mirror.example", "apt-get")
"""Of the report's Dockerfile: what wants servers that cannot be reached."""
ELSEWHERE = ("# syntax", "apt-get", "useradd")
"""What a bad example wants and our images do not have."""


@dataclass(frozen=True)
class Project:
    """A project like that of the report, with two dependencies on an index of our own."""

    folder: Path
    index: IndexServer
    address: str

    @property
    def dockerfile(self) -> Path:
        return self.folder / "Dockerfile"

    def bump(self, version: str) -> None:
        text = PROJECT.format(version=version, index=self.address)
        (self.folder / "pyproject.toml").write_text(text)
        done = run_uv(self.folder, "lock", env={"UV_PYTHON": find_python("3.10")})
        assert done.returncode == 0, done.stderr
        self.index.asked.clear()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "app"
    (folder / "dist" / "src").mkdir(parents=True)
    (folder / "dist" / "src" / "main.py").write_text("import large, small\n")
    (folder / "docker").mkdir()
    (folder / "docker" / "run.sh").write_text("exec python main.py\n")
    noise = Item("large/noise.bin", os.urandom(1_500_000))
    with serve_index() as server:
        address = server.add_index("all", [Dist("large", "1", items=[noise]), Dist("small", "1")])
        yield Project(folder, server, address)


def judged(lamina: Lamina, project: Project, *logs: str) -> Any:
    """Return the verdict on a log, after others."""
    options = []
    for number, log in enumerate(logs):
        path = project.folder.parent / f"{number}.log"
        path.write_text(log)
        options += ["--log", str(path)]
    done = lamina.run("doctor", project.folder, "--format", "json", *options)
    assert done.stderr == ""
    return json.loads(done.stdout)["verdict"]


def causes(verdict: Any) -> list[tuple[str, str | None]]:
    return [(cause["kind"], cause["code"]) for cause in verdict["causes"]]


def figures(verdict: Any) -> tuple[int, int, int]:
    return verdict["installed"], verdict["from_cache"], verdict["downloaded"]


def report_dockerfile() -> str:
    """Return the Dockerfile of the report with our uv, without its servers of packages."""
    lines = whole_report().replace("ghcr.io/astral-sh/uv:0.7.8", UV).splitlines(keepends=True)
    return "".join(line for line in lines if not any(word in line for word in LEFT_OUT))


def test_the_report_downloads_all_again_and_nothing_once_it_is_fixed(
    docker_builds: Builder, lamina: Lamina, project: Project
) -> None:
    def build(version: str) -> str:
        project.bump(version)
        return docker_builds.build(project.folder, project.dockerfile.read_text(), "report:1")

    project.dockerfile.write_text(report_dockerfile())
    logs = [build("1"), build("2")]
    wheels = [path for path in project.index.asked if path.endswith(".whl")]
    bad = judged(lamina, project, *logs)

    told = lamina.run("doctor", project.folder, "--fix")
    after = project.dockerfile.read_text()
    again = lamina.run("doctor", project.folder, "--fix")

    logs = [build("3"), build("4")]
    good = judged(lamina, project, *logs)

    assert len(wheels) == 2
    assert (figures(bad), causes(bad)[0]) == ((2, 0, 2), ("downloaded", "LAM101"))
    assert after == report_dockerfile().replace("target=~/", "target=/root/")
    assert f"\nFixed 1 error in `{project.dockerfile}`\n" in told.stdout
    assert "Fixed" not in again.stdout
    assert project.dockerfile.read_text() == after
    # All of it is installed again, for the version is in the lock, and none of it downloaded.
    assert project.index.asked == []
    assert (figures(good), causes(good)) == ((2, 2, 0), [("ran_again", "LAM401")])
    docker_builds.engine("run", "--rm", "--network=none", "report:1", "python", "main.py")


def stages(rules: list[Rule]) -> Iterator[str]:
    """Give the fixed examples, each as a stage that is called after its rule."""
    for rule in rules:
        text = fixed(rule.bad.dockerfile, rule.bad.files)
        text = text.replace("ghcr.io/astral-sh/uv:0.12.5", UV)
        yield text.replace("FROM python:3.12-slim", f"FROM {BASE} AS {rule.code.lower()}", 1)


def test_what_is_fixed_can_be_built(docker_builds: Builder, project: Project) -> None:
    rules = [
        rule
        for rule in RULES
        if rule.mends and not any(word in rule.bad.dockerfile for word in ELSEWHERE)
    ]
    copies = [f"COPY --from={each.code.lower()} /app/.venv /{each.code}\n" for each in rules]
    project.bump("1")

    text = "".join([*stages(rules), f"FROM {BASE}\n", *copies])
    docker_builds.build(project.folder, text, "fixed:1")

    assert len(rules) >= 14
    run = ("run", "--rm", "--network=none", "fixed:1", "sh", "-c")
    paths = " ".join(f"/{each.code}/lib/python3.10/site-packages/large" for each in rules)
    docker_builds.engine(*run, f"for path in {paths}; do [ -d $path ] || exit 1; done")
