"""A lock must be of what is declared, unless nobody looks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lamina.cli.agreement import check_agreement
from lamina.lock.freshness import LockOutdated
from projects import LockedProject
from unit.cli.program import Program
from unit.lock.locks import lock, project

PRERELEASE = "prerelease: `allow` is declared, `if-necessary` is locked"
RESOLUTION = "resolution: `highest` is declared, `lowest` is locked"


@pytest.mark.parametrize(
    ("environ", "files", "expected"),
    [
        ({}, [], [RESOLUTION, PRERELEASE]),
        ({"UV_PRERELEASE": "if-necessary"}, [], [RESOLUTION]),
        ({"UV_CONFIG_FILE": "x"}, [], []),
        ({}, ["project/uv.toml"], []),
        # What the user has set holds where the project says nothing.
        ({}, ["home/.config/uv/uv.toml"], [PRERELEASE]),
        ({"XDG_CONFIG_HOME": "ROOT/xdg"}, ["xdg/uv/uv.toml"], [PRERELEASE]),
    ],
)
def test_an_option_that_is_decided_elsewhere_is_not_compared(
    environ: Mapping[str, str], files: list[str], expected: list[str], tmp_path: Path
) -> None:
    for name in ["project/pyproject.toml", *files]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    document = {"project": {"name": "app"}, "tool": {"uv": {"prerelease": "allow"}}}
    locked = lock(project(), head='[options]\nresolution-mode = "lowest"\n')
    environ = {key: value.replace("ROOT", str(tmp_path)) for key, value in environ.items()}

    found: tuple[str, ...] = ()
    try:
        home = {"HOME": str(tmp_path / "home")}
        check_agreement(locked, tmp_path / "project", document, home | environ)
    except LockOutdated as outdated:
        found = outdated.differences

    assert list(found) == expected


def test_an_outdated_lock_ends_the_build_unless_frozen(
    locked: LockedProject, program: Program
) -> None:
    locked.write()
    pyproject = locked.folder / "pyproject.toml"
    text = pyproject.read_text().replace("dependencies = []", 'dependencies = ["more"]')
    pyproject.write_text(text + '[dependency-groups]\nlint = ["ruff"]\n')

    for flags in ([], ["--locked"]):
        assert program.refused(*flags) == (
            "error: `uv.lock` does not match `pyproject.toml`\n"
            "  dependencies: `more` added\n"
            "  group `lint`: added\n\n"
            "hint: To update it, run `uv lock`\n"
        )
    assert program.build("--frozen").code == 0


def test_a_bump_of_the_projects_own_version_asks_for_no_new_lock(
    locked: LockedProject, program: Program
) -> None:
    locked.write()
    pyproject = locked.folder / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('version = "1.0"', 'version = "1.1"'))

    assert program.build("--locked").code == 0
