"""Logs that real builders write now: a bad Dockerfile is built, a version bumped, and judged."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builders import Item
from engines import Engine, Program
from integration.example_image import Example
from integration.index_server import serve_index
from integration.lamina_program import Lamina
from integration.uv_oracle import lock_project, uv_program
from tiny import Dist

pytestmark = [pytest.mark.integration, pytest.mark.network]

PROJECT = """
[project]
name = "app"
version = "{version}"
requires-python = ">=3.11"
dependencies = ["large", "small"]

[[tool.uv.index]]
url = "{index}"
default = true
"""
DOCKERFILE = """
FROM {base} AS tools
USER root
COPY sh uv /bin/

FROM tools AS builder
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN {mount} uv sync --frozen --no-install-project

FROM tools
COPY --from=builder /app/.venv /app/.venv
"""
TILDE, RIGHT = (f"--mount=type=cache,target={home}/.cache/uv" for home in ("~", "/root"))
LARGE = 1_500_000


@dataclass(frozen=True)
class Place:
    """A folder that is built, and `lamina doctor` to judge the builds."""

    folder: Path
    index: str
    lamina: Lamina

    def write(self, mount: str, base: str) -> None:
        (self.folder / "Dockerfile").write_text(DOCKERFILE.format(base=base, mount=mount))

    def bump(self, version: str) -> None:
        text = PROJECT.format(version=version, index=self.index)
        (self.folder / "pyproject.toml").write_text(text)
        lock_project(self.folder)

    def build(
        self, program: Program, *options: str, fails: bool = False, **environment: str
    ) -> bytes:
        """Build, and return the log; it must end well, or as it is said."""
        done = subprocess.run(
            program.command("build", "--network=host", *options, "."),
            cwd=self.folder,
            env=self._environment(program, environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stdout.decode()
        return done.stdout

    def build_on_terminal(self, program: Program) -> bytes:
        """Build as somebody at a terminal sees it, and return all that was drawn."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            program.command("build", "--network=host", "--progress=tty", "."),
            cwd=self.folder,
            env=self._environment(program, {"DOCKER_BUILDKIT": "1", "TERM": "xterm"}),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            drawn = b"".join(_read_all(ours))
            os.close(ours)
        assert process.returncode == 0, drawn.decode()
        return drawn

    @staticmethod
    def _environment(program: Program, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, **program.environment, **more}

    def judge(self, *logs: bytes) -> Any:
        """Return the verdict on a log, after others."""
        options = []
        for number, log in enumerate(logs):
            path = self.folder.parent / f"{number}.log"
            path.write_bytes(log)
            options += ["--log", str(path)]
        done = self.lamina.run("doctor", self.folder, "--format", "json", *options)
        assert done.stderr == ""
        return json.loads(done.stdout)["verdict"]


def _read_all(terminal: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(terminal, 65536):
            yield chunk
    except OSError:  # Linux: the other side was closed
        return


@pytest.fixture
def place(tmp_path: Path, lamina: Lamina) -> Iterator[Place]:
    """A project whose two dependencies an index on loopback has."""
    folder = tmp_path / "app"
    folder.mkdir()
    # The example's image has a Python, and no shell.
    shutil.copy("/bin/dash", folder / "sh")
    shutil.copy(uv_program(), folder / "uv")
    with serve_index() as server:
        noise = Item("large/noise.bin", os.urandom(LARGE))
        dists = [Dist("large", "1", items=[noise]), Dist("small", "1")]
        yield Place(folder, server.add_index("one", dists), lamina)


def codes(verdict: Any) -> list[tuple[str, str | None]]:
    return [(cause["kind"], cause["code"]) for cause in verdict["causes"]]


def figures(verdict: Any) -> tuple[int, int, int]:
    return verdict["installed"], verdict["from_cache"], verdict["downloaded"]


def test_buildkit(place: Place, engine: Engine, loaded: str) -> None:
    place.write(TILDE, loaded)
    place.bump("1")
    place.build(engine, "--progress=plain", DOCKER_BUILDKIT="1")
    place.bump("2")
    bad = place.judge(place.build(engine, "--progress=plain", DOCKER_BUILDKIT="1"))
    place.write(RIGHT, loaded)
    first = place.build(engine, "--progress=plain", DOCKER_BUILDKIT="1")
    place.bump("3")
    second = place.build(engine, "--progress=plain", DOCKER_BUILDKIT="1")
    good = place.judge(first, second)
    cached = place.judge(place.build(engine, "--progress=plain", DOCKER_BUILDKIT="1"))

    assert codes(bad) == [("downloaded", "LAM101"), ("ran_again", "LAM401")]
    assert figures(bad) == (2, 0, 2)
    assert bad["bytes_downloaded"] == pytest.approx(LARGE, rel=0.05)
    assert bad["bytes_are_least"]
    assert codes(good) == [("ran_again", "LAM401")]
    assert figures(good) == (2, 2, 0)
    assert codes(cached) == []


def test_buildkit_on_a_terminal(place: Place, engine: Engine, loaded: str) -> None:
    place.write(TILDE, loaded)
    place.bump("1")
    place.build(engine, "--progress=plain", DOCKER_BUILDKIT="1")
    place.bump("2")

    verdict = place.judge(place.build_on_terminal(engine))

    # What the step wrote in less time than passes between two drawings is never drawn.
    assert codes(verdict)[-1] == ("ran_again", "LAM401")
    assert [step["outcome"] for step in verdict["steps"] if step["stage"] == "builder"] == [
        "cached", "ran", "ran",
    ]  # fmt: skip


def test_the_classic_builder(place: Place, engine: Engine, loaded: str) -> None:
    place.write("", loaded)
    place.bump("1")
    place.build(engine, DOCKER_BUILDKIT="0")
    place.bump("2")

    verdict = place.judge(place.build(engine, DOCKER_BUILDKIT="0"))

    assert verdict["builder"] == "classic"
    assert codes(verdict) == [("downloaded", "LAM601"), ("ran_again", "LAM401")]
    assert figures(verdict) == (2, 0, 2)


def test_a_build_that_empties_its_caches(place: Place, engine: Engine, loaded: str) -> None:
    place.write(RIGHT, loaded)
    dockerfile = place.folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("UV_LINK_MODE=copy ", ""))
    place.bump("1")
    first = place.build(engine, "--progress=plain", DOCKER_BUILDKIT="1")
    place.bump("2")

    second = place.build(engine, "--progress=plain", "--no-cache", DOCKER_BUILDKIT="1")

    # The builder does not say how it was called; what CI runs does.
    shown = b"+ docker build --progress=plain --no-cache .\n" + second
    linked, emptied = place.judge(first), place.judge(first, shown)
    assert ("noticed", "LAM302") in codes(linked)
    assert ("downloaded", "LAM509") in codes(emptied)
    assert figures(emptied) == (2, 0, 2)


def test_a_builder_that_knows_no_mounts(place: Place, engine: Engine, loaded: str) -> None:
    place.write(RIGHT, loaded)
    place.bump("1")

    verdict = place.judge(place.build(engine, fails=True, DOCKER_BUILDKIT="0"))

    assert [code for _, code in codes(verdict)] == ["LAM501"]


def test_podman(place: Place, podman: Program, example: Example) -> None:
    image = podman("load", "--input", example.archive).split()[-1]
    place.write(RIGHT, image)
    place.bump("1")
    first = place.build(podman)
    place.bump("2")
    second = place.build(podman)

    verdict = place.judge(first, second)

    assert verdict["builder"] == "buildah"
    assert codes(verdict) == [("ran_again", "LAM401")]
    assert figures(verdict) == (2, 2, 0)
