"""Syncs that are killed, or that run side by side: the next one ends in the same tree."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from builders import Item, make_wheel
from fakes.server import Answer, serve
from integration import file_trees
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, write_project
from integration.synced import arguments, make_environment, tree
from integration.uv_oracle import find_python
from lamina.plan.layering import ALONE_FROM
from projects import LockedProject

pytestmark = pytest.mark.integration

KILLS = 5
"""In each round; all rounds are 200."""
ROUNDS = 40
FILES = 200
LONG = "a_name_that_makes_the_index_of_a_tree_long_" * 5
"""So that processes are started, as for many files."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of wheels with many files, two of which share one."""
    wheels = [
        LocalWheel(f"w{n}", [Item(f"w{n}/{LONG}{m}.py", b"%d" % m) for m in range(FILES)])
        for n in range(12)
    ]
    shared = [LocalWheel(name, [module("shared", name), module(name)]) for name in ("x", "y")]
    return write_project(tmp_path_factory.mktemp("project") / "local", [*wheels, *shared])


@dataclass(frozen=True)
class Goal:
    """What a sync is to come to, from wherever it starts."""

    arguments: tuple[str, ...]
    tree: file_trees.Tree
    seconds: float
    """That it takes, about, if nobody kills it."""


@pytest.fixture(scope="module")
def goals(project: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Goal]:
    """Everything, nearly nothing, everything anew; and each for another Python, too."""
    folder = tmp_path_factory.mktemp("goals")
    prefix = make_environment(folder / "venv")
    lamina = Lamina(folder / "store").within(VIRTUAL_ENV=str(prefix))
    pythons = [("--python", find_python(version)) for version in ("3.12", "3.11")]
    changes = ((), ("--only-install-package", "x"), ("--reinstall",))
    goals = []
    for python, change in product(pythons, changes):
        started = time.monotonic()
        lamina(*arguments(project), *python, *change)
        goals.append(Goal((*python, *change), tree(prefix), time.monotonic() - started))
    return goals


@pytest.fixture(scope="module")
def whole(project: Path, tmp_path_factory: pytest.TempPathFactory) -> file_trees.Tree:
    folder = tmp_path_factory.mktemp("whole")
    prefix = make_environment(folder / "venv")
    Lamina(folder / "store").within(VIRTUAL_ENV=str(prefix))(*arguments(project))
    return tree(prefix)


@pytest.mark.parametrize(
    "number",
    [0, *(pytest.param(number, marks=pytest.mark.kills) for number in range(1, ROUNDS))],
)
def test_a_sync_that_was_killed_is_finished_by_the_next(
    number: int, project: Path, goals: list[Goal], tmp_path: Path
) -> None:
    """At any moment, on the way from any state to any other, with a store or without."""
    prefix = make_environment(tmp_path / "at" / "venv")
    lamina = Lamina(tmp_path / "store").within(VIRTUAL_ENV=str(prefix))
    chance, amid, goal = random.Random(number), 0, goals[0]
    for turn in range(KILLS):
        goal = chance.choice(goals)
        if turn % 4 == 3:
            shutil.rmtree(tmp_path / "store")
        command = lamina.command(*arguments(project), *goal.arguments)
        process = subprocess.Popen(command, env=lamina.env(), stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=chance.uniform(0, goal.seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            amid += 1
        process.wait()

        lamina(*arguments(project), *goal.arguments)

        assert tree(prefix) == goal.tree, f"turn {turn}, {goal.arguments}"
        assert [path.name for path in prefix.parent.iterdir()] == ["venv"]
    assert amid > 0, "no run was killed before its end"
    assert not list((tmp_path / "store" / "scratch").glob("[!.]*"))
    assert lamina.run("cache", "verify").returncode == 0
    assert lamina.run(*arguments(project), *goal.arguments, "--check").returncode == (
        1 if "--reinstall" in goal.arguments else 0
    )


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


def test_syncs_and_builds_at_once_share_one_store(tmp_path: Path) -> None:
    """What one of them downloads, another one uses, or makes a layer of, and lets go."""
    locked = LockedProject(tmp_path / "project")
    chance = random.Random(3)
    with serve() as server:
        for name in ("one", "two", "three"):
            weight = Item(f"{name}/weight.bin", chance.randbytes(2 * ALONE_FROM))
            data = make_wheel(weight, name=name)
            server.answer(f"/{name}-1.0-py3-none-any.whl", Answer(data))
            locked.remote(name, f"{server.address}/{name}-1.0-py3-none-any.whl", data)
        project = locked.write()
        prefixes = [make_environment(tmp_path / f"venv{n}") for n in range(2)]
        lamina = Lamina(tmp_path / "store")
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        build = ["build", str(project), "--base", "scratch", "--python", version, "-o"]
        lines = [
            *((lamina.within(VIRTUAL_ENV=str(each)), arguments(project)) for each in prefixes),
            *((lamina, [*build, f"oci:{tmp_path}/image{n}"]) for n in range(2)),
        ]
        running = [
            subprocess.Popen(
                program.command(*line),
                env=program.env(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for program, line in lines
        ]
        ended = [(process.communicate(), process.returncode) for process in running]

    assert [code for _, code in ended] == [0] * 4, ended
    assert tree(prefixes[0]) == tree(prefixes[1])
    assert ended[2][0][0] == ended[3][0][0], "the digests of the images"
    assert lamina.run("cache", "verify").returncode == 0
    assert [path.name for path in (tmp_path / "store" / "scratch").iterdir()] == [".lock"]
