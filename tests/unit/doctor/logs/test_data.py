"""The logs of real builds that lie in ``tests/build_logs``: what they are read as."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.doctor.logs import Builder, Install, Log, Outcome, Step, read_log
from lamina.doctor.logs.decode import decoded

LOGS = Path(__file__).parents[3] / "build_logs"


def read(name: str) -> Log:
    with (LOGS / name).open("rb") as stream:
        return read_log(decoded(stream))


def installing(log: Log) -> tuple[Step, Install]:
    (step,) = log.installing()
    (install,) = step.installs
    return step, install


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        # installed, from the cache, downloaded, bytes told
        ("tilde_build1.log", (2, 0, 2, 15_728_640)),
        ("tilde_build2_after_version_bump.log", (2, 0, 2, 15_728_640)),
        ("abs_build1.log", (2, 0, 2, 15_728_640)),
        ("abs_build2_after_version_bump.log", (2, 2, 0, 0)),
        ("bind_build1.log", (2, 2, 0, 0)),
        ("bind_build2_after_version_bump.log", (2, 2, 0, 0)),
        ("nocache_build1.log", (2, 0, 2, 15_728_640)),
        ("nocache_build2.log", (2, 0, 2, 15_728_640)),
        ("nolinkmode_build1.log", (2, 2, 0, 0)),
        ("nolinkmode_build2.log", (2, 2, 0, 0)),
        ("user_rootmount_build1.log", (2, 0, 2, 15_728_640)),
        ("user_rootmount_build2.log", (2, 0, 2, 15_728_640)),
    ],
)
def test_what_was_installed_is_counted(name: str, figures: tuple[int, int, int, int]) -> None:
    log = read(name)

    step, install = installing(log)
    found = (install.installed, install.from_cache, install.fetched, install.bytes)
    assert found == figures
    assert (log.builder, step.keyword, step.outcome) == (Builder.BUILDKIT, "RUN", Outcome.RAN)
    assert install.is_whole
    assert install.has_all_bytes is (install.fetched == 0)  # uv tells sizes from 1 MiB upwards


def test_a_step_that_the_builder_had_is_cached() -> None:
    log = read("bind_build3_nochange.log")

    assert list(log.installing()) == []
    assert [(step.index, step.outcome) for step in log.steps if step.index] == [
        (1, Outcome.RAN),
        (2, Outcome.CACHED),
        (3, Outcome.CACHED),
    ]


def test_a_step_that_failed_says_why() -> None:
    log = read("locked_stale_lock_error.log")

    (failed,) = (step for step in log.steps if step.outcome is Outcome.FAILED)
    assert [(signal.code, signal.line.number) for signal in failed.signals] == [("LAM406", 20)]
    assert failed.told is not None
    assert failed.told.number == 23
    assert "exit code: 1" in failed.told.text


@pytest.mark.parametrize("name", ["nolinkmode_build1.log", "nolinkmode_build2.log"])
def test_files_that_are_copied_are_noticed(name: str) -> None:
    step, _ = installing(read(name))

    assert [signal.code for signal in step.signals] == ["LAM302"]


def test_the_report_is_read_as_it_stands() -> None:
    log = read("report.md")

    step, install = installing(log)
    assert [(each.index, each.outcome) for each in log.steps] == [
        (3, Outcome.CACHED),
        (4, Outcome.RAN),
        (5, Outcome.RAN),
        (6, Outcome.UNKNOWN),
    ]
    assert (step.stage, step.index, step.total) == ("builder", 6, 6)
    assert (install.tool, install.version) == ("uv", "0.7.8")
    assert (install.installed, install.from_cache, install.fetched) == (200, 0, 200)
    assert (install.measured, install.bytes) == (50, 4_172_913_048)
    assert not install.is_whole
    assert not install.has_all_bytes
    assert [line.text.partition(": ")[0] for line in install.evidence] == [
        "DEBUG Identified uncached distribution",
        "DEBUG No cache entry for",
        "Downloading torch (731.2MiB)",
    ]
