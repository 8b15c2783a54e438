"""Small projects of every kind, chosen and installed as the real uv does, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from integration.oracle import (
    conflicts,
    extras,
    forks,
    groups,
    lists,
    locks,
    settings,
    sources,
    workspaces,
)
from integration.oracle.bench import (
    Bench,
    Locked,
    compare_run,
    lock,
    open_bench,
    refuse_run,
)
from integration.oracle.disk import synced_anew
from integration.oracle.scenario import Run, Scenario
from integration.uv_oracle import full_version, run_uv
from lamina.lock.select import select
from lamina.lock.target import Libc, make_target
from lamina.lock.uvlock import parse
from lamina.oci.descriptor import Platform

pytestmark = [pytest.mark.integration, pytest.mark.scenarios]

SITE = "lib/python3.11/site-packages"

SCENARIOS = (
    *forks.SCENARIOS,
    *extras.SCENARIOS,
    *extras.FLAGS,
    *groups.SCENARIOS,
    *groups.FLAGS,
    *conflicts.SCENARIOS,
    *conflicts.ACROSS,
    *sources.SCENARIOS,
    *sources.TO_BUILD,
    *sources.PROJECTS,
    *settings.SCENARIOS,
    *settings.BUILDS,
    *settings.POLICY,
    *workspaces.SCENARIOS,
    *locks.SCENARIOS,
)


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    with open_bench() as bench:
        yield bench


def test_every_scenario_has_a_name_of_its_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_what_differs_is_seen(bench: Bench) -> None:
    given = replace(next(each for each in SCENARIOS if each.name == "extras"), name="differing")

    outcome = compare_run(lock(bench, given), Run("--extra x", theirs="--no-dev"))

    assert outcome.selected - outcome.installed == {("b", "1.0")}
    assert {line.partition(":")[0] for line in outcome.environments.unexplained} >= {
        f"{SITE}/b/__init__.py",
        f"{SITE}/b-1.0.dist-info/METADATA",
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_uv_installs_is_what_image_and_environment_have(
    bench: Bench, scenario: Scenario
) -> None:
    locked = lock(bench, scenario)

    problems = []
    for run in scenario.runs:
        if found := difference(locked, run):
            problems.append(f"`{run}`: {found}")
        elif not run.refused:
            # Its environment is still there.
            problems += [f"`{run}`, synced: {found}" for found in synced_anew(locked, run)]

    assert not problems, "\n".join(problems)


def difference(locked: Locked, run: Run) -> str:
    """Say how the two sides differ in one run, all of it at once."""
    try:
        if run.refused:
            said = refuse_run(locked, run)
            return "" if run.refused in said else f"refused otherwise: {said}"
        outcome = compare_run(locked, run)
    except AssertionError as error:
        return str(error)
    theirs = outcome.installed
    assert outcome.foretold == {name for name, _ in theirs}
    if outcome.selected != theirs:
        return f"has {sorted(outcome.selected)} instead of {sorted(theirs)}"
    return "\n".join(outcome.environments.unexplained)


@pytest.mark.parametrize("name", lists.EXPORTED)
def test_what_uv_installs_of_a_list_is_what_the_image_has(bench: Bench, name: str) -> None:
    locked = lock(bench, replace(lists.exported()[name], name=f"list-{name}"))
    problems = []
    for number, flags in enumerate(lists.EXPORTED[name]):
        listed = lists.export(locked, number, flags)
        if found := difference(listed, Run()):
            problems.append(f"`{flags}`: {found}")

    assert not problems, "\n".join(problems)


def test_what_a_list_has_of_its_own_is_asked_as_of_uv(bench: Bench) -> None:
    locked = lock(bench, lists.BY_HAND)
    listed = lists.Listed(bench, locked.scenario, locked.folder)

    problems = {str(run): difference(listed, run) for run in lists.BY_HAND.runs}

    assert problems == dict.fromkeys(problems, "")


@pytest.mark.network
@pytest.mark.parametrize("release", locks.RELEASES)
def test_what_uv_installs_of_an_old_lock_is_what_the_image_has(
    bench: Bench, tmp_path: Path, release: str
) -> None:
    done = run_uv(tmp_path, "pip", "install", "--no-deps", "--target", "uv", f"uv=={release}")
    assert done.returncode == 0, done.stderr
    given = replace(locks.BY_OLD_RELEASES, name=f"by-{release}")

    locked = lock(bench, given, tmp_path / "uv" / "bin" / "uv")
    problems = {str(run): difference(locked, run) for run in given.runs}

    assert "revision = 5" not in (locked.folder / "uv.lock").read_text()
    assert problems == dict.fromkeys(problems, "")


SCRIPT = """\
# /// script
# requires-python = ">=3.11"
# dependencies = ["a<2 ; python_version < '3.12'", "a>=2 ; python_version >= '3.12'", "b[x]"]
# [[tool.uv.index]]
# url = "@INDEX@"
# default = true
# ///
"""


def test_the_lock_of_a_script_is_read_as_by_uv(bench: Bench, tmp_path: Path) -> None:
    index = bench.server.add_index("script", locks.SCENARIOS[0].index)
    (tmp_path / "it.py").write_text(SCRIPT.replace("@INDEX@", index))
    python, _ = bench.base("3.11")
    done = bench.uv(tmp_path, python, "lock", "--script", "it.py")
    assert done.returncode == 0, done.stderr
    done = bench.uv(tmp_path, python, "sync", "--script", "it.py", "--frozen", "--dry-run")
    assert done.returncode == 0, done.stderr

    target = make_target(Platform("linux", "amd64"), full_version(python), Libc("glibc", (2, 28)))
    chosen = select(parse((tmp_path / "it.py.lock").read_text()), target).distributions

    found = sorted(f" + {each.name}=={each.version}" for each in chosen)
    assert found == sorted(line for line in done.stderr.splitlines() if line.startswith(" + "))
    assert [line.partition("==")[0] for line in found] == [" + a", " + b", " + e"]
