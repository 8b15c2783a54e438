from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from lamina.project.facts import BuildSystem
from lamina.project.subject import Subject, UnreadableSource
from lamina.tables import InvalidConfig

NAME, VERSION = canonicalize_name("demo"), Version("1.0")


def subject(tree: Path) -> Subject:
    return Subject.of_tree(tree, NAME, VERSION, "`demo 1.0`")


@pytest.mark.parametrize(
    ("text", "system", "reads_history"),
    [
        ('[project]\nname = "demo"\nversion = "1.0"\n', BuildSystem(), False),
        ('[project]\nname = "demo"\nversion = "no version"\n', BuildSystem(), True),
        (
            '[project]\nname = "demo"\ndynamic = ["version"]\n'
            '[build-system]\nrequires = ["b>1"]\nbuild-backend = "b"\nbackend-path = ["."]\n'
            "[tool.uv]\npackage = false\n",
            BuildSystem(("b>1",), "b", (".",)),
            True,
        ),
    ],
)
def test_a_tree_tells_how_it_is_built(
    tmp_path: Path, text: str, system: BuildSystem, reads_history: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    found = subject(tmp_path)

    assert (found.system, found.reads_history, found.version) == (system, reads_history, VERSION)


@pytest.mark.parametrize(
    ("text", "version"), [('version = "1.1"', Version("1.1")), ('dynamic = ["version"]', None)]
)
def test_a_folder_that_is_worked_in_has_the_version_that_it_says(
    tmp_path: Path, text: str, version: Version | None
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "demo"\n{text}\n')

    found = Subject.of_folder(tmp_path, NAME, "`demo`")

    assert (found.version, found.reads_history) == (version, version is None)


def test_a_tree_with_only_a_setup_script_is_built_the_old_way(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()

    assert subject(tmp_path).system == BuildSystem()


def test_a_tree_without_either_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource) as caught:
        subject(tmp_path)

    assert str(caught.value) == (
        "Unable to build `demo 1.0`: its sources have neither `pyproject.toml` nor `setup.py`"
    )


def test_a_broken_table_is_told_with_whose_it_is(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project")
    with pytest.raises(UnreadableSource) as unreadable:
        subject(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[build-system]\nrequires = 3\n")
    with pytest.raises(InvalidConfig) as wrong:
        subject(tmp_path)

    assert str(unreadable.value).startswith(
        "Unable to build `demo 1.0`: its `pyproject.toml` cannot be read: "
    )
    assert str(wrong.value) == (
        "Unable to read `pyproject.toml of demo 1.0`\n"
        "  build-system.requires: expected an array, got an integer"
    )
