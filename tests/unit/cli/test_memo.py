"""What a sync remembers, and all that must make it forget."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import click
import pytest
from packaging.version import Version

import lamina.__main__
from builders import Item, make_wheel
from lamina.cli import memo
from lamina.cli.recall import MAGIC, NAME, digest, recalled
from lamina.lock.select import Distribution
from lamina.lock.source import Editable
from lamina.pythons.interpreter import Interpreter, ask
from lamina.sync import interpreters
from lamina.sync.changes import Wish
from projects import LockedProject
from unit.cli.program import Program
from unit.cli.test_sync import MINOR, make_environment

REAL_CODE = memo._code
WORDS = ["sync", "project", "--frozen"]
SAID = "`ROOT/project/.venv` is as it should be: 2 distributions\n"


def after() -> int:
    """Return when a process would have begun that reads what was written long ago."""
    return time.time_ns() + 3600 * 10**9


@cache
def python() -> Interpreter | None:
    return ask(sys.executable, os.environ)


def ask_once(executable: str, environ: Mapping[str, str]) -> Interpreter | None:
    """Ask this Python once for all tests."""
    return python()


def put(site: Path, name: str, version: str = "1.0") -> Path:
    """Put what tells that a distribution is installed, and return its folder."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir()
    for file in ("METADATA", "RECORD"):
        (folder / file).write_text("")
    return folder


@pytest.fixture
def site(program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in which nothing is to be done for `project`."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr(memo, "started", after)
    monkeypatch.setattr(memo, "_code", lambda: [lamina.__file__])  # Tests import much more.
    monkeypatch.setattr(interpreters, "ask", ask_once)
    site = make_environment(program.root / "project" / ".venv")
    for name in ("a", "b"):
        put(site, name)
    return site


@pytest.fixture
def project(locked: LockedProject, site: Path) -> LockedProject:
    for name in ("a", "b"):
        file = f"{name}-1.0-py3-none-any.whl"
        locked.listed(
            name,
            f'wheels = [{{ url = "https://index.example/{file}", size = 1, '
            f'hash = "sha256:{"0" * 64}" }}]\n',
        )
    locked.write()
    return locked


def asked(program: Program, *words: str) -> str | None:
    """Return what is said without running the command; None, if it must be run."""
    program.capture.readouterr()
    code = recalled([*WORDS, *words])
    said = program._plain(program.capture.readouterr().err)
    assert code in (None, 0)
    assert code == 0 or said == ""
    return said if code == 0 else None


def test_what_was_said_is_said_again_at_once(program: Program, project: LockedProject) -> None:
    first = program(*WORDS)
    assert (first.code, first.err) == (0, SAID)

    assert asked(program) == SAID
    assert asked(program) == SAID


def test_the_program_asks_its_memory_first(
    program: Program, project: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(*WORDS)
    monkeypatch.setattr(sys, "argv", ["lamina", *WORDS])
    monkeypatch.setitem(sys.modules, "lamina.cli.main", None)  # It cannot be imported.

    with pytest.raises(SystemExit) as ended:
        lamina.__main__.main()

    assert ended.value.code == 0
    assert program._plain(program.capture.readouterr().err) == SAID


def test_to_check_is_answered_too_but_not_remembered(
    program: Program, project: LockedProject
) -> None:
    program("sync", "--check", *WORDS[1:])
    assert recalled(["sync", "--check", *WORDS[1:]]) is None

    program(*WORDS)

    assert recalled(["sync", "--check", *WORDS[1:]]) == 0
    assert recalled(["sync", "--dry-run", *WORDS[1:]]) == 0
    assert recalled([*WORDS, "--check"]) is None


def test_with_quiet_nothing_is_said(program: Program, project: LockedProject) -> None:
    program(*WORDS, "-q")

    assert asked(program, "-q") == ""
    assert asked(program) is None


def test_what_is_said_of_a_variable_is_said_again(
    program: Program, project: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", "/somewhere")

    said = program(*WORDS).err

    assert said.startswith("`UV_CACHE_DIR` is uv's")
    assert asked(program) == said


@pytest.mark.parametrize("where", ["project", "project/below"])
def test_an_environment_is_found_from_below_its_project(
    program: Program, project: LockedProject, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program.root / "project" / "below").mkdir()
    monkeypatch.chdir(program.root / where)
    words = ["sync", os.path.relpath(project.folder), "--frozen"]
    assert program(*words).code == 0

    assert recalled(words) == 0


def test_the_environment_that_variables_name_is_found(
    program: Program, project: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = program.root / "elsewhere"
    (project.folder / ".venv").rename(prefix)
    monkeypatch.setenv("VIRTUAL_ENV", str(prefix))
    assert program(*WORDS, "--active").code == 0
    assert asked(program, "--active") is not None

    monkeypatch.delenv("VIRTUAL_ENV")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "../elsewhere")
    assert program(*WORDS).code == 0
    assert asked(program) is not None


Change = Callable[[LockedProject, Path, pytest.MonkeyPatch], object]


def write(*names: str, text: str = "") -> Change:
    def change(project: LockedProject, site: Path, patch: pytest.MonkeyPatch) -> None:
        for name in names:
            path = project.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return change


def append(name: str) -> Change:
    def change(project: LockedProject, site: Path, patch: pytest.MonkeyPatch) -> None:
        path = project.folder / name
        path.write_text(f"{path.read_text()}\n")

    return change


def same_size_and_date(name: str) -> Change:
    """Change a file so that only the system's own date tells."""

    def change(project: LockedProject, site: Path, patch: pytest.MonkeyPatch) -> None:
        path = project.folder / name
        before = path.stat()
        path.write_text(path.read_text().replace("1.0", "1.1"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return change


def replaced(name: str) -> Change:
    def change(project: LockedProject, site: Path, patch: pytest.MonkeyPatch) -> None:
        shutil.copy2(project.folder / name, project.folder / "copy")
        (project.folder / "copy").replace(project.folder / name)

    return change


def copied(project: LockedProject, site: Path, patch: pytest.MonkeyPatch) -> None:
    shutil.copytree(site.parents[2], project.folder / "copy", symlinks=True)
    patch.setenv("UV_PROJECT_ENVIRONMENT", "copy")


def variable(name: str, value: str) -> Change:
    return lambda project, site, patch: patch.setenv(name, value)


CHANGES: dict[str, Change] = {
    "project": append("pyproject.toml"),
    "lock": append("uv.lock"),
    "lock, of the same size and date": same_size_and_date("uv.lock"),
    "lock, another file": replaced("uv.lock"),
    "lock gone": lambda project, site, patch: (project.folder / "uv.lock").unlink(),
    "a list": write("pylock.toml"),
    "settings of the project": write("uv.toml"),
    "settings above": write("../uv.toml"),
    "a project above": write("../pyproject.toml"),
    "settings of the user": write("../nowhere/uv/uv.toml"),
    "pinned": write(".python-version", text=MINOR),
    "pinned above": write("../.python-version", text=MINOR),
    "pyvenv.cfg": append(".venv/pyvenv.cfg"),
    "a distribution more": lambda project, site, patch: put(site, "c"),
    "a module more": lambda project, site, patch: (site / "c.py").touch(),
    "a distribution gone": lambda project, site, patch: shutil.rmtree(site / "a-1.0.dist-info"),
    "not finished": lambda project, site, patch: (site / "a-1.0.dist-info/METADATA").unlink(),
    "without RECORD": lambda project, site, patch: (site / "a-1.0.dist-info/RECORD").unlink(),
    "an origin": lambda project, site, patch: (site / "b-1.0.dist-info/direct_url.json").touch(),
    "a note": lambda project, site, patch: (site / "b-1.0.dist-info/lamina.json").touch(),
    "another version": lambda project, site, patch: (site / "a-1.0.dist-info").rename(
        site / "a-2.0.dist-info"
    ),
    "site-packages gone": lambda project, site, patch: shutil.rmtree(site),
    "the environment gone": lambda project, site, patch: shutil.rmtree(site.parents[2]),
    "another interpreter": replaced(".venv/bin/python"),
    "no interpreter": lambda project, site, patch: (site.parents[2] / "bin/python").unlink(),
    "a variable of uv": variable("UV_NO_BUILD", "1"),
    "a variable of ours": variable("LAMINA_STORE", "/elsewhere"),
    "any variable": variable("SOMETHING", "1"),
    "another environment": variable("UV_PROJECT_ENVIRONMENT", "other"),
    "an active one": variable("VIRTUAL_ENV", "/elsewhere"),
    "home": variable("HOME", "/elsewhere"),
    "a variable less": lambda project, site, patch: patch.delenv("NO_COLOR"),
    "another folder": lambda project, site, patch: patch.chdir(project.folder),
    "another Python of ours": lambda project, site, patch: patch.setattr(sys, "version", "3"),
    "another program": lambda project, site, patch: patch.setattr(sys, "executable", "/python"),
    "another kernel": lambda project, site, patch: patch.setattr(
        os, "uname", lambda: platform.uname()[:2] * 3
    ),
    "another user": lambda project, site, patch: patch.setattr(os, "getuid", lambda: 4711),
    "the environment, copied": copied,
    "nobody hears": lambda project, site, patch: patch.setattr(sys, "stderr", None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_change_is_a_reason_to_look(
    program: Program,
    project: LockedProject,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    program(*WORDS)
    assert asked(program) == SAID

    CHANGES[name](project, site, monkeypatch)

    assert recalled(WORDS) is None


@pytest.mark.parametrize("word", ["--no-dev", "--inexact", "-v", "--json", "--reinstall", "x"])
def test_another_command_line_is_another_question(
    program: Program, project: LockedProject, word: str
) -> None:
    program(*WORDS)

    assert asked(program, word) is None
    assert recalled([*WORDS[:-1], word]) is None
    assert recalled(["build", *WORDS[1:]]) is None
    assert recalled([]) is None


@pytest.mark.parametrize(
    "name",
    ["SHLVL", "OLDPWD", "COLUMNS", "MAKELEVEL", "HYPERFINE_RANDOMIZED_ENVIRONMENT_OFFSET"],
)
def test_what_shells_and_timers_set_is_no_change(
    program: Program, project: LockedProject, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    program(*WORDS)

    monkeypatch.setenv(name, "4711")

    assert asked(program) == SAID


def test_while_another_process_changes_it_nothing_is_said(
    program: Program, project: LockedProject, site: Path
) -> None:
    program(*WORDS)
    with (site.parents[2] / ".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert recalled(WORDS) is None

    assert recalled(WORDS) == 0


def forged(site: Path) -> bytes:
    """Return a memo of another environment's, well made."""
    text = "\0".join([MAGIC, "salt", "asked", str(site.parents[2]), "pwned\n"])
    return f"{text}\0{digest(text)}".encode()


@pytest.mark.parametrize("how", ["empty", "cut", "bit", "bytes", "folder", "forged", "magic"])
def test_a_memo_that_is_not_as_it_was_written_is_none(
    program: Program, project: LockedProject, site: Path, how: str
) -> None:
    program(*WORDS)
    path = site.parents[2] / NAME
    data = path.read_bytes()
    damaged = {
        "empty": b"",
        "cut": data[: len(data) // 2],
        "bit": data.replace(b"as it should be", b"as it could be"),
        "bytes": b"\xff\0" * 100,
        "forged": forged(site),
        "magic": data.replace(MAGIC.encode(), b"lamina sync 0"),
    }
    path.unlink()
    if how == "folder":
        path.mkdir()
    else:
        path.write_bytes(damaged[how])

    assert recalled(WORDS) is None
    assert program(*WORDS).err == SAID


@pytest.mark.parametrize(
    "options", [["-v"], ["--json"], ["--check"], ["--dry-run"], ["--compile-bytecode"]]
)
def test_what_is_unusual_is_not_remembered(
    program: Program, project: LockedProject, site: Path, options: list[str]
) -> None:
    assert program(*WORDS, *options).code == 0

    assert not (site.parents[2] / NAME).exists()


def test_of_a_local_archive_which_is_read_nothing_is_remembered(
    program: Program, project: LockedProject, site: Path
) -> None:
    project.wheel("local", data=make_wheel(Item("local.py"), name="local"))
    project.write()
    program(*WORDS)

    assert program(*WORDS).err.endswith("as it should be: 3 distributions\n")

    assert not (site.parents[2] / NAME).exists()


def test_of_what_setup_py_has_installed_nothing_is_remembered(
    program: Program, project: LockedProject, site: Path
) -> None:
    (site / "untold.egg-info").mkdir()

    assert program(*WORDS).err == SAID

    assert not (site.parents[2] / NAME).exists()


@pytest.mark.parametrize(("keys", "editable"), [(True, True), (False, False), (False, True)])
def test_a_source_tree_is_watchable_if_it_is_read_in_place_and_names_no_keys(
    keys: bool, editable: bool
) -> None:
    distribution = Distribution("mine", Version("1.0"), Editable("mine"), Editable("mine"))
    wish = Wish(distribution, note=b"{}", is_editable=editable, has_keys=keys)

    assert memo._is_watchable(wish) == (editable and not keys)


@pytest.mark.parametrize("quiet", [[], ["-q"]])
@pytest.mark.parametrize("kind", ["pin", "environment"])
def test_with_a_warning_nothing_is_remembered(
    program: Program,
    project: LockedProject,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    quiet: list[str],
) -> None:
    if kind == "pin":
        (project.folder / ".python-version").write_text("ferret\n")
    else:
        monkeypatch.setenv("VIRTUAL_ENV", str(program.root / "other"))

    done = program(*WORDS, *quiet)

    assert (done.code, done.err.startswith("warning: ")) == (0, not quiet)
    assert not (site.parents[2] / NAME).exists()


def test_of_a_workspace_nothing_is_remembered(
    program: Program, project: LockedProject, site: Path
) -> None:
    path = project.folder / "pyproject.toml"
    path.write_text(f'{path.read_text()}\n[tool.uv.workspace]\nmembers = ["packages/*"]\n')

    assert program(*WORDS).err == SAID

    assert not (site.parents[2] / NAME).exists()


def test_what_has_changed_a_moment_ago_may_change_again_unseen(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo, "started", time.time_ns)

    assert program(*WORDS).err == SAID

    assert not (site.parents[2] / NAME).exists()


def test_what_is_not_there_must_not_have_been_there_before_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, prefix = tmp_path / "busy", tmp_path / "venv"
    folder.mkdir()
    prefix.mkdir()
    file = tmp_path / "pyproject.toml"
    file.write_text("")
    settled = file.stat().st_ctime_ns
    while folder.stat().st_mtime_ns <= settled:  # Others write there meanwhile.
        (folder / "other").touch()
        (folder / "other").unlink()
    monkeypatch.setattr(memo, "started", lambda: settled + memo._MARGIN)
    paths = [str(file), str(folder / "uv.toml")]

    memo._write(str(prefix), WORDS, ["said"], paths, frozenset())
    assert not (prefix / NAME).exists()

    memo._write(str(prefix), WORDS, ["said"], paths, frozenset({str(folder / "uv.toml")}))
    assert (prefix / NAME).exists()


def test_what_is_absent_is_looked_for_around_a_project(
    program: Program, project: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program.root / "uv.toml").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(program.root / "settings"))

    absent = memo.absent_around(Path("project"), os.environ)

    root = str(program.root)
    assert {f"{root}/pyproject.toml", "/.python-version", f"{root}/settings/uv/uv.toml"} <= absent
    assert not {f"{root}/uv.toml", f"{root}/project/uv.toml"} & absent


def test_an_environment_that_cannot_be_written_is_as_good(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(memo, "_write", refused)

    assert program(*WORDS).err == SAID


def test_lamina_and_its_libraries_are_watched() -> None:
    watched = set(REAL_CODE())

    assert {memo.__file__, lamina.__file__, click.__file__} <= watched
    assert not {os.__file__, time.__name__, platform.__file__} & watched


def test_no_secret_is_kept(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_MINE_PASSWORD", "hunter2")
    program(*WORDS)

    path = site.parents[2] / NAME
    assert b"hunter2" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
