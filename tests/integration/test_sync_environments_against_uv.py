"""`lamina sync` beside `uv sync`: environments that others have made, or that must be made anew."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import tiny
from integration import file_trees
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, write_project
from integration.oracle.disk import is_explained
from integration.uv_oracle import find_python, uv_program

pytestmark = pytest.mark.integration

MINE = f"""
[project]
name = "mine"
version = "1.0"
requires-python = ">=3.11"
{tiny.BUILD_SYSTEM.format(requires="[]")}"""
POINTS = "[console_scripts]\nrun-a = a:main\n"


@dataclass(frozen=True)
class Beside:
    """One project for both programs; each has the environment at the same path, in turn."""

    project: Path
    lamina: Lamina

    @property
    def prefix(self) -> Path:
        return self.project / ".venv"

    def uv(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("UV_")}
        environ = {**kept, "UV_PYTHON_DOWNLOADS": "never", "UV_LINK_MODE": "copy", **more}
        environ.pop("VIRTUAL_ENV", None)
        environ |= {key: value for key, value in more.items() if key == "VIRTUAL_ENV"}
        return subprocess.run(
            [uv_program(), *arguments],
            cwd=self.project,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def ours(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        lamina = self.lamina.within(VIRTUAL_ENV=None, UV_LINK_MODE="copy").within(**more)
        return lamina.run("sync", str(self.project), *arguments, umask=0o022)

    def make(self, version: str, at: Path | None = None) -> Path:
        at = at or self.prefix
        done = self.uv("venv", "-q", "--clear", "--no-project", "-p", find_python(version), str(at))
        assert done.returncode == 0, done.stderr
        return at / "lib" / f"python{version}" / "site-packages"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheels = [LocalWheel(name, [module(name, f"NAME = '{name}'\n")]) for name in ("a", "b")]
    return write_project(tmp_path_factory.mktemp("project") / "local", wheels)


@pytest.fixture
def beside(project: Path, tmp_path: Path) -> Beside:
    return Beside(project, Lamina(tmp_path / "store"))


def differing(ours: Path, theirs: Path) -> list[str]:
    a, b = (file_trees.of_folder(path) for path in (ours, theirs))
    return [
        f"{path}: {our_node} instead of {their_node}"
        for path, our_node, their_node in file_trees.differences(a, b)
        if not is_explained(path, ours / path, theirs / path)
    ]


def compare(
    beside: Beside,
    prepare: Callable[[], object],
    *arguments: str,
    prefix: Path | None = None,
    **more: str,
) -> tuple[str, list[str]]:
    """Prepare an environment for each, and let them sync it; return our lines, and what differs."""
    prefix = prefix or beside.prefix
    prepare()
    done = beside.uv("sync", "--frozen", *arguments, **more)
    assert done.returncode == 0, done.stderr
    theirs = prefix.rename(prefix.with_name("theirs"))
    prepare()
    ours = beside.ours("--frozen", *arguments, **more)
    assert ours.returncode == 0, ours.stderr
    found = differing(prefix, theirs)
    subprocess.run(["rm", "-r", theirs], check=True)
    return ours.stderr, found


def break_python(beside: Beside) -> None:
    beside.make("3.12")
    (beside.prefix / "bin" / "python").unlink()
    (beside.prefix / "bin" / "python").symlink_to("/nowhere/python")


def test_an_environment_of_another_python_is_made_anew_as_uv_does(beside: Beside) -> None:
    def prepare() -> None:
        (beside.make("3.11") / "mine.py").write_text("mine")

    said, found = compare(beside, prepare, "--python", find_python("3.12"))

    assert found == []
    assert f"Making the environment `{beside.prefix}` anew with Python 3.12." in said
    script = "import sys, a, b; print(sys.version_info[:2], sys.prefix)"
    python = beside.prefix / "bin" / "python"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"(3, 12) {beside.prefix}\n"
    checked = beside.uv("pip", "check", "-p", str(python))
    assert checked.returncode == 0, checked.stderr


def test_a_release_that_is_not_locked_anew_is_installed_as_by_uv(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "src" / "mine").mkdir(parents=True)
    (folder / "src" / "mine" / "__init__.py").touch()
    (folder / "tiny_backend.py").write_text(tiny.BACKEND)
    pyproject = folder / "pyproject.toml"
    pyproject.write_text(MINE)
    python = ("--python", find_python("3.12"))
    beside = Beside(folder, Lamina(tmp_path / "store"))
    assert beside.uv("lock", "-q", *python).returncode == 0
    pyproject.write_text(MINE.replace('version = "1.0"', 'version = "1.1"'))

    for more in ((), ("--no-editable",)):
        said, found = compare(beside, lambda: None, *python, *more)

        assert found == []
        assert " + mine==1.1\n" in said
        again = beside.ours("--frozen", *python, *more)
        assert again.stderr == f"`{beside.prefix}` is as it should be: 1 distribution\n"
        subprocess.run(["rm", "-r", beside.prefix], check=True)


def test_a_pinned_python_counts_as_for_uv(beside: Beside) -> None:
    (beside.project / ".python-version").write_text("3.12\n")
    path = os.pathsep.join([str(Path(find_python("3.12")).resolve().parent), os.environ["PATH"]])
    try:
        said, found = compare(beside, lambda: beside.make("3.11"), PATH=path)
    finally:
        (beside.project / ".python-version").unlink()

    assert found == []
    assert "and `.python-version` says 3.12\n" in said


def test_an_environment_whose_python_is_gone_is_made_anew_as_uv_does(beside: Beside) -> None:
    path = os.pathsep.join([str(Path(find_python("3.12")).resolve().parent), os.environ["PATH"]])

    said, found = compare(beside, lambda: break_python(beside), PATH=path)

    assert found == []
    assert ": its Python is gone\n" in said


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"])
def test_an_environment_that_is_named_is_made_anew_too(
    variable: str, beside: Beside, tmp_path: Path
) -> None:
    prefix = tmp_path / "named"
    active = ["--active"] if variable == "VIRTUAL_ENV" else []

    said, found = compare(
        beside,
        lambda: beside.make("3.11", prefix),
        *active,
        "--python",
        find_python("3.12"),
        prefix=prefix,
        **{variable: str(prefix)},
    )

    assert found == []
    assert f"Making the environment `{prefix}` anew with Python 3.12." in said


def test_a_folder_that_is_no_environment_is_refused_by_both(beside: Beside, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    named = {"UV_PROJECT_ENVIRONMENT": str(folder)}

    assert beside.uv("sync", "--frozen", **named).returncode == 2
    ours = beside.ours("--frozen", **named)

    assert ours.stderr == (
        f"error: Unable to use `{folder}`: it is no virtual environment, since it has no "
        "`pyvenv.cfg`\n\n"
        "hint: Nothing was changed; name another folder, or move this one away\n"
    )
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_what_setup_py_has_installed_goes_as_with_uv(beside: Beside, tmp_path: Path) -> None:
    def prepare() -> None:
        _legacy(beside.make(f"3.{sys.version_info.minor}"), tmp_path / "develop")

    _, found = compare(beside, prepare)

    # uv leaves the commands that were installed with them.
    assert [each.partition(" instead of ")[0] for each in found] == [
        "bin/run-a: None",
        "bin/run-developed: None",
    ]


def _legacy(site: Path, develop: Path) -> None:
    """Install as `setup.py` once did: `a` of the lock, one that is not in it, and one by a link."""
    write(site / "a-1.0-py3.9.egg-info" / "PKG-INFO", "Name: a\nVersion: 1.0\n")
    write(site / "a-1.0-py3.9.egg-info" / "top_level.txt", "a\n")
    write(site / "a-1.0-py3.9.egg-info" / "entry_points.txt", POINTS)
    write(site / "a" / "__init__.py", "an older one")
    write(site / "a" / "data" / "more.txt", "more")
    write(site / "gone.egg-info" / "PKG-INFO", "Name: gone\nVersion: 2\n")
    write(site / "gone.egg-info" / "top_level.txt", "gone\nspace\n")
    write(site / "gone.egg-info" / "namespace_packages.txt", "space\n")
    write(site / "gone.py", "gone")
    write(site / "space" / "kept.py", "kept")
    write(develop / "developed.egg-info" / "PKG-INFO", "Name: developed\nVersion: 3\n")
    points = POINTS.replace("run-a", "run-developed")
    write(develop / "developed.egg-info" / "entry_points.txt", points)
    write(site / "developed.egg-link", f"{develop}\n../")
    write(site / "easy-install.pth", f"/elsewhere\n{develop}\n")
    for name in ("run-a", "run-developed"):
        script = site.parents[2] / "bin" / name
        write(script, "#!\n\n")
        script.chmod(0o755)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_what_distutils_has_installed_is_refused_by_both(beside: Beside) -> None:
    site = beside.make(f"3.{sys.version_info.minor}")
    write(site / "old-1.0.egg-info", "Name: old\nVersion: 1.0\n")
    write(site / "bare-1.0.egg-info" / "PKG-INFO", "Name: bare\nVersion: 1.0\n")

    ours = beside.ours("--frozen")

    assert (ours.returncode, ours.stderr) == (
        1,
        f"error: Unable to remove what does not say which files are its own, in `{site}`:\n"
        "  bare==1.0: `bare-1.0.egg-info`\n"
        "  old==1.0: `old-1.0.egg-info`\n\n"
        "hint: Nothing was changed; remove it by hand, or make the environment anew with "
        "`lamina venv --clear`\n",
    )
    assert not (site / "a").exists()
    assert beside.uv("sync", "--frozen").returncode == 2
    assert beside.ours("--frozen", "--inexact").returncode == 0
