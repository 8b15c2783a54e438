"""The verdict on each log in ``tests/build_logs``, with its Dockerfile and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.doctor.check import check
from lamina.doctor.fences import fenced_dockerfile
from lamina.doctor.logs import Log, read_log
from lamina.doctor.logs.decode import decoded
from lamina.doctor.subject import make_subject
from lamina.doctor.verdict.case import Examined
from lamina.doctor.verdict.judge import judge
from lamina.doctor.verdict.model import Amount, Kind, Verdict
from lamina.doctor.verdict.shown import examined

LOGS = Path(__file__).parents[3] / "build_logs"
FAILED, DOWNLOADED, RAN_AGAIN, NOTICED = Kind

NEW = (RAN_AGAIN, "")
VERSION = (RAN_AGAIN, "LAM401")
EMPTY = (DOWNLOADED, "")


def read(name: str) -> Log:
    with (LOGS / name).open("rb") as stream:
        return read_log(decoded(stream))


def dockerfile(text: str) -> Examined:
    subject = make_subject(text)
    return Examined(subject, check(subject))


def causes(verdict: Verdict) -> list[tuple[Kind, str]]:
    return [(cause.kind, cause.code) for cause in verdict.causes]


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("tilde_build1.log", "bad", [(DOWNLOADED, "LAM101"), NEW]),
        ("tilde_build2_after_version_bump.log", "bad", [(DOWNLOADED, "LAM101"), VERSION]),
        ("abs_build1.log", "good", [EMPTY, VERSION]),
        ("abs_build2_after_version_bump.log", "good", [VERSION]),
        ("bind_build1.log", "bind", [VERSION]),
        ("bind_build2_after_version_bump.log", "bind", [VERSION]),
        ("bind_build3_nochange.log", "bind", []),
        ("locked_stale_lock_error.log", "bind", [(FAILED, "LAM406")]),
        ("nocache_build1.log", "nocache", [(DOWNLOADED, "LAM301"), VERSION]),
        ("nocache_build2.log", "nocache", [(DOWNLOADED, "LAM301"), VERSION]),
        ("nolinkmode_build1.log", "nolinkmode", [VERSION, (NOTICED, "LAM302")]),
        ("nolinkmode_build2.log", "nolinkmode", [VERSION, (NOTICED, "LAM302")]),
        ("user_rootmount_build1.log", "user_rootmount", [(DOWNLOADED, "LAM105"), VERSION]),
        ("user_rootmount_build2.log", "user_rootmount", [(DOWNLOADED, "LAM105"), VERSION]),
    ],
)
def test_a_log_with_its_dockerfile(name: str, file: str, expected: list[tuple[Kind, str]]) -> None:
    verdict = judge([read(name)], dockerfile((LOGS / f"Dockerfile.{file}").read_text()))

    assert causes(verdict) == expected
    assert all(cause.evidence for cause in verdict.causes)
    assert [place is not None for place in verdict.places] == [
        bool(step.keyword) for step in verdict.steps
    ]


def test_the_report_names_both_causes() -> None:
    text = fenced_dockerfile((LOGS / "report.md").read_text())
    assert text is not None

    verdict = judge([read("report.md")], dockerfile(text))

    mount, version = verdict.causes
    assert (mount.kind, mount.code) == (DOWNLOADED, "LAM101")
    assert mount.saves == Amount(fetched=200, bytes=4_172_913_048, is_least=True)
    assert [line.number for line in mount.evidence] == [117, 130, 330, 426]
    assert (version.kind, version.code) == (RAN_AGAIN, "LAM401")
    assert [line.number for line in version.evidence] == [111, 112]
    total = verdict.total
    assert (total.installed, total.from_cache, total.fetched) == (200, 0, 200)
    assert (total.bytes, total.is_least) == (4_172_913_048, True)
    (installing,) = verdict.installing
    assert installing.trail is not None
    assert installing.trail.first.instruction == "COPY pyproject.toml ."


def test_what_exporting_took_is_told() -> None:
    good = dockerfile((LOGS / "Dockerfile.good").read_text())

    assert judge([read("abs_build1.log")], good).exporting == 0.2
    assert judge([read("report.md")], good).exporting is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.md", [(DOWNLOADED, "LAM101"), VERSION]),
        ("tilde_build2_after_version_bump.log", [(DOWNLOADED, "LAM101"), VERSION]),
        ("nocache_build2.log", [EMPTY, VERSION]),
        ("bind_build3_nochange.log", []),
    ],
)
def test_a_log_without_its_dockerfile(name: str, expected: list[tuple[Kind, str]]) -> None:
    log = read(name)

    verdict = judge([log], examined(log))

    assert causes(verdict) == expected
    assert verdict.is_shown


def test_two_builds_in_a_row_tell_a_cold_cache_from_a_first_build() -> None:
    good = dockerfile((LOGS / "Dockerfile.good").read_text())
    first = read("abs_build1.log")

    warm = judge([first, read("abs_build2_after_version_bump.log")], good)
    cold = judge([first, first], good)

    assert causes(warm) == [VERSION]
    assert causes(cold) == [(DOWNLOADED, "LAM505"), VERSION]
    assert cold.causes[0].what == (
        "The mount is where uv keeps its cache, yet two builds in a row downloaded all:"
        " the builder keeps no cache mount from one build to the next"
    )


def in_github(number: int, line: str) -> str:
    return f"2026-01-10T01:57:{number % 60:02}.1234567Z {line}"


def in_gitlab(number: int, line: str) -> str:
    start = f"section_start:1768010251:step_script\r\x1b[0K{line}\r\x1b[0K{line}"
    return start if number == 0 else f"2026-01-10T01:57:31.123456Z 01O \x1b[0;m{line}\x1b[0m"


def in_colour(number: int, line: str) -> str:
    return f"\x1b[2K\x1b[34m{line}\x1b[0m\r"


def in_jenkins(number: int, line: str) -> str:
    return f"[2026-01-10T01:57:{number % 60:02}.123Z] {line}"


def in_a_list_of_jobs(number: int, line: str) -> str:
    return f"build\tBuild the image\t{in_github(number, line)}"


@pytest.mark.parametrize("wrap", [in_github, in_gitlab, in_colour, in_jenkins, in_a_list_of_jobs])
@pytest.mark.parametrize("name", sorted(path.name for path in LOGS.glob("*.log")))
def test_what_is_around_the_lines_changes_nothing(
    name: str, wrap: Callable[[int, str], str]
) -> None:
    bare = (LOGS / name).read_text().splitlines()
    plain = read_log(bare)
    wrapped = read_log([f"{wrap(number, line)}\n" for number, line in enumerate(bare)])

    one, other = (judge([log], examined(log)) for log in (plain, wrapped))

    assert (causes(one), one.total) == (causes(other), other.total)
    assert [step.outcome for step in one.steps] == [step.outcome for step in other.steps]
