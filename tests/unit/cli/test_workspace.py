"""Images of a workspace's members, and of a workspace that is no project itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from builders import Item, make_wheel
from lamina.cli.workspace import find_root
from projects import sha256
from unit.cli.program import Program

WORKSPACE = '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/out"]\n'


@dataclass
class Workspace:
    """Members without build systems, each with wheels that lie at the root."""

    root: Path
    project: str = ""
    """`[project]` of the root, if it has one."""
    config: str = ""
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The wheels that each member needs."""
    extra_wheels: tuple[str, ...] = ()
    groups: str = ""
    more: dict[str, str] = field(default_factory=dict)
    """What else stands in a member's `pyproject.toml`."""

    def write(self) -> Path:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "pyproject.toml").write_text(self.project + WORKSPACE + self.config)
        entries = [self._member(name, needs) for name, needs in self.members.items()]
        needed = {wheel for needs in self.members.values() for wheel in needs}
        wheels = sorted({*needed, *self.extra_wheels})
        members = sorted([*self.members, *(["root"] if self.project else [])])
        names = ", ".join(f'"{name}"' for name in members)
        own = [_own("root", ".", ())] if self.project else []
        head = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
        head += f"[manifest]\nmembers = [{names}]\n"
        text = "".join([head, self.groups, *own, *entries, *map(self._wheel, wheels)])
        (self.root / "uv.lock").write_text(text)
        return self.root

    def _member(self, name: str, needs: tuple[str, ...]) -> str:
        folder = self.root / "packages" / name
        folder.mkdir(parents=True, exist_ok=True)
        listed = ", ".join(f'"{wheel}"' for wheel in needs)
        sources = "".join(f'{each} = {{ path = "../../{_file(each)}" }}\n' for each in needs)
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
            f"dependencies = [{listed}]\n[tool.uv.sources]\n{sources}{self.more.get(name, '')}"
        )
        (folder / f"{name}.py").write_text(f"NAME = '{name}'\n")
        return _own(name, f"packages/{name}", needs)

    def _wheel(self, name: str) -> str:
        data = make_wheel(Item(f"{name}.py", b"ONE = 1\n" * 9), name=name)
        (self.root / _file(name)).write_bytes(data)
        return (
            f'\n[[package]]\nname = "{name}"\nversion = "1.0"\n'
            f'source = {{ path = "{_file(name)}" }}\n'
            f'wheels = [{{ filename = "{_file(name)}", hash = "{sha256(data)}" }}]\n'
        )


def _file(name: str) -> str:
    return f"{name}-1.0-py3-none-any.whl"


def _own(name: str, path: str, needs: tuple[str, ...]) -> str:
    edges = ", ".join(f'{{ name = "{each}" }}' for each in needs)
    requires = ", ".join(f'{{ name = "{each}", path = "{_file(each)}" }}' for each in needs)
    return (
        f'\n[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ virtual = "{path}" }}\n'
        f"dependencies = [{edges}]\n[package.metadata]\nrequires-dist = [{requires}]\n"
    )


ROOT = '[project]\nname = "root"\nversion = "1.0"\nrequires-python = ">=3.11"\n'


@pytest.fixture
def workspace(program: Program) -> Workspace:
    members: dict[str, tuple[str, ...]] = {
        "api": ("numbers", "shared"),
        "web": ("letters", "shared"),
    }
    return Workspace(program.root / "work", ROOT, members=members)


def report(program: Program, *args: str) -> Any:
    ended = program("build", *args, "--base", "scratch", "-o", "oci:out", "--json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def distributions(report: Any) -> list[str]:
    layers = report["platforms"][0]["layers"]
    return sorted(each["name"] for layer in layers for each in layer["distributions"])


def document(program: Program, report: Any) -> Any:
    def blob(digest: str) -> Any:
        return json.loads((program.root / "out/blobs" / digest.replace(":", "/")).read_text())

    return blob(blob(report["platforms"][0]["digest"])["config"]["digest"])


def image_config(program: Program, report: Any) -> Any:
    return document(program, report)["config"]


def history(program: Program, report: Any) -> list[str]:
    entries = document(program, report)["history"]
    return [each["created_by"].removeprefix("lamina: ") for each in entries]


def layers_with(report: Any, name: str) -> set[str]:
    layers = report["platforms"][0]["layers"]
    return {
        layer["digest"]
        for layer in layers
        if name in [each["name"] for each in layer["distributions"]]
    }


def test_a_member_is_named_or_its_folder_is(workspace: Workspace, program: Program) -> None:
    workspace.write()

    named = report(program, "work", "--package", "Api")
    there = report(program, "work/packages/api")
    elsewhere = report(program, "work/packages/web", "--package", "api")

    assert distributions(named) == ["numbers", "shared"]
    assert named["digest"] == there["digest"] == elsewhere["digest"]


def test_two_members_share_the_layers_of_what_they_share(
    workspace: Workspace, program: Program
) -> None:
    workspace.members = {"api": ("shared",), "web": ("shared",)}
    workspace.write()

    api, web = report(program, "work/packages/api"), report(program, "work/packages/web")

    assert layers_with(api, "shared") == layers_with(web, "shared") != set()
    assert api["digest"] != web["digest"]


def test_an_image_of_a_member_is_the_members(workspace: Workspace, program: Program) -> None:
    workspace.config = '[tool.lamina]\ncmd = ["root"]\nlabels = { who = "root" }\n'
    workspace.more["web"] = '[tool.lamina]\ncopy = [{ from = "web.py", to = "." }]\ncmd = ["web"]\n'
    (workspace.write() / "packages" / "api" / ".python-version").write_text("3.12\n")

    api = report(program, "work", "--package", "api")
    of_api = image_config(program, api)
    web = report(program, "work", "--package", "web")
    of_web = image_config(program, web)

    titles = history(program, web)
    assert (of_api["Cmd"], of_web["Cmd"]) == (["root"], ["web"])
    assert of_api["Labels"]["who"] == "root"
    assert "who" not in of_web["Labels"]
    assert of_web["Labels"]["org.opencontainers.image.title"] == "web"
    assert "web.py -> ." in titles


def test_the_nearest_python_version_holds(workspace: Workspace, program: Program) -> None:
    root = workspace.write()
    (root / ".python-version").write_text("3.12\n")
    (root / "packages" / "web" / ".python-version").write_text("3.13\n")

    api = program("plan", "work/packages/api", "--base", "scratch")
    web = program("plan", "work", "--package", "web", "--base", "scratch")

    assert "with Python 3.12.0 on scratch" in api.err
    assert "with Python 3.13.0 on scratch" in web.err


def test_all_members_are_taken_with_the_root(workspace: Workspace, program: Program) -> None:
    workspace.write()

    everything = report(program, "work", "--all-packages")
    titles = history(program, everything)

    assert distributions(everything) == ["letters", "numbers", "shared"]
    assert "files of root" in titles


def test_a_workspace_without_a_project_is_its_members(
    workspace: Workspace, program: Program
) -> None:
    workspace.project = ""
    workspace.groups = (
        f'[manifest.dependency-groups]\nusual = [{{ name = "more", path = "{_file("more")}" }}]\n'
    )
    workspace.config = '[dependency-groups]\nusual = ["more"]\n'
    workspace.config += '[tool.uv]\ndefault-groups = ["usual"]\n'
    workspace.config += f'[tool.uv.sources]\nmore = {{ path = "{_file("more")}" }}\n'
    workspace.extra_wheels = ("more",)
    workspace.write()

    ended = program("plan", "work", "--base", "scratch")
    both = report(program, "work")
    config = image_config(program, both)

    assert "Building the project for linux/amd64" in ended.err
    assert "No files are copied: the project is a workspace without `[project]`; name them" in (
        ended.err
    )
    assert distributions(both) == ["letters", "more", "numbers", "shared"]
    assert "org.opencontainers.image.title" not in config.get("Labels", {})
    assert not [title for title in history(program, both) if title.startswith("files")]


def test_an_unknown_member_is_answered_with_those_there_are(
    workspace: Workspace, program: Program
) -> None:
    workspace.write()

    ended = program("plan", "work", "--package", "wbe", "--base", "scratch")

    assert (ended.code, ended.err) == (
        1,
        "error: No project `wbe` in `uv.lock`; it has `api`, `root`, `web`\n\n"
        "hint: Did you mean `web`?\n",
    )


def test_a_member_whose_folder_is_gone_is_named(workspace: Workspace, program: Program) -> None:
    (workspace.write() / "packages" / "api" / "pyproject.toml").unlink()

    ended = program("plan", "work", "--package", "api", "--base", "scratch")

    assert (ended.code, ended.err) == (
        1,
        "error: Unable to find project at `work/packages/api/pyproject.toml`\n\n"
        "hint: The lockfile has `api` there; to write it again, run `uv lock`\n",
    )


def test_uv_toml_takes_the_place_of_the_table(workspace: Workspace, program: Program) -> None:
    workspace.config = "[tool.uv]\nno-binary = true\n"
    root = workspace.write()

    table = program("plan", "work/packages/api", "--base", "scratch")
    (root / "uv.toml").write_text("")
    file = program("plan", "work/packages/api", "--base", "scratch")

    assert "numbers 1.0   has only wheels, which may not be taken" in table.err
    assert (table.code, file.code) == (1, 0), file.err


def test_what_a_group_asks_of_the_python_holds_in_all_members(
    workspace: Workspace, program: Program
) -> None:
    for name, requires in (("api", ">=3.12"), ("web", "<3.13")):
        workspace.more[name] = (
            "[dependency-groups]\nown = []\n"
            f'[tool.uv.dependency-groups]\nown = {{ requires-python = "{requires}" }}\n'
        )
    lock = workspace.write() / "uv.lock"
    own = "[package.metadata.requires-dev]\nown = []\n[package.metadata]"
    lock.write_text(lock.read_text().replace("[package.metadata]", own))
    plan = ("plan", "work/packages/api", "--base", "scratch", "--frozen", "--group", "own")

    refused, chosen = program(*plan, "--python", "3.14"), program(*plan)

    assert (
        "error: Python 3.14.0 does not satisfy `requires-python` of:\n  group `own`: <3.13,>=3.12\n"
    ) in refused.err
    assert "with Python 3.12.0 on scratch" in chosen.err


def test_a_folder_of_groups_has_its_files(workspace: Workspace, program: Program) -> None:
    folder = program.root / "work"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[dependency-groups]\nlint = []\n")
    (folder / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.11"\n[manifest.dependency-groups]\nlint = []\n'
    )

    built = report(program, "work", "--only-group", "lint")

    assert history(program, built)[-1] == "files of the project"


DOCUMENT = {"project": {"name": "x"}}


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("packages/api", "."),
        ("packages/out", "packages/out"),
        ("packages/api/deeper", "packages/api/deeper"),
        ("deep/a/b/c", "."),
        ("other", "other"),
    ],
)
def test_a_folder_is_of_a_workspace_if_that_names_it(
    tmp_path: Path, folder: str, expected: str
) -> None:
    members = WORKSPACE.replace('"packages/*"', '"packages/*", "deep/**", 3')
    (tmp_path / "pyproject.toml").write_text(members)
    (tmp_path / folder).mkdir(parents=True)
    if folder == "packages/api/deeper":
        (tmp_path / "packages/api/pyproject.toml").write_text('[project]\nname = "api"\n')

    assert find_root(tmp_path / folder, DOCUMENT) == tmp_path / expected
