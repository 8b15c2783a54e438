"""`check` passes on what the real uv has just locked, and notices what uv notices."""

from __future__ import annotations

import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

from integration.uv_oracle import lock_project, run_uv
from lamina.lock.freshness import LockOutdated, check
from lamina.lock.uvlock import parse

pytestmark = [pytest.mark.integration, pytest.mark.network]

PLAIN = """
[project]
name = "Demo_App"
version = "1.2.3"
requires-python = ">=3.10,<3.14"
dependencies = [
  "Attrs ~= 23.0",
  "attrs ; sys_platform == 'win32' and os_name == 'posix'",
  "idna >= 2 , != 3.5 ; python_version in '3.10 3.12'",
  "iniconfig (>=1,<3.0.0)",
  "click>=8.0RC1; platform_system == 'Windows' or os_name == 'posix' and python_version >= '3.12'",
  "six == 1.*",
  "tomli; python_version < '3.9'",
]
[project.optional-dependencies]
A_x = ["colorama", "Demo_App[b.y]"]
"b.y" = ["colorama", "pluggy"]
empty = []
[dependency-groups]
Dev_G = ["pygments", {include-group="other"}]
other = ["pluggy>1"]
none = []
[tool.uv]
dev-dependencies = ["certifi"]
constraint-dependencies = ["pluggy<2"]
override-dependencies = ["urllib3>=1"]
environments = [
  "platform_system == 'Linux'",
  "sys_platform == 'darwin' and python_version >= '3.11'",
]
conflicts = [[{extra = "empty"}, {extra = "a-x"}], [{group = "other"}, {extra = "empty"}]]
"""

WORKSPACE = """
[project]
name = "rootproj"
dynamic = ["version"]
requires-python = ">=3.11"
dependencies = [
  "lib>=0.1", "loc", "iniconfig>=2", "whl", "gitdep", "gitdirect @ git+{repo}@main", "tied",
]
[project.optional-dependencies]
t = ["tool[x]"]
[dependency-groups]
dev = ["tool", "six"]
[tool.uv]
constraint-dependencies = ["iniconfig<3"]
[tool.uv.workspace]
members = ["packages/*"]
[tool.uv.sources]
lib = {{workspace = true}}
tool = {{workspace = true}}
loc = {{path = "./vendor/loc", editable = true}}
whl = {{path = "vendor/whl-1.0-py3-none-any.whl"}}
tied = {{path = "vendor/tied-1.0-py3-none-any.whl"}}
gitdep = {{git = "{repo}", tag = "v1", subdirectory = "sub"}}
iniconfig = {{index = "other", marker = "sys_platform != 'linux'"}}
six = [
  {{index = "other", group = "dev"}},
]
[[tool.uv.index]]
name = "other"
url = "{index}"
explicit = true
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[tool.hatch.metadata]
allow-direct-references = true
[tool.hatch.version]
path = "v.py"
[tool.hatch.build.targets.wheel]
include = ["v.py"]
"""

MEMBER = """
[project]
name = "{name}"
version = "0.3"
requires-python = ">=3.11"
dependencies = ["packaging>=20"]
[project.optional-dependencies]
x = ["six"]
[dependency-groups]
dev = ["attrs"]
"""


def write_wheel(path: Path, name: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        info = f"{name}-1.0.dist-info"
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def write_repository(folder: Path) -> str:
    (folder / "sub").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "gitdirect"\nversion = "1"\n')
    (folder / "sub" / "pyproject.toml").write_text('[project]\nname = "gitdep"\nversion = "1"\n')
    identity = ["-c", "user.name=n", "-c", "user.email=e@example"]
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        [*identity, "commit", "-q", "-m", "one"],
        ["tag", "v1"],
        ["tag", "v2"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder.as_uri()


def default_index(folder: Path) -> str:
    """Return the address of the index that uv uses here, as a lock names it."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["six"]\n'
    )
    packages = tomllib.loads(lock_project(folder))["package"]
    index = next(package["source"]["registry"] for package in packages if package["name"] == "six")
    assert isinstance(index, str)
    return index


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    (folder / "pyproject.toml").write_text(PLAIN)
    lock_project(folder)
    return folder


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("workspace")
    folder = base / "project"
    for name in ("packages/lib", "packages/tool", "vendor/loc"):
        (folder / name).mkdir(parents=True)
        (folder / name / "pyproject.toml").write_text(MEMBER.format(name=Path(name).name))
    for name in ("whl", "tied"):
        write_wheel(folder / "vendor" / f"{name}-1.0-py3-none-any.whl", name)
    (folder / "v.py").write_text('__version__ = "3.0"\n')
    (folder / "pyproject.toml").write_text(
        WORKSPACE.format(
            repo=write_repository(base / "repository"), index=default_index(base / "index")
        )
    )
    lock_project(folder)
    return folder


def difference(folder: Path, text: str) -> tuple[str, ...]:
    locked = parse((folder / "uv.lock").read_text())
    try:
        check(locked, tomllib.loads(text))
    except LockOutdated as outdated:
        return outdated.differences
    return ()


def uv_says_fresh(folder: Path, text: str) -> bool:
    path = folder / "pyproject.toml"
    before = path.read_text()
    path.write_text(text)
    try:
        return run_uv(folder, "lock", "--check").returncode == 0
    finally:
        path.write_text(before)


SAME_FOR_BOTH = [
    ('"six == 1.*"', '"SIX==1.*"'),
    ('"iniconfig (>=1,<3.0.0)"', '"iniconfig<3.0.0,>=1"'),
    ("platform_system == 'Windows'", "sys_platform == 'win32'"),
    ("\"tomli; python_version < '3.9'\"", "\"tomli; python_version < '3.9.0'\""),
    ('requires-python = ">=3.10,<3.14"', 'requires-python = "<3.14, >=3.10"'),
    ('A_x = ["colorama", "Demo_App[b.y]"]', 'a-X = ["Demo.App[B-y]", "colorama"]'),
    ("platform_system == 'Linux'", "sys_platform == 'linux'"),
]


@pytest.mark.parametrize(("old", "new"), SAME_FOR_BOTH)
def test_another_way_to_write_the_same_is_no_difference(plain: Path, old: str, new: str) -> None:
    text = PLAIN.replace(old, new)
    assert text != PLAIN

    assert uv_says_fresh(plain, text)
    assert difference(plain, text) == ()


EDITS = [
    ('"six == 1.*"', '"six == 1.16.*"', "dependencies: `six` changed"),
    ('"six == 1.*",', "", "dependencies: `six` removed"),
    ('"six == 1.*",', '"six == 1.*", "attrs[tests]",', "dependencies: `attrs` changed"),
    ('"six == 1.*",', '"six == 1.*", "pluggy",', "dependencies: `pluggy` added"),
    ("platform_system == 'Windows' or", "", "dependencies: `click` changed"),
    (
        'requires-python = ">=3.10,<3.14"',
        'requires-python = ">=3.11,<3.14"',
        "requires-python: `<3.14,>=3.11` is declared, `<3.14,>=3.10` is locked",
    ),
    ("empty = []\n[dep", "void = []\n[dep", "extra `empty`: removed"),
    ('"b.y" = ["colorama", "pluggy"]', '"b.y" = ["pluggy"]', "extra `b-y`: `colorama` removed"),
    ("[dependency-groups]", '[dependency-groups]\nnew = ["six"]', "group `new`: added"),
    ('other = ["pluggy>1"]', 'other = ["pluggy>0.1"]', "group `other`: `pluggy` changed"),
    ("none = []", "", "group `none`: removed"),
    ('dev-dependencies = ["certifi"]', "", "group `dev`: removed"),
    ('["pluggy<2"]', '["pluggy<3"]', "constraint-dependencies: `pluggy` changed"),
    ('["urllib3>=1"]', '["urllib3>=2"]', "override-dependencies: `urllib3` changed"),
    ("platform_system == 'Linux'", "platform_system == 'Windows'", "environments: changed"),
    ('{extra = "a-x"}', '{extra = "b-y"}', "conflicts: changed"),
    ('Demo_App"\nversion', 'Other"\nversion', "name: `other` is declared, `demo-app` is locked"),
]


@pytest.mark.parametrize(("old", "new", "expected"), EDITS)
def test_what_uv_would_lock_again_is_named(plain: Path, old: str, new: str, expected: str) -> None:
    text = PLAIN.replace(old, new)
    assert text != PLAIN

    assert not uv_says_fresh(plain, text)
    assert expected in difference(plain, text)


def test_the_version_of_the_project_does_not_matter(plain: Path) -> None:
    assert difference(plain, PLAIN.replace("1.2.3", "1.2.4")) == ()


@pytest.mark.parametrize("member", [".", "packages/lib", "packages/tool"])
def test_a_fresh_lock_of_a_workspace_passes_for_each_member(workspace: Path, member: str) -> None:
    assert difference(workspace, (workspace / member / "pyproject.toml").read_text()) == ()


def test_a_source_comes_before_the_url_in_the_requirement(workspace: Path) -> None:
    before = (workspace / "pyproject.toml").read_text()
    text = before.replace('"loc", ', '"loc @ https://files.example/loc-1.zip", ')
    assert text != before

    assert uv_says_fresh(workspace, text)
    assert difference(workspace, text) == ()


SOURCE_EDITS = [
    ('"tool", "six"]', '"tool", "six[x]"]', "group `dev`: `six` changed"),
    ("vendor/whl-1.0", "vendor/./other/whl-1.0", "dependencies: `whl` changed"),
    ('tag = "v1"', 'tag = "v2"', "dependencies: `gitdep` changed"),
    (', subdirectory = "sub"', "", "dependencies: `gitdep` changed"),
    ('@main"', '@v2"', "dependencies: `gitdirect` changed"),
    (
        "loc = {path",
        'loc = {url = "https://files.example/loc-1.zip"}\nx = {path',
        "dependencies: `loc` changed",
    ),
    ("lib = {workspace = true}", "", "dependencies: `lib` changed"),
    (
        """index = "other", marker = "sys_platform != 'linux'\"""",
        """index = "other", marker = "sys_platform == 'linux'\"""",
        "dependencies: `iniconfig` changed",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), SOURCE_EDITS)
def test_another_source_is_named(workspace: Path, old: str, new: str, expected: str) -> None:
    before = (workspace / "pyproject.toml").read_text()
    text = before.replace(old, new)
    assert text != before

    assert not uv_says_fresh(workspace, text)
    assert expected in difference(workspace, text)
