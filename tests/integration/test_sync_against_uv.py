"""Environments on the disk, as the real uv makes them, file by file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.oracle import extras, forks, groups, sources, workspaces
from integration.oracle.bench import Bench, lock, open_bench
from integration.oracle.disk import differences
from integration.oracle.scenario import Run, Scenario

pytestmark = [pytest.mark.integration, pytest.mark.scenarios]

SCENARIOS = (
    *sources.SCENARIOS,
    *workspaces.SCENARIOS,
    *extras.SCENARIOS[:2],
    *groups.SCENARIOS[:2],
    *forks.SCENARIOS[:2],
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench() as opened:
        yield opened


def _accepted(scenario: Scenario) -> Run | None:
    return next((run for run in scenario.runs if not run.refused), None)


@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if _accepted(each)], ids=str)
def test_what_is_synced_is_what_uv_syncs(bench: Bench, scenario: Scenario) -> None:
    run = _accepted(scenario)
    assert run is not None

    found = list(differences(lock(bench, scenario), run))

    assert not found, "\n".join(found)
