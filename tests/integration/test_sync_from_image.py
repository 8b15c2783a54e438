"""Environments out of the layers of images, beside those that the real uv makes of an index."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.oracle import extras, sources, workspaces
from integration.oracle.bench import Bench, Locked, lock, open_bench
from integration.oracle.disk import differences, sync
from integration.oracle.scenario import Run, Scenario

pytestmark = [pytest.mark.integration, pytest.mark.scenarios]

SCENARIOS = (*sources.SCENARIOS, *workspaces.SCENARIOS, *extras.SCENARIOS[:2])


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench() as opened:
        yield opened


def _accepted(scenario: Scenario) -> Run | None:
    return next((run for run in scenario.runs if not run.refused), None)


@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if _accepted(each)], ids=str)
def test_what_comes_from_layers_is_what_uv_syncs(
    bench: Bench, scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _accepted(scenario)
    assert run is not None

    def install(locked: Locked, run: Run) -> subprocess.CompletedProcess[str]:
        """Sync into an empty store while the index is away."""
        layout = tmp_path / "layout"
        lamina, arguments = locked.command(run, layout)
        is_said = any("dev" in each or "group" in each for each in run.ours)
        lamina.build(*arguments, *([] if is_said else ["--dev"]))
        with monkeypatch.context() as away:
            away.setattr(bench.server, "files", {})
            return sync(locked, run, "--from", f"oci:{layout}", store=tmp_path / "store")

    found = list(differences(lock(bench, scenario), run, install))

    assert not found, "\n".join(found)
