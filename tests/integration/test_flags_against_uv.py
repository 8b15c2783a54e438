"""Each option that says what is installed, asked of the real ``uv sync`` and of us."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import pytest

from integration.uv_oracle import lock_project, run_uv
from lamina.cli.locked import wanted
from lamina.cli.options import PlanOptions, read_options
from lamina.cli.plan import command
from lamina.cli.project import read_project
from lamina.cli.wanted import build_rules, policy_of
from lamina.errors import LaminaError
from lamina.lock.select import select
from lamina.lock.source import Virtual
from lamina.lock.target import Libc, make_target
from lamina.oci.descriptor import Platform

pytestmark = pytest.mark.integration

TARGET = make_target(
    Platform.parse("linux/amd64"), platform.python_version(), Libc("glibc", (2, 36))
)

BACKEND = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
HEAD = '[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.10"\n'
LEAVES = [f"e{number}" for number in range(1, 10)]

ROOT = """
[dependency-groups]
dev = ["e2"]
lint = ["e3"]
both = ["e4"]
usual = ["e7"]
[tool.uv]
default-groups = ["dev", "usual"]
[tool.uv.workspace]
members = ["packages/*"]
exclude = ["packages/alone"]
"""

API = """
dependencies = ["e5"]
[project.optional-dependencies]
x = ["e9"]
[dependency-groups]
own = ["e6"]
both = ["e8"]
"""

CONFLICTS = """
[project.optional-dependencies]
a = ["e2"]
b = ["e3"]
empty = []
[dependency-groups]
g = ["e4", "root[a]"]
h = ["e5"]
[tool.uv]
conflicts = [[{extra="a"},{extra="b"}],[{extra="a"},{extra="empty"}],[{group="g"},{group="h"}]]
"""


def leaf(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(HEAD.format(name=name) + BACKEND)


def project(folder: Path, text: str, up: str = "", end: str = BACKEND) -> None:
    sources = "".join(f'{name} = {{ path = "{up}ext/{name}" }}\n' for name in LEAVES)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"{text}\n[tool.uv.sources]\n{sources}\n{end}")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A workspace, one whose root is no project, a folder of groups, and a project of conflicts."""
    top = tmp_path_factory.mktemp("flags")
    root = HEAD.format(name="root") + 'dependencies = ["e1"]\n'
    for name in ("workspace", "virtual", "groups", "conflicts"):
        for each in LEAVES:
            leaf(top / name / "ext" / each, each)
    for name in ("workspace", "virtual"):
        members = top / name / "packages"
        project(members / "api", HEAD.format(name="api") + API, "../../")
        project(members / "web", HEAD.format(name="web"), "../../", end="")
        leaf(members / "alone", "alone")
    project(top / "workspace", root + ROOT)
    project(top / "virtual", ROOT, end="")
    project(top / "groups", ROOT.partition("[tool.uv.workspace]")[0], end="")
    project(top / "conflicts", root + CONFLICTS)
    for folder in (*top.iterdir(), top / "workspace" / "packages" / "alone"):
        lock_project(folder)
    return {path.name: path for path in (*top.iterdir(), *(top / "workspace/packages").iterdir())}


CASES = """
workspace
workspace --dev
workspace --no-dev --dev
workspace --dev --no-dev
workspace --group dev
workspace --group Lint --no-group usual
workspace --no-default-groups
workspace --all-groups
workspace --all-groups --no-group both
workspace --only-group lint
workspace --only-dev
workspace --only-dev --only-group lint
workspace --no-install-project
workspace --no-install-workspace
workspace --no-install-local
workspace --no-install-package e1
workspace --only-install-project
workspace --only-install-workspace
workspace --only-install-local --only-install-workspace
workspace --only-install-package e1 --only-install-project
workspace --package api
workspace --package Api --extra x
workspace --package api --all-extras
workspace --package api --all-extras --no-extra x
workspace --package api --group lint
workspace --package api --group both
workspace --package api --all-groups
workspace --package api --only-group lint --only-group both
workspace --package api --no-install-project
workspace --package api --package root
workspace --package api --package root --no-install-project
workspace --package api --package web --group own
workspace --package web
workspace --all-packages
workspace --all-packages --group lint --group own
workspace --all-packages --no-install-project
workspace --all-packages --no-install-workspace
api
api --group lint
api --package root
api --package root --package api
api --all-packages
api --all-packages --only-install-project
api --all-packages --no-install-project
alone
virtual
virtual --package api
virtual --package api --group lint
virtual --package api --group both
virtual --package api --package web
virtual --all-packages
virtual --only-group lint
virtual --no-install-workspace
groups
groups --group lint
groups --only-group lint
conflicts --extra a
conflicts --all-extras --no-extra b --no-extra empty
conflicts --group g
conflicts --only-group g --no-default-groups
workspace --no-build-package root
workspace --no-build --only-install-workspace
workspace --no-binary
UV_NO_DEV=1 workspace
UV_NO_DEV=1 workspace --dev
UV_NO_DEV=1 workspace --group dev
UV_NO_GROUP=lint+usual workspace --group lint
UV_NO_GROUP=usual workspace --group lint --no-group lint
UV_NO_DEFAULT_GROUPS=1 workspace
UV_NO_INSTALL_PROJECT=1 workspace
UV_NO_INSTALL_PROJECT=1 workspace --only-install-project
UV_NO_INSTALL_WORKSPACE=1 workspace
UV_NO_INSTALL_LOCAL=1 workspace
UV_NO_BUILD_PACKAGE=e1 workspace --no-build-package e9
"""

REFUSED = """
workspace --only-group nothing
workspace --group nope
workspace --no-group nope
workspace --extra x
workspace --no-extra x
workspace --package api --package web --group lint
workspace --package e1x
virtual --group nope
conflicts --extra a --extra b
conflicts --all-extras
conflicts --extra a --extra empty
conflicts --group g --extra b
conflicts --all-groups
conflicts --only-group g --only-group h
workspace --no-build
workspace --no-build-package e1
UV_NO_BUILD=1 workspace
UV_NO_BUILD_PACKAGE=e1+e2 workspace
"""


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_uv_installs_the_same(
    places: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    folder, flags, env = read_case(places, monkeypatch, case)

    installed = ours(folder, flags)

    assert installed is not None
    assert installed == theirs(folder, flags, env)


@pytest.mark.parametrize("case", REFUSED.strip().splitlines())
def test_uv_refuses_the_same(
    places: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    folder, flags, env = read_case(places, monkeypatch, case)

    assert (ours(folder, flags), theirs(folder, flags, env)) == (None, None)


def read_case(
    places: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch, case: str
) -> tuple[Path, list[str], Mapping[str, str]]:
    words = case.split()
    env = dict(word.replace("+", " ").split("=") for word in words if word.startswith("UV_"))
    place, *flags = words[len(env) :]
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return places[place], flags, env


def theirs(folder: Path, flags: list[str], env: Mapping[str, str]) -> set[str] | None:
    """Return what uv would install, nothing where it refuses; `dev` is no default in an image."""
    names_dev = any(flag in ("--dev", "--only-dev", "--all-groups", "dev") for flag in flags)
    dev = [] if names_dev else ["--no-dev"]
    run = ["sync", "--frozen", "--dry-run", "--offline", "--no-editable", *dev, *flags]
    done = run_uv(folder, *run, env=env)
    if done.returncode:
        return None
    lines = [line.split() for line in done.stderr.splitlines() if line.startswith(" + ")]
    return {line[1].partition("==")[0] for line in lines}


def ours(folder: Path, flags: list[str]) -> set[str] | None:
    """Return what we would install, nothing where we refuse."""
    context = command.make_context("plan", [str(folder), *flags])
    options = PlanOptions(**read_options(context))
    try:
        read = read_project(options, options.folder)
        policy = policy_of(options, build_rules({}, folder, read))
        lock = read.read_lock()
        selection = select(lock, TARGET, wanted(options, read, lock), policy)
    except LaminaError:
        return None
    project = selection.project
    is_installed = project and project.is_installed and not isinstance(project.source, Virtual)
    own = {project.name} if project and is_installed else set()
    return own | {each.name for each in selection.distributions}
