"""Syncs that are killed, or that run side by side: the next one ends in the same tree."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from integration import file_trees
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, write_project
from integration.uv_oracle import uv_program

pytestmark = pytest.mark.integration

KILLS = 25
FILES = 60


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of wheels with many files, two of which share one."""
    wheels = [
        LocalWheel(f"w{n}", [module(f"w{n}/m{m}", f"{n} {m}") for m in range(FILES)])
        for n in range(12)
    ]
    shared = [LocalWheel(name, [module("shared", name), module(name)]) for name in ("x", "y")]
    return write_project(tmp_path_factory.mktemp("project") / "local", [*wheels, *shared])


def make_environment(at: Path) -> Path:
    subprocess.run([uv_program(), "venv", "--quiet", "--no-project", str(at)], check=True)
    return at


def arguments(project: Path) -> list[str]:
    return ["sync", str(project), "--frozen", "--active", "--link-mode", "hardlink"]


def tree(prefix: Path) -> file_trees.Tree:
    """Return what lies in an environment, without what names its own path."""
    found = file_trees.of_folder(prefix)
    return {
        path: node
        for path, node in found.items()
        if not path.startswith("bin/") and path not in (".lock", "pyvenv.cfg")
    }


@pytest.fixture(scope="module")
def whole(project: Path, tmp_path_factory: pytest.TempPathFactory) -> file_trees.Tree:
    folder = tmp_path_factory.mktemp("whole")
    prefix = make_environment(folder / "venv")
    Lamina(folder / "store").within(VIRTUAL_ENV=str(prefix))(*arguments(project))
    return tree(prefix)


def test_a_sync_that_was_killed_is_finished_by_the_next(
    project: Path, whole: file_trees.Tree, tmp_path: Path
) -> None:
    prefix = make_environment(tmp_path / "venv")
    lamina = Lamina(tmp_path / "store").within(VIRTUAL_ENV=str(prefix))
    chance, amid = random.Random(7), 0
    others = ["--only-install-package", "x"]
    for turn in range(KILLS):
        # By turns all is installed, and nearly all removed.
        goal = others if turn % 2 else []
        process = subprocess.Popen(
            lamina.command(*arguments(project), *goal), env=lamina.env(), stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=chance.uniform(0.2, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
            amid += 1
        process.wait()
    assert amid > 0, "no run was killed before its end"

    lamina(*arguments(project))

    assert tree(prefix) == whole
    assert lamina.run("cache", "verify").returncode == 0
    assert lamina.run(*arguments(project), "--check").returncode == 0


def test_two_syncs_at_once_end_as_one(
    project: Path, whole: file_trees.Tree, tmp_path: Path
) -> None:
    """Four run: two on each of two environments, all with one store."""
    prefixes = [make_environment(tmp_path / name) for name in ("one", "two")]
    running = []
    for prefix in [*prefixes, *prefixes]:
        lamina = Lamina(tmp_path / "store").within(VIRTUAL_ENV=str(prefix))
        running.append(
            subprocess.Popen(
                lamina.command(*arguments(project), "--json"),
                env=lamina.env(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    ended = [(process.communicate(), process.returncode) for process in running]

    assert [code for _, code in ended] == [0] * 4, ended
    changed = [json.loads(out)["changed"] for (out, _), _ in ended]
    assert sorted(changed) == [False, False, True, True]
    assert [tree(prefix) for prefix in prefixes] == [whole, whole]
