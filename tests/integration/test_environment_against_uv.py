"""The environment in an image beside the one that `uv sync` makes there, file by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines import Engine
from integration.example_image import Example
from integration.uv_environment import DIFFERENCES, compare, expected, sync, unpack

pytestmark = [pytest.mark.integration, pytest.mark.network]


def test_the_environment_of_the_example_is_that_of_uv(
    engine: Engine, example: Example, loaded: str, tmp_path: Path
) -> None:
    ours = unpack(example.layout, tmp_path / "ours")
    theirs = sync(
        engine, loaded, "/usr/bin/python3.11", example.project, tmp_path / "theirs", "--no-editable"
    )

    found = compare(ours, theirs)

    assert found.unexplained == ()
    assert found.met == expected("example")


def test_every_difference_is_shown_by_some_project_and_told_why() -> None:
    assert all(each.shown_by and each.because for each in DIFFERENCES)
    reasons = [(each.pattern, each.because) for each in DIFFERENCES]
    assert len(set(reasons)) == len(reasons)
