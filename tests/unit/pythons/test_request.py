from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from lamina.pythons.request import UnknownRequest, parse_request, requested_by
from pythons import interpreter

THERE = ("3.8.18", "3.11.2", "3.12.1", "3.12.4", "3.13.0", "3.14.0rc1")


def fitting(text: str) -> list[str]:
    request = parse_request(text, Path("/nowhere"))
    return [version for version in THERE if request.fits(interpreter(version))]


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("", [*THERE]),
        ("any", [*THERE]),
        ("python", [*THERE]),
        ("cpython", [*THERE]),
        ("3", [*THERE]),
        ("3.12", ["3.12.1", "3.12.4"]),
        ("312", ["3.12.1", "3.12.4"]),
        ("cp312", ["3.12.1", "3.12.4"]),
        ("cpython3.12", ["3.12.1", "3.12.4"]),
        ("cpython@3.12", ["3.12.1", "3.12.4"]),
        ("python3.12", ["3.12.1", "3.12.4"]),
        ("Python 3.12", ["3.12.1", "3.12.4"]),
        ("3.12+gil", ["3.12.1", "3.12.4"]),
        ("3.12.4", ["3.12.4"]),
        ("3.12.0", []),
        ("cpython-3.12.4-linux-x86_64-gnu", ["3.12.4"]),
        ("cpython-3.12", ["3.12.1", "3.12.4"]),
        ("3.14rc1", ["3.14.0rc1"]),
        ("3.14.0rc1", ["3.14.0rc1"]),
        ("3.14.0", []),
        (">=3.11,<3.13", ["3.11.2", "3.12.1", "3.12.4"]),
        ("cpython>=3.13", ["3.13.0", "3.14.0rc1"]),
        ("~=3.12.2", ["3.12.4"]),
        ("==3.8.*", ["3.8.18"]),
        ("3.13t", []),
        (">=3.13+freethreaded", []),
    ],
)
def test_a_request_says_what_fits(text: str, versions: list[str]) -> None:
    assert fitting(text) == versions


def test_a_free_threaded_python_fits_where_it_is_asked_for_or_nothing_else_is_there() -> None:
    older = replace(interpreter("3.13.0"), free_threaded=True)
    newer = replace(interpreter("3.14.0"), free_threaded=True)
    plain, free = (parse_request(text, Path("/nowhere")) for text in ("3", ">=3.13t"))

    assert [plain.fits(each) for each in (older, newer)] == [False, True]
    assert plain.is_second_choice(newer)
    assert [free.fits(each) for each in (older, newer)] == [True, True]
    assert not free.is_second_choice(newer)


def test_a_pre_release_is_a_second_choice_unless_one_is_asked_for() -> None:
    found = interpreter("3.14.0rc1")

    assert parse_request("3.14", Path("/nowhere")).is_second_choice(found)
    assert not parse_request("3.14rc1", Path("/nowhere")).is_second_choice(found)
    assert not parse_request(">=3.14rc1", Path("/nowhere")).is_second_choice(found)


def test_paths_and_names_are_told_from_versions(tmp_path: Path) -> None:
    (tmp_path / "environment").mkdir()

    assert parse_request("environment", tmp_path).path == tmp_path / "environment"
    assert parse_request("./nothing", tmp_path).path == tmp_path / "nothing"
    assert parse_request("/usr/bin/python3", tmp_path).path == Path("/usr/bin/python3")
    assert parse_request("mine3.12", tmp_path).name == "mine3.12"
    assert parse_request("3.x", tmp_path).name == "3.x"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "pypy@3.10",
            "Unable to use the Python `pypy@3.10`: only CPython is supported",
            "Name a version such as `3.12`",
        ),
        (
            "3.13d",
            "Unable to use the Python `3.13d`: builds for debugging are not supported",
            "Name a version such as `3.12` or `3.13t`",
        ),
        (
            ">>3",
            "Unable to read the Python `>>3`: not a version specifier",
            "Write it as in `>=3.11,<3.13`",
        ),
    ],
)
def test_what_no_python_can_be_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(UnknownRequest) as caught:
        parse_request(text, Path("/nowhere"))

    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_a_version_is_looked_for_by_its_name_first() -> None:
    names = {
        text: parse_request(text, Path("/nowhere")).programs
        for text in ("", ">=3.8", "3.12", "3.13t")
    }

    assert names == {
        "": ("python", "python3"),
        ">=3.8": ("python3", "python"),
        "3.12": ("python3.12", "python3", "python"),
        "3.13t": ("python3.13t", "python3", "python"),
    }
    assert requested_by(SpecifierSet(">=3.8")).programs == ("python3", "python")
