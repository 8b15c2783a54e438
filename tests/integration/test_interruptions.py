"""Builds that are killed, interrupted, or run side by side: the store is whole afterwards."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project
from lamina.bases.layout import read_layout
from lamina.oci import validate
from lamina.oci.descriptor import Platform
from lamina.oci.image import assemble
from lamina.oci.location import Location

pytestmark = pytest.mark.integration

KILLS = 20
ENDS_WITHIN = 60.0
LARGE = 4 << 20


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheels = [
        *(LocalWheel(f"big{n}", [module(f"big{n}"), noise(f"big{n}", LARGE)]) for n in range(16)),
        *(LocalWheel(f"small{n}") for n in range(20)),
    ]
    return write_project(tmp_path_factory.mktemp("project") / "local", wheels)


def arguments(project: Path, output: Path) -> list[str]:
    return ["build", str(project), "--base", "scratch", "-o", f"oci:{output}"]


@pytest.fixture(scope="module")
def digest(project: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("whole")
    return Lamina(folder / "store")(*arguments(project, folder / "image"))


def start(lamina: Lamina, project: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        lamina.command(*arguments(project, output), *options),
        env=lamina.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_is_whole(lamina: Lamina) -> None:
    done = lamina.run("cache", "verify")
    assert done.returncode == 0, done.stdout + done.stderr


def assert_nothing_is_left_over(lamina: Lamina) -> None:
    assert [path.name for path in (lamina.store / "scratch").iterdir()] == [".lock"]
    # A document that was being written when the process was killed: some bytes, until `prune`.
    lamina("cache", "prune")
    assert json.loads(lamina("cache", "size", "--json"))["unfinished"]["count"] == 0


def assert_is_sound(layout: Path) -> None:
    base = read_layout(Location("oci", str(layout)), Platform("linux", "amd64"))
    validate.image(assemble(base.config, base.layers))


def test_builds_that_are_killed_at_any_moment_do_no_harm(
    project: Path, digest: str, tmp_path: Path
) -> None:
    lamina, output = Lamina(tmp_path / "store"), tmp_path / "image"
    started = time.monotonic()
    lamina(*arguments(project, output))
    whole = time.monotonic() - started
    shutil.rmtree(lamina.store)
    shutil.rmtree(output)

    killed = 0
    for _ in range(KILLS):
        with start(lamina, project, output) as process:
            try:
                process.wait(random.uniform(0.2, 1.0) * whole)
            except subprocess.TimeoutExpired:
                process.kill()
                killed += 1
        # So that later builds have as much to do as the first had.
        for path in sorted((lamina.store / "layers").glob("*.json"))[::2]:
            path.unlink()

    assert killed > 0
    assert_is_whole(lamina)
    assert lamina(*arguments(project, output)) == digest
    assert_is_whole(lamina)
    assert_nothing_is_left_over(lamina)
    assert_is_sound(output)


def test_builds_side_by_side_share_a_store(project: Path, digest: str, tmp_path: Path) -> None:
    lamina = Lamina(tmp_path / "store")
    outputs = [tmp_path / f"image{number}" for number in range(4)]

    processes = [start(lamina, project, output) for output in outputs]
    said = [process.communicate(timeout=ENDS_WITHIN) for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, said
    assert {stdout for stdout, _ in said} == {digest}
    assert_is_whole(lamina)
    assert_nothing_is_left_over(lamina)
    for output in outputs:
        assert_is_sound(output)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)],
    ids=["ctrl-c", "terminated", "no terminal"],
)
def test_a_build_that_is_interrupted_ends_in_order(
    project: Path, digest: str, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    lamina, output = Lamina(tmp_path / "store"), tmp_path / "image"

    with start(lamina, project, output, "-v") as process:
        assert process.stderr is not None
        while "Made" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        said = process.stderr.read()
        process.wait(ENDS_WITHIN)

    assert process.returncode == code, said
    assert "Traceback" not in said
    assert_is_whole(lamina)
    assert_nothing_is_left_over(lamina)
    assert lamina(*arguments(project, output)) == digest
    assert_is_sound(output)


def test_an_archive_is_there_whole_or_not_at_all(project: Path, tmp_path: Path) -> None:
    lamina, archive = Lamina(tmp_path / "store"), tmp_path / "out" / "image.tar"
    archive.parent.mkdir()
    command = ["build", str(project), "--base", "scratch", "-v", "-o", f"docker-archive:{archive}"]

    with subprocess.Popen(
        lamina.command(*command), env=lamina.env(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "Made" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.stderr.read()

    assert process.returncode == 130
    assert list(archive.parent.iterdir()) == []
