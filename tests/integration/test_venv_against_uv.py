"""`lamina venv` beside `uv venv`: the same files, for every Python here and for each option."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from integration import file_trees
from integration.uv_oracle import find_python, uv_program
from lamina import __version__

pytestmark = pytest.mark.integration

VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
CLEAN = {
    key: value
    for key, value in os.environ.items()
    if not key.startswith(("UV_", "LAMINA_")) and key != "VIRTUAL_ENV"
}
OURS_INSTEAD = {"bin/activate", "bin/activate.csh", "bin/activate.fish", "bin/activate_this.py"}
ONLY_THEIRS = {
    "bin/activate.bat",
    "bin/activate.nu",
    "bin/activate.ps1",
    "bin/activate.xsh",
    "bin/deactivate.bat",
    "bin/pydoc.bat",
}
FOR_DISTUTILS = ("_virtualenv.py", "_virtualenv.pth")
"""What uv puts into Pythons before 3.10."""
NOTES = ("INSTALLER", "RECORD", "uv_cache.json", "uv_build.json")


class Beside:
    """Runs both programs with the same words, in two folders whose names are of one length."""

    def __init__(self, root: Path, path: Sequence[Path]) -> None:
        self.root = root
        self.path = os.pathsep.join([*map(str, path), os.defpath])

    def run(self, *arguments: str, **more: str) -> tuple[Path, Path]:
        """Return the folder of ours, and of theirs."""
        ours = self._run([sys.executable, "-m", "lamina"], "ours", arguments, more)
        theirs = self._run([str(uv_program())], "them", arguments, more)
        return ours, theirs

    def _run(
        self, program: list[str], name: str, arguments: Sequence[str], more: dict[str, str]
    ) -> Path:
        folder = self.root / name / "work"
        folder.mkdir(parents=True, exist_ok=True)
        # The index of the machine is that of uv and of pip.
        index = {key: value for key, value in os.environ.items() if "INDEX" in key}
        environ = {**CLEAN, **index, "PATH": self.path, "UV_PYTHON_DOWNLOADS": "never", **more}
        done = subprocess.run(
            [*program, "venv", *arguments],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return folder


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    pythons = [Path(find_python(version)).resolve().parent for version in ("3.12", "3.11")]
    return Beside(tmp_path, pythons)


def unexplained(ours: Path, theirs: Path) -> list[str]:
    """Return all differences but those that docs/explanation/environment.md lists."""
    a, b = file_trees.of_folder(ours), file_trees.of_folder(theirs)
    found = []
    for path, our_node, their_node in file_trees.differences(a, b):
        name = path.rpartition("/")[2]
        if path in ONLY_THEIRS or name in FOR_DISTUTILS:
            is_known = our_node is None
        elif path in OURS_INSTEAD or (".dist-info/" in path and name in NOTES):
            is_known = our_node is not None and their_node is not None
            is_known = is_known and our_node.mode == their_node.mode  # type: ignore[union-attr]
        elif path.startswith("bin/") and our_node is not None and their_node is not None:
            script = (ours / path).read_bytes().replace(str(ours).encode(), str(theirs).encode())
            is_known = our_node.mode == their_node.mode
            is_known = is_known and script == (theirs / path).read_bytes()
        else:
            is_known = path == "pyvenv.cfg" and settings(ours) == settings(theirs)
        if not is_known:
            found.append(f"{path}: {our_node} instead of {their_node}")
    return found


def settings(folder: Path) -> list[str]:
    lines = (folder / "pyvenv.cfg").read_text().splitlines()
    return [
        "MAKER" if line == f"lamina = {__version__}" or line.startswith("uv = ") else line
        for line in lines
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_for_every_python_the_files_are_those_of_uv(version: str, beside: Beside) -> None:
    ours, theirs = beside.run("made", "--python", find_python(version))

    assert unexplained(ours / "made", theirs / "made") == []
    script = "import sys; print(sys.prefix, sys.version_info[:2])"
    said = subprocess.run(
        [ours / "made" / "bin" / "python", "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"{ours / 'made'} ({version.replace('.', ', ')})\n"


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["made"],
        ["made", "--prompt", "it's"],
        ["made", "--prompt", "."],
        ["made", "--system-site-packages"],
        ["made", "--relocatable"],
        ["made", "--no-project", "--prompt", ""],
        ["made", "-p", "3.11"],
        ["made", "-p", ">=3.11,<3.12"],
        ["made", "-p", "cpython@3.11"],
        ["made", "-p", "python3.11"],
        ["made", "-p", "3"],
        ["made", "-p", "any"],
    ],
    ids=" ".join,
)
def test_every_option_means_what_it_means_to_uv(options: list[str], beside: Beside) -> None:
    ours, theirs = beside.run(*options)

    made = "made" if options else ".venv"
    assert unexplained(ours / made, theirs / made) == []
    # Again, in the ways in which what is there goes or stays.
    for folder in (ours, theirs):
        (folder / made / "own").write_text("own")
    beside.run(*options, "--allow-existing")
    assert (ours / made / "own").exists()
    assert unexplained(ours / made, theirs / made) == []
    beside.run(*options, "--clear")
    assert not (ours / made / "own").exists()
    assert unexplained(ours / made, theirs / made) == []


@pytest.mark.network
@pytest.mark.parametrize(
    ("version", "options"), [("3.8", []), ("3.11", ["--relocatable"]), ("3.12", [])]
)
def test_what_it_is_seeded_with_is_what_uv_takes(
    version: str, options: list[str], beside: Beside
) -> None:
    ours, theirs = beside.run("made", "--seed", "--python", find_python(version), *options)

    assert unexplained(ours / "made", theirs / "made") == []
    if options:
        (ours / "made").rename(ours / "moved")
    pip = ours / ("moved" if options else "made") / "bin" / "pip"
    done = subprocess.run([pip, "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n")


@pytest.mark.parametrize(
    ("pin", "requires", "options"),
    [
        ("3.11", None, []),
        (None, "==3.11.*", []),
        ("3.11", ">=3.12", []),
        ("3.11", ">=3.11", ["-p", "3.12"]),
        (None, "==3.11.*", ["--no-project"]),
    ],
)
def test_pins_and_projects_choose_the_python_that_they_choose_for_uv(
    pin: str | None, requires: str | None, options: list[str], beside: Beside
) -> None:
    for name in ("ours", "them"):
        (folder := beside.root / name / "work").mkdir(parents=True)
        if pin is not None:
            (folder / ".python-version").write_text(pin)
        if requires is not None:
            (folder / "pyproject.toml").write_text(
                f'[project]\nname = "x"\nversion = "1"\nrequires-python = "{requires}"\n'
            )

    ours, theirs = beside.run(*options, UV_PROJECT_ENVIRONMENT="elsewhere")

    place = "elsewhere" if requires is not None and "--no-project" not in options else ".venv"
    assert unexplained(ours / place, theirs / place) == []


def test_real_tools_take_it_for_an_environment(beside: Beside) -> None:
    ours, _ = beside.run("made")
    python = ours / "made" / "bin" / "python"

    for command in ("check", "list"):
        done = subprocess.run(
            [uv_program(), "pip", command, "--python", python],
            env={**CLEAN, "UV_PYTHON_DOWNLOADS": "never"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    found = subprocess.run(
        [uv_program(), "python", "find"],
        env={**CLEAN, "VIRTUAL_ENV": str(ours / "made"), "UV_PYTHON_DOWNLOADS": "never"},
        cwd=ours,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()).parent == python.parent


def test_killed_at_any_moment_it_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "lamina", "venv", "-q", "-p", sys.executable]
    subprocess.run([*program, tmp_path / "whole"], check=True)
    whole = set(file_trees.of_folder(tmp_path / "whole"))
    for step in range(20):
        folder = tmp_path / "venv"
        script = (
            "import os, sys\n"
            "left = [int(sys.argv.pop(1))]\n"
            "def hook(event, _):\n"
            "    if event in ('open', 'os.mkdir', 'os.rename', 'os.symlink', 'os.remove'):\n"
            "        if started and not left[0]:\n"
            "            os.kill(os.getpid(), 9)\n"
            "        left[0] -= bool(started)\n"
            "started = []\n"
            "from lamina.cli.main import run\n"
            "import lamina.cli.making_venv as making\n"
            "create = making.create\n"
            "making.create = lambda *a, **k: (started.append(1), create(*a, **k))\n"
            "sys.addaudithook(hook)\n"
            "sys.exit(run(sys.argv[1:]))\n"
        )
        subprocess.run(
            [sys.executable, "-c", script, str(step * 4), *program[3:], "--clear", folder],
            check=False,
        )
        if folder.exists():
            assert set(file_trees.of_folder(folder)) == whole
    subprocess.run([*program, "--clear", tmp_path / "venv"], check=True)

    assert {path.name for path in tmp_path.iterdir()} == {"whole", "venv"}
    shutil.rmtree(tmp_path / "venv")
