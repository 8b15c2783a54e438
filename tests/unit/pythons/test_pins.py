"""Which Python the nearest `.python-version` asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.pythons.pins import Pin, find_pin


def pinned(folder: Path, *, last: Path | None = None) -> tuple[Pin | None, list[str]]:
    told: list[str] = []
    return find_pin(folder, last or folder, told.append), told


@pytest.mark.parametrize(
    ("text", "asked", "version"),
    [
        ("# mine\n\n 3.12 # now\n3.11\n", "3.12", "3.12"),
        ("3.12.4\n", "3.12.4", "3.12.4"),
        ("cp313t", "cp313t", "3.13t"),
        ("3.15rc2", "3.15rc2", "3.15.0rc2"),
        ("3.15-dev", "3.15", "3.15"),
        (">=3.11", ">=3.11", None),
        ("3", "3", None),
    ],
)
def test_the_first_line_counts(text: str, asked: str, version: str | None, tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text(text)

    pin, told = pinned(tmp_path)

    assert pin is not None
    assert (pin.request.text, pin.version, pin.path) == (
        asked,
        version,
        tmp_path / ".python-version",
    )
    assert told == []


def test_what_asks_for_no_python_is_told_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / ".python-version"
    path.write_text("latest\npypy3.10\n3.12\n")

    pin, told = pinned(tmp_path)

    assert pin is not None
    assert pin.version == "3.12"
    assert told == [
        f"`{path}` is passed over: it names no version of Python, but `latest`",
        f"`{path}` is passed over: Unable to use the Python `pypy3.10`: only CPython is supported",
    ]


def test_the_nearest_file_counts_up_to_the_last_folder(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".python-versions").write_text("3.12")

    assert pinned(below, last=tmp_path / "a") == (None, [])
    pin, _ = pinned(below, last=tmp_path)
    assert pin is not None
    assert pin.version == "3.12"
    (tmp_path / "a" / ".python-version").write_text("3.13")
    pin, _ = pinned(below, last=tmp_path)
    assert pin is not None
    assert pin.version == "3.13"
