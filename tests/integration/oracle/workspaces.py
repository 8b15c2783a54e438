"""Workspaces: roots and members, an image for one member or for all, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping

from integration.oracle.scenario import HEAD, Run, Scenario, asked
from tiny import backend, build_system, dist

_INDEX = [dist(f"{name} 1.0") for name in "abcdefgh"]


def member(folder: str, name: str, rest: str, *, is_package: bool = True) -> Mapping[str, str]:
    """Return the files of a member; ``rest`` begins within its `[project]`."""
    text = f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n{rest}\n'
    if not is_package:
        return {f"{folder}/pyproject.toml": f"{text}[tool.uv]\npackage = false\n"}
    module = name.replace("-", "_")
    return {
        f"{folder}/pyproject.toml": text + build_system(),
        **{f"{folder}/{path}": content for path, content in backend().items()},
        f"{folder}/src/{module}/__init__.py": f'NAME = "{name}"\n',
    }


_MEMBERS = {
    **member(
        "libs/core",
        "core",
        'dependencies = ["b"]\n[project.optional-dependencies]\nfast = ["c"]\n'
        '[dependency-groups]\ntest = ["d"]\n',
    ),
    **member(
        "libs/web",
        "web",
        'dependencies = ["core[fast]", "e"]\n[tool.uv.sources]\ncore = { workspace = true }\n'
        '[dependency-groups]\ntest = ["f"]\ndev = ["g"]\n',
    ),
    **member("libs/tool", "tool", 'dependencies = ["h", "core"]\n', is_package=False),
}
_WORKSPACE = """
[tool.uv.workspace]
members = ["libs/*"]
[tool.uv.sources]
core = { workspace = true }
web = { workspace = true }
tool = { workspace = true }
"""
_ROOT = {**backend(), "src/app/__init__.py": "", **_MEMBERS}
_PACKAGE = HEAD + 'dependencies = ["a", "core"]\n' + build_system() + _WORKSPACE

_VIRTUAL = """
[tool.uv.workspace]
members = ["libs/*"]
[tool.uv.sources]
core = { workspace = true }
"""

SCENARIOS = (
    Scenario(
        "a-workspace",
        _PACKAGE,
        _INDEX,
        files=_ROOT,
        runs=[
            *asked("", "--package web", "--package core", "--package tool", "--package app"),
            *asked("--all-packages", "--package core --extra fast", "--package web --group test"),
            *asked("--all-packages --all-extras --group test", "--all-packages --extra fast"),
            *asked("--package web --dev", "--package core --all-groups", "--package WEB"),
            Run("--package nope", refused="nope"),
            Run("--package web --extra fast", refused="fast"),
        ],
    ),
    Scenario(
        "what-is-left-out",
        _PACKAGE,
        _INDEX,
        files=_ROOT,
        runs=[
            *asked("--no-install-project", "--no-install-workspace", "--no-install-local"),
            *asked("--no-install-package core", "--no-install-package core --no-install-package a"),
            *asked("--package web --no-install-project", "--package web --no-install-workspace"),
            *asked("--all-packages --no-install-project", "--all-packages --no-install-workspace"),
            *asked("--no-install-package nope"),
        ],
    ),
    Scenario(
        "what-alone-is-installed",
        _PACKAGE,
        _INDEX,
        files=_ROOT,
        runs=[
            *asked("--only-install-project", "--only-install-workspace", "--only-install-local"),
            *asked("--only-install-package core", "--package web --only-install-project"),
            *asked("--only-install-package core --only-install-package b"),
            *asked("--all-packages --only-install-workspace"),
        ],
    ),
    Scenario(
        "a-virtual-workspace",
        _VIRTUAL,
        _INDEX,
        files=_MEMBERS,
        runs=[
            *asked("", "--package web", "--all-packages", "--no-install-workspace", "--group test"),
            *asked("--all-extras", "--package core --extra fast", "--extra fast", "--dev"),
            Run("--group nope", refused="nope"),
        ],
    ),
    Scenario(
        "a-virtual-workspace-with-groups",
        '[dependency-groups]\nci = ["a"]\ndev = ["b", "core"]\n' + _VIRTUAL,
        _INDEX,
        files=_MEMBERS,
        runs=[
            *asked("", "--group ci", "--only-group ci", "--dev", "--package web --group test"),
            *asked("--package core --group ci", "--all-packages --group ci", "--all-groups"),
        ],
    ),
    Scenario(
        "default-groups-of-members",
        HEAD
        + 'dependencies = ["a"]\n[dependency-groups]\nroot = ["b"]\n'
        + '[tool.uv]\ndefault-groups = ["root"]\n[tool.uv.workspace]\nmembers = ["m"]\n',
        _INDEX,
        files=member(
            "m",
            "m",
            'dependencies = ["c"]\n[dependency-groups]\nmine = ["d"]\nroot = ["e"]\n'
            '[tool.uv]\ndefault-groups = ["mine"]\n',
        ),
        runs=asked("", "--package m", "--all-packages", "--no-default-groups"),
    ),
    Scenario(
        "a-member-that-needs-the-root",
        HEAD
        + 'dependencies = ["a"]\n[project.optional-dependencies]\nx = ["b", "plug"]\n'
        + build_system()
        + '[tool.uv.workspace]\nmembers = ["plug"]\n[tool.uv.sources]\n'
        + "plug = { workspace = true }\napp = { workspace = true }\n",
        _INDEX,
        files={
            **backend(),
            "src/app/__init__.py": "",
            **member("plug", "plug", 'dependencies = ["app", "c"]\n'),
        },
        runs=asked("", "--extra x", "--package plug", "--package plug --no-install-project"),
    ),
)
