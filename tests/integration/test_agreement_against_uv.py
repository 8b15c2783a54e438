"""Where `uv lock --check` accepts a lock so do we, and where it does not, we say what differs.

Two projects, each locked once, then edited in one place: with no network, in a moment each.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli

from builders import Item, write_wheel
from integration.lock_edits import IN_A_WORKSPACE, OF_SOURCES
from integration.uv_oracle import run_uv
from lamina.cli.agreement import check_agreement
from lamina.lock.freshness import LockOutdated
from lamina.lock.uvlock import parse

pytestmark = pytest.mark.integration

NAMES = ("alpha", "beta", "gamma", "delta", "eps", "zeta", "eta")

WORKSPACE = """
[project]
name = "root-proj"
version = "1.0"
requires-python = ">=3.10"
dependencies = ["alpha", "lib", "tool[x]", "loc", "arch", "beta>=1", "vir"]
[project.optional-dependencies]
one = ["gamma==1.0"]
two = ["gamma==2.0"]
[dependency-groups]
dev = ["delta", {include-group = "lint"}]
lint = ["eps"]
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[tool.uv]
find-links = ["wheels"]
no-index = true
constraint-dependencies = ["alpha<2"]
override-dependencies = ["beta>=1"]
build-constraint-dependencies = ["hatchling<99"]
exclude-dependencies = ["zeta"]
environments = ["sys_platform == 'linux'", "sys_platform == 'darwin'"]
required-environments = ["sys_platform == 'linux' and platform_machine == 'x86_64'"]
conflicts = [[{extra = "one"}, {extra = "two"}]]
[[tool.uv.dependency-metadata]]
name = "eta"
version = "1.0"
requires-dist = ["delta>=1"]
[tool.uv.workspace]
members = ["packages/*"]
exclude = ["packages/skipped"]
[tool.uv.sources]
lib = {workspace = true}
tool = {workspace = true}
loc = {path = "vendor/loc", editable = true}
vir = {path = "vendor/vir"}
arch = {path = "vendor/arch-1.0-py3-none-any.whl"}
"""

BUILT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""

TREES = {
    "packages/lib": (
        'dependencies = ["alpha", "near"]',
        '[tool.uv.sources]\nnear = {path = "../../vendor/near"}\n' + BUILT,
    ),
    "packages/tool": ('dependencies = ["alpha"]', ""),
    "packages/lone": ('dependencies = ["gamma"]', ""),
    "packages/skipped": ('dependencies = ["alpha"]', BUILT),
    "vendor/loc": ('dependencies = ["delta"]', BUILT),
    "vendor/near": ('dependencies = ["alpha"]', BUILT),
    "vendor/vir": ('dependencies = ["alpha"]', ""),
}

TREE = """
[project]
name = "{name}"
version = "0.3"
requires-python = ">=3.10"
{dependencies}
[project.optional-dependencies]
x = ["beta"]
[dependency-groups]
dev = ["eps"]
{rest}"""

SOURCES = """
[project]
name = "app"
version = "1.0"
requires-python = ">=3.10"
dependencies = ["alpha", "gitdep", "gitdirect @ git+REPO@main", "eta", "arch", "beta"]
[project.optional-dependencies]
one = ["zeta"]
two = ["gamma", "app[one]"]
[dependency-groups]
dev = ["delta"]
[tool.uv]
package = false
[[tool.uv.index]]
name = "main"
url = "./wheels"
format = "flat"
default = true
[[tool.uv.index]]
name = "other"
url = "./other"
format = "flat"
explicit = true
[[tool.uv.index]]
name = "third"
url = "./third"
format = "flat"
explicit = true
[tool.uv.sources]
gitdep = {git = "REPO", tag = "v1", subdirectory = "sub"}
eta = {index = "other"}
zeta = [{index = "other", extra = "one"}]
delta = [{index = "third", group = "dev"}]
arch = [{path = "arch-1.0-py3-none-any.whl", marker = "sys_platform == 'linux'"}, \
{index = "other", marker = "sys_platform != 'linux'"}]
"""


@dataclass(frozen=True)
class Locked:
    """A project that uv has locked, and what stands for something in its edits."""

    folder: Path
    cache: Path
    meanings: dict[str, str]

    def uv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_uv(self.folder, *arguments, "--offline", env={"UV_CACHE_DIR": str(self.cache)})

    def meant(self, text: str) -> str:
        for word, meaning in self.meanings.items():
            text = text.replace(word, meaning)
        return text


def write_wheels(folder: Path, *names: str, version: str = "1.0") -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        write_wheel(folder, Item(f"{name}.py", b""), name=name, version=version)


def lock(folder: Path, text: str, meanings: dict[str, str]) -> Locked:
    for version in ("1.0", "2.0"):
        write_wheels(folder / "wheels", *NAMES, version=version)
    locked = Locked(folder, folder.parent / "cache", meanings)
    (folder / "pyproject.toml").write_text(locked.meant(text))
    done = locked.uv("lock")
    assert done.returncode == 0, done.stderr
    return locked


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Locked:
    folder = tmp_path_factory.mktemp("workspace") / "project"
    for place, (dependencies, rest) in TREES.items():
        (folder / place).mkdir(parents=True)
        text = TREE.format(name=Path(place).name, dependencies=dependencies, rest=rest)
        (folder / place / "pyproject.toml").write_text(text)
    write_wheels(folder / "vendor", "arch")
    write_wheels(folder / "other", "eta", version="3.0")
    return lock(folder, WORKSPACE, {})


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Locked:
    base = tmp_path_factory.mktemp("sources")
    repository, folder = base / "repository", base / "project"
    (repository / "sub").mkdir(parents=True)
    for place, name in ((".", "gitdirect"), ("sub", "gitdep")):
        text = f'[project]\nname = "{name}"\nversion = "1"\n'
        (repository / place / "pyproject.toml").write_text(text)
    commit = ["-c", "user.name=n", "-c", "user.email=e@example", "commit", "-q", "-m", "one"]
    for command in (
        ["init", "-q", "-b", "main"],
        *(["add", "."], commit, ["tag", "v1"], ["tag", "v2"], ["branch", "side"]),
    ):
        subprocess.run(["git", *command], cwd=repository, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True
    )
    folder.mkdir()
    write_wheels(folder, "arch")
    for index in ("other", "third"):
        write_wheels(folder / index, "eta", "zeta", "delta", version="3.0")
    write_wheels(folder / "other", "arch", version="2.0")
    return lock(folder, SOURCES, {"REPO": repository.as_uri(), "COMMIT": head.stdout.strip()})


def differences(folder: Path) -> list[str]:
    document = tomli.loads((folder / "pyproject.toml").read_text())
    try:
        check_agreement(parse((folder / "uv.lock").read_text()), folder, document, {})
    except LockOutdated as outdated:
        return list(outdated.differences)
    return []


def compare(locked: Locked, place: str, old: str, new: str, expected: list[str]) -> None:
    path = locked.folder / place / "pyproject.toml"
    before = path.read_text()
    after = before.replace(locked.meant(old), locked.meant(new))
    assert after != before
    path.write_text(after)
    try:
        found, done = differences(locked.folder), locked.uv("lock", "--check")
    finally:
        path.write_text(before)

    assert found == expected
    assert (done.returncode == 0) == (expected == []), done.stderr


def test_what_uv_has_just_locked_agrees(workspace: Locked, sources: Locked) -> None:
    assert differences(workspace.folder) == differences(sources.folder) == []


@pytest.mark.parametrize(("place", "old", "new", "expected"), IN_A_WORKSPACE)
def test_an_edit_of_a_workspace(
    place: str, old: str, new: str, expected: list[str], workspace: Locked
) -> None:
    compare(workspace, place, old, new, expected)


@pytest.mark.parametrize(("place", "old", "new", "expected"), OF_SOURCES)
def test_an_edit_of_sources(
    place: str, old: str, new: str, expected: list[str], sources: Locked
) -> None:
    compare(sources, place, old, new, expected)


@pytest.mark.parametrize("place", [".", "packages/lib"])
def test_the_version_of_the_project_itself_is_minded_by_uv_alone(
    place: str, workspace: Locked
) -> None:
    path = workspace.folder / place / "pyproject.toml"
    before = path.read_text()
    path.write_text(re.sub(r'(?m)^(version = ").*"$', r'\g<1>7.0"', before, count=1))
    try:
        assert differences(workspace.folder) == []
        assert workspace.uv("lock", "--check").returncode == 1
    finally:
        path.write_text(before)
