from __future__ import annotations

import pytest

from lamina.oci.healthcheck import Healthcheck
from lamina.project.healthcheck import parse_duration, read_healthcheck
from lamina.tables import Problems, Refused, Table


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("30s", 30_000_000_000),
        ("1m30s", 90_000_000_000),
        ("500ms", 500_000_000),
        ("1.5h", 5_400_000_000_000),
    ],
)
def test_a_duration_is_nanoseconds(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("value", ["30", "", "s", "-1s", "1 s", "1d", "5us", "999999999h", "٣s"])
def test_what_is_no_duration_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_duration(value)


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("curl -f x", ("CMD-SHELL", "curl -f x")),
        (["curl", "x"], ("CMD", "curl", "x")),
        (["CMD-SHELL", "x"], ("CMD-SHELL", "x")),
        (["NONE"], ("NONE",)),
    ],
)
def test_the_test_is_written_as_the_config_of_an_image_holds_it(
    test: object, words: tuple[str, ...]
) -> None:
    problems = Problems()

    check = read_healthcheck(Table("h", {"test": test}, problems))

    assert check == Healthcheck(test=words)
    assert problems.found == []


def test_absent_values_are_not_written() -> None:
    check = Healthcheck(test=("CMD", "x"), start_period=5, retries=2)

    assert check.to_json() == {"Test": ["CMD", "x"], "StartPeriod": 5, "Retries": 2}


def test_problems_name_their_places() -> None:
    problems = Problems()

    check = read_healthcheck(
        Table("h", {"test": [], "interval": 30, "start_period": "1s", "retries": 0}, problems)
    )

    assert check is None
    assert sorted(problems.found) == [
        ("h.interval", "expected a string, got an integer"),
        ("h.retries", "expected 1 to 1000000"),
        ("h.start_period", "unknown key (did you mean `start-period`?)"),
        ("h.test", "is empty; to turn the base's check off, write `NONE`"),
    ]
