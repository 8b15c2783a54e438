"""``lamina sync``, in this process, into environments of this Python."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from builders import Item, make_wheel
from fakes.server import Answer, Server, serve
from lamina.plan.layering import ALONE_FROM
from lamina.store.prune import size
from lamina.store.scratch import StoreUnusable
from lamina.store.store import Store
from lamina.store.trees import Trees
from lamina.sync import install
from lamina.sync import sync as sync_module
from lamina.sync.hand import TASKS
from projects import LockedProject
from unit.cli.program import Ended, Program

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
POINTS = b"[console_scripts]\nrun-a = a:main\n"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def make_environment(at: Path) -> Path:
    """Make what is least of an environment, and return its site-packages."""
    (at / "bin").mkdir(parents=True)
    (at / "bin" / "python").symlink_to(sys.executable)
    base = Path(getattr(sys, "_base_executable", sys.executable)).parent
    (at / "pyvenv.cfg").write_text(f"home = {base}\nuv = 0\n")
    site = at / "lib" / f"python{MINOR}" / "site-packages"
    site.mkdir(parents=True)
    return site


@pytest.fixture
def site(program: Program) -> Path:
    return make_environment(program.root / "project" / ".venv")


@pytest.fixture
def project(locked: LockedProject) -> LockedProject:
    locked.wheel(
        "a", Item("a/__init__.py", b"A = 1\n"), Item("a-1.0.dist-info/entry_points.txt", POINTS)
    )
    locked.wheel("b", Item("b.py", b"B = 1\n"), Item("b-1.0.data/data/share/b.txt", b"b"))
    locked.write()
    return locked


def sync(program: Program, *args: str) -> Ended:
    return program("sync", "project", "--frozen", "--link-mode", "copy", *args)


def report(program: Program, *args: str) -> Any:
    ended = sync(program, "--json", *args)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def actions(program: Program, *args: str) -> dict[str, str]:
    return {each["name"]: each["action"] for each in report(program, *args)["distributions"]}


def files(prefix: Path) -> dict[str, bytes]:
    return {
        path.relative_to(prefix).as_posix(): path.read_bytes()
        for path in sorted(prefix.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.name != ".lock"
    }


def test_the_selection_is_installed_and_then_let_alone(
    program: Program, project: LockedProject, site: Path
) -> None:
    done = sync(program)

    assert done.code == 0, done.err
    assert done.err.splitlines()[:2] == [" + a==1.0", " + b==1.0"]
    prefix = program.root / "project" / ".venv"
    script = (prefix / "bin" / "run-a").read_text()
    assert script.startswith(f"#!{prefix}/bin/python\n")
    assert (prefix / "share" / "b.txt").read_bytes() == b"b"
    assert (site / "a-1.0.dist-info" / "INSTALLER").read_bytes() == b"lamina"
    url = json.loads((site / "a-1.0.dist-info" / "direct_url.json").read_bytes())
    assert url["url"] == f"file://{program.root}/project/a-1.0-py3-none-any.whl"
    before = {path: path.stat().st_mtime_ns for path in prefix.rglob("*")}
    assert actions(program) == {"a": "keep", "b": "keep"}
    assert before == {path: path.stat().st_mtime_ns for path in prefix.rglob("*")}


@pytest.mark.parametrize("most", [-1, 1 << 40])
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_by_processes_or_without_the_same_is_installed(
    program: Program,
    project: LockedProject,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    mode: str,
) -> None:
    monkeypatch.setattr(sync_module, "_MUCH", most)
    prefix = program.root / "project" / ".venv"
    sync(program)
    first = files(prefix)
    shutil.rmtree(prefix)
    make_environment(prefix)

    assert program("sync", "project", "--frozen", "--link-mode", mode).code == 0

    assert {path: (prefix / path).read_bytes() for path in first} == first
    assert (site / "b.py").is_symlink() == (mode == "symlink")
    assert sync(program, "--check").code == 0


def test_what_was_edited_through_a_link_is_noticed(
    program: Program, project: LockedProject, site: Path
) -> None:
    assert program("sync", "project", "--frozen", "--link-mode", "hardlink").code == 0
    (site / "a" / "__init__.py").write_text("A = 2\n")
    os.utime(site / "a" / "__init__.py", ns=(1, 1))
    shutil.rmtree(program.root / "project" / ".venv")
    make_environment(program.root / "project" / ".venv")

    assert sync(program).code == 0

    assert (site / "a" / "__init__.py").read_text() == "A = 1\n"


def test_a_bulk_that_cannot_be_brought_is_written_file_by_file(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(tree: str, site: str, way: str) -> bool:
        Path(site, "a").mkdir(exist_ok=True)
        return False

    monkeypatch.setitem(TASKS, "bring", refused)

    assert sync(program).code == 0

    assert (site / "a" / "__init__.py").read_text() == "A = 1\n"
    assert (site / "b.py").read_text() == "B = 1\n"
    assert sync(program, "--check").code == 0


def test_a_store_that_takes_no_notes_is_used_all_the_same(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(trees: Any, key: str, *_: Any) -> None:
        raise StoreUnusable(trees.path(key), OSError(errno.EROFS, "Read-only file system"))

    monkeypatch.setattr(Trees, "note", refused)

    assert sync(program).code == 0

    assert sync(program, "--check").code == 0


def test_verbose_says_why(program: Program, project: LockedProject, site: Path) -> None:
    sync(program)
    (site / "b-1.0.dist-info" / "METADATA").unlink()

    said = sync(program, "-v").err.splitlines()

    assert said[:2] == [
        "Kept a==1.0: it is installed already",
        "Reinstalled b==1.0: it was not finished (it was in the store)",
    ]


def test_what_is_not_selected_goes_with_all_its_files(
    program: Program, project: LockedProject, site: Path
) -> None:
    sync(program)
    with_both = set(files(program.root / "project" / ".venv"))
    (site / "a" / "__pycache__").mkdir()
    (site / "a" / "__pycache__" / f"__init__.cpython-{MINOR.replace('.', '')}.pyc").write_bytes(b"")
    (site / "mine.txt").write_text("mine")
    del project.packages["a"]
    project.write()

    done = sync(program)

    assert done.err.splitlines()[0] == " - a==1.0"
    left = set(files(program.root / "project" / ".venv"))
    gone = with_both - left
    assert all(path.endswith("bin/run-a") or "/a" in path for path in gone)
    assert not (site / "a").exists()
    assert (site / "mine.txt").read_text() == "mine"
    assert f"{site.relative_to(program.root / 'project' / '.venv')}/b.py" in left


def test_inexact_leaves_what_is_not_selected(
    program: Program, project: LockedProject, site: Path
) -> None:
    sync(program)
    del project.packages["a"]
    project.write()

    assert actions(program, "--inexact") == {"a": "leave", "b": "keep"}
    assert (site / "a" / "__init__.py").exists()


def test_another_version_takes_the_place(
    program: Program, project: LockedProject, site: Path
) -> None:
    sync(program)
    project.wheel("b", Item("b2.py", b"B = 2\n"), version="2.0")
    project.write()

    assert sync(program).err.splitlines()[:2] == [" - b==1.0", " + b==2.0"]
    assert (site / "b2.py").exists()
    assert not (site / "b.py").exists()
    assert not (site / "b-1.0.dist-info").exists()


def test_check_and_dry_run_change_nothing(
    program: Program, project: LockedProject, site: Path
) -> None:
    checked, dry = sync(program, "--check"), sync(program, "--dry-run")

    assert (checked.code, dry.code) == (1, 0)
    assert checked.err == " + a==1.0\n + b==1.0\nWould install 2, remove 0, kept 0\n"
    assert list(site.iterdir()) == []
    sync(program)
    assert sync(program, "--check").code == 0


def test_reinstall_is_of_all_or_of_some(
    program: Program, project: LockedProject, site: Path
) -> None:
    sync(program)

    assert actions(program, "--reinstall-package", "A") == {"a": "reinstall", "b": "keep"}
    assert actions(program, "--reinstall") == {"a": "reinstall", "b": "reinstall"}
    assert sync(program, "--reinstall").err.splitlines()[0] == " ~ a==1.0"


def test_a_foreign_file_in_the_way_is_kept(
    program: Program, project: LockedProject, site: Path
) -> None:
    (site / "b.py").write_text("mine")

    done = sync(program)

    assert done.code == 1
    assert done.err == (
        f"error: Unable to install b: `lib/python{MINOR}/site-packages/b.py` in "
        "`ROOT/project/.venv` is of no distribution\n\n"
        "hint: Nothing was changed; move it away, or remove it\n"
    )
    assert [path.name for path in site.iterdir()] == ["b.py"]
    assert (site / "b.py").read_text() == "mine"


def test_a_foreign_file_with_the_same_bytes_is_taken_over(
    program: Program, project: LockedProject, site: Path
) -> None:
    (site / "b.py").write_text("B = 1\n")

    assert sync(program).code == 0


def test_a_file_where_a_folder_must_be_is_in_the_way(
    program: Program, project: LockedProject, site: Path
) -> None:
    (site / "a").write_text("mine")
    (site / "b.py").write_text("mine")

    assert sync(program).err == (
        "error: Files that no distribution has are in the way in `ROOT/project/.venv`, and of:\n"
        f"  `lib/python{MINOR}/site-packages/a` of a\n"
        f"  `lib/python{MINOR}/site-packages/b.py` of b\n\n"
        "hint: Nothing was changed; move them away, or remove them\n"
    )


def test_a_full_disk_says_what_to_do_and_the_next_sync_goes_on(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = install.Installation._write
    count = 0

    def full(self: Any, content: Any, path: str, mode: int) -> None:
        nonlocal count
        count += 1
        if count > 3:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        written(self, content, path, mode)

    with monkeypatch.context() as patch:
        patch.setattr(install.Installation, "_write", full)
        done = sync(program)
    assert done.code == 1
    assert (
        "No space left on device\n\nhint: The environment is not finished; once this is mended,"
        in (done.err)
    )

    assert sync(program).code == 0

    assert sync(program, "--check").code == 0


def test_files_outside_of_the_environment_are_never_removed(
    program: Program, project: LockedProject, site: Path
) -> None:
    sync(program)
    mine = program.root / "mine.txt"
    mine.write_text("mine")
    (program.root / "project/.venv/elsewhere").symlink_to(program.root)
    climb = os.path.relpath(mine, site)
    with (site / "a-1.0.dist-info" / "RECORD").open("a") as record:
        record.write(f"{climb},,\n{mine},,\n../../../elsewhere/mine.txt,,\n")
    del project.packages["a"]
    project.write()

    assert sync(program).code == 0
    assert mine.read_text() == "mine"


def test_an_environment_that_is_missing_is_made(program: Program, project: LockedProject) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    this = ("--python", sys.executable)
    dry = sync(program, "--dry-run", *this)
    assert dry.err.splitlines() == [
        f"Would make the environment `ROOT/project/.venv` with Python {version}",
        " + a==1.0",
        " + b==1.0",
        "Would install 2, remove 0, kept 0",
    ]
    assert not (program.root / "project" / ".venv").exists()

    done = sync(program, *this)

    assert done.err.startswith(f"Making the environment `ROOT/project/.venv` with Python {version}")
    prefix = program.root / "project" / ".venv"
    assert "prompt = app\n" in (prefix / "pyvenv.cfg").read_text()
    assert (prefix / "lib" / f"python{MINOR}" / "site-packages" / "b.py").is_file()
    assert sync(program, "--check").code == 0


def test_without_a_python_that_will_do_no_environment_is_made(
    program: Program, project: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(program.root / "nowhere"))

    assert sync(program, "--python", "3.7").err.startswith("error: No Python fits `3.7`")

    project.pyproject = project.pyproject.replace(">=3.11", ">=3.99")
    project.write()
    version = ".".join(map(str, sys.version_info[:3]))
    assert sync(program, "--python", sys.executable).err == (
        f"error: Unable to make the environment with Python {version}: `requires-python` does not "
        "admit it: >=3.11,>=3.99\n\n"
        "hint: Name another one with `--python`, or in `.python-version`\n"
    )
    assert not (program.root / "project" / ".venv").exists()


def test_a_folder_of_other_things_is_no_environment(
    program: Program, project: LockedProject
) -> None:
    (program.root / "project" / ".venv").mkdir()
    (program.root / "project" / ".venv" / "letter.txt").write_text("")

    assert sync(program).err == (
        "error: Unable to use `ROOT/project/.venv`: it is no virtual environment, since it has no "
        "`pyvenv.cfg`\n\n"
        "hint: Nothing was changed; name another folder, or move this one away\n"
    )


VERSION = ".".join(map(str, sys.version_info[:3]))
FORMER = f"{MINOR}.99"
ANEW = (
    f"Making the environment `ROOT/project/.venv` anew with Python {VERSION}: it has Python "
    f"{FORMER}, and `--python` asks for {VERSION}"
)


def make_former(site: Path) -> Path:
    """Let the Python of an environment be of another patch, so it says; return the environment."""
    prefix = site.parents[2]
    script = f'exec "{sys.executable}" "$@" | sed s/{VERSION}/{FORMER}/g'
    (prefix / "bin" / "python").unlink()
    (prefix / "bin" / "python").write_text(f"#!/bin/sh\n{script}\n")
    (prefix / "bin" / "python").chmod(0o755)
    (site / "old.py").write_text("old")
    return prefix


def test_an_environment_of_another_python_is_made_anew(
    program: Program, project: LockedProject, site: Path
) -> None:
    prefix = make_former(site)

    done = sync(program, "--python", VERSION)

    assert done.err.splitlines()[:3] == [ANEW, " + a==1.0", " + b==1.0"]
    assert (site / "a" / "__init__.py").read_bytes() == b"A = 1\n"
    assert not (site / "old.py").exists()
    assert (prefix / "bin" / "run-a").read_text().startswith(f"#!{prefix}/bin/python\n")
    assert sorted(path.name for path in prefix.parent.glob(".*")) == [".venv"]
    assert actions(program, "--python", VERSION) == {"a": "keep", "b": "keep"}


@pytest.mark.parametrize("option", ["--dry-run", "--check"])
def test_that_it_would_be_made_anew_is_only_said(
    option: str, program: Program, project: LockedProject, site: Path
) -> None:
    sync(program)
    prefix = make_former(site)
    before = files(prefix)

    done = sync(program, option, "--python", VERSION)

    assert done.code == (1 if option == "--check" else 0)
    assert done.err.splitlines() == [
        ANEW.replace("Making", "Would make"),
        " + a==1.0",
        " + b==1.0",
        "Would install 2, remove 0, kept 0",
    ]
    assert files(prefix) == before


def test_an_empty_environment_is_another_one_if_its_python_is(
    program: Program, locked: LockedProject, site: Path
) -> None:
    locked.write()
    make_former(site)

    assert sync(program, "--check", "--python", VERSION).code == 1
    told = report(program, "--python", VERSION)
    assert (told["changed"], told["made_anew"], told["distributions"]) == (True, True, [])
    told = report(program, "--python", VERSION)
    assert (told["changed"], told["made_anew"]) == (False, False)


def test_an_environment_whose_python_is_gone_is_made_anew(
    program: Program, project: LockedProject, site: Path
) -> None:
    (program.root / "project/.venv/bin/python").unlink()

    done = sync(program, "--python", sys.executable)

    assert done.err.splitlines()[:3] == [
        f"Making the environment `ROOT/project/.venv` anew with Python {VERSION}: its Python is "
        "gone",
        " + a==1.0",
        " + b==1.0",
    ]
    assert actions(program) == {"a": "keep", "b": "keep"}


def test_an_environment_whose_python_does_not_run_is_let_alone(
    program: Program, project: LockedProject, site: Path
) -> None:
    (program.root / "project/.venv/bin/python").unlink()
    (program.root / "project/.venv/bin/python").symlink_to("/bin/false")

    assert sync(program).err == (
        "error: Unable to run the Python of the environment at `ROOT/project/.venv`: it is no "
        "CPython 3.8 or newer\n\n"
        "hint: To make the environment anew, run `lamina venv --clear ROOT/project/.venv`\n"
    )


def test_what_cannot_be_had_leaves_the_environment_as_it_was(
    program: Program, locked: LockedProject, site: Path
) -> None:
    locked.remote("a", "https://files.example/a-1.0-py3-none-any.whl", b"data")
    locked.write()
    prefix = make_former(site)
    before = files(prefix)

    done = sync(program, "--offline", "--python", VERSION)

    assert "error: Unable to reach `files.example`: the network is not to be used\n" in done.err
    assert files(prefix) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPERM])
def test_a_full_disk_leaves_the_environment_as_it_was(
    number: int,
    program: Program,
    project: LockedProject,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is refused while it is filled is no reason to empty what is there."""
    prefix = make_former(site)
    before = files(prefix)

    def full(self: Any, path: str) -> None:
        raise OSError(number, os.strerror(number), path)

    with monkeypatch.context() as patch:
        patch.setattr(install.Installation, "_make_folder", full)
        done = sync(program, "--python", VERSION)

    assert done.err == (
        f"{ANEW}\n"
        "error: Unable to make the environment at `ROOT/project/.venv` anew: "
        f"{os.strerror(number)}\n\n"
        "hint: It is as it was; once this is mended, run the command again\n"
    )
    assert files(prefix) == before
    assert sorted(path.name for path in prefix.parent.glob(".*")) == [".venv"]


def test_what_a_new_environment_has_itself_is_not_replaced(
    program: Program, locked: LockedProject, site: Path
) -> None:
    locked.wheel("a", Item("a-1.0.data/scripts/activate", b"#!python\n"))
    locked.write()
    prefix = make_former(site)
    before = files(prefix)

    done = sync(program, "--python", VERSION)

    assert done.err == (
        f"{ANEW}\n"
        "error: Unable to install a: `bin/activate` in `ROOT/project/.venv` is of no "
        "distribution\n\n"
        "hint: Nothing was changed; move it away, or remove it\n"
    )
    assert files(prefix) == before


def test_what_a_killed_sync_left_beside_the_environment_goes(
    program: Program, project: LockedProject, site: Path
) -> None:
    left = program.root / "project" / ".lamina-.venv-x"
    left.mkdir()

    sync(program, "--dry-run")
    assert left.exists()
    sync(program)
    assert not left.exists()


@pytest.mark.parametrize("option", ["--dry-run", "--no-active"])
def test_a_file_in_the_place_of_the_environment_is_said(
    option: str, program: Program, project: LockedProject
) -> None:
    (program.root / "project" / ".venv").write_text("mine")

    assert sync(program, option).err.endswith(
        "error: Unable to make an environment at `ROOT/project/.venv`: a file is there\n\n"
        "hint: Name another path\n"
    )
    assert (program.root / "project" / ".venv").read_text() == "mine"


def test_the_environment_is_the_one_that_is_named(
    program: Program, project: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(program.root / "entered")
    make_environment(program.root / "project" / "named")
    monkeypatch.setenv("VIRTUAL_ENV", str(program.root / "entered"))
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "named")

    assert report(program, "--active")["environment"] == "ROOT/entered"
    passed_over = sync(program)
    assert "warning: `VIRTUAL_ENV=ROOT/entered` is not the environment of the project, `named`" in (
        passed_over.err
    )
    assert sync(program, "--no-active").err.startswith("`ROOT/project/named` is as it should be")


def test_the_variable_of_uv_for_its_cache_is_spoken_of_once(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", "/cache")

    assert sync(program).err.splitlines()[0] == (
        "`UV_CACHE_DIR` is uv's: what is kept lies in `ROOT/store`; see `--store`"
    )


def test_offline_says_what_is_missing(program: Program, locked: LockedProject, site: Path) -> None:
    locked.remote("a", "https://files.example/a-1.0-py3-none-any.whl", b"data")
    locked.write()

    assert sync(program, "--offline").err == (
        "error: Unable to reach `files.example`: the network is not to be used\n\n"
        "hint: What is needed is not in the store; run the command once without `--offline`\n"
    )


def test_of_a_file_that_two_have_the_last_one_wins_and_stays(
    program: Program, locked: LockedProject, site: Path
) -> None:
    locked.wheel("a", Item("shared.py", b"a"), Item("a.py", b""))
    locked.wheel("b", Item("shared.py", b"b"), Item("b.py", b""))
    locked.write()

    sync(program)
    assert (site / "shared.py").read_bytes() == b"b"
    assert actions(program, "--reinstall-package", "a")["a"] == "reinstall"
    assert (site / "shared.py").read_bytes() == b"b"

    del locked.packages["b"]
    locked.write()
    assert actions(program) == {"a": "reinstall", "b": "remove"}
    assert (site / "shared.py").read_bytes() == b"a"


def test_what_a_build_has_left_in_the_store_is_not_downloaded(
    program: Program, locked: LockedProject, site: Path
) -> None:
    path = locked.wheel("a", Item("a.py", b"A = 1\n"), Item("a-1.0.data/scripts/do", b"#!python\n"))
    locked.write()
    assert program.build("--python", MINOR).code == 0
    locked.remote("a", "https://files.example/a-1.0-py3-none-any.whl", path.read_bytes())
    locked.write()

    (done,) = report(program, "--offline")["distributions"]

    assert done["source"] == "its layer was in the store"
    assert (site / "a.py").read_bytes() == b"A = 1\n"
    prefix = program.root / "project" / ".venv"
    assert (prefix / "bin" / "do").read_text() == f"#!{prefix}/bin/python\n"


def serve_wheels(locked: LockedProject, server: Server) -> None:
    """Put a large and a small wheel on the network, and lock them."""
    noise = random.Random(1).randbytes(ALONE_FROM)
    for name, items in (("large", [Item("large.bin", noise)]), ("small", [Item("small.py")])):
        data = make_wheel(*items, name=name)
        server.answer(f"/{name}-1.0-py3-none-any.whl", Answer(data))
        locked.remote(name, f"{server.address}/{name}-1.0-py3-none-any.whl", data)
    locked.write()


def test_what_a_sync_has_left_in_the_store_is_not_downloaded_by_a_build(
    program: Program, locked: LockedProject, site: Path
) -> None:
    with serve() as server:
        serve_wheels(locked, server)
        had = {each["name"]: each["source"] for each in report(program)["distributions"]}
        store = Store(program.root / "store")
        assert size(store).downloads.count == 2
    assert had == {"large": "downloaded", "small": "downloaded"}

    built = program.report("--python", MINOR)

    assert built["transfer"]["wheels_downloaded"] == 0
    # The large one's bytes are in its layer: it is not there twice.
    assert size(store).downloads.count == 1
    assert list(store.scratch_root.rglob("*")) == [store.scratch_root / ".lock"]


def test_what_a_build_downloads_serves_a_sync_and_is_not_kept_twice(
    program: Program, locked: LockedProject, site: Path
) -> None:
    with serve() as server:
        serve_wheels(locked, server)
        assert program.report("--python", MINOR)["transfer"]["wheels_downloaded"] == 2
    store = Store(program.root / "store")

    had = {each["name"]: each["source"] for each in report(program)["distributions"]}

    assert had == {"large": "its layer was in the store", "small": "its wheel was here"}
    assert size(store).downloads.count == 1


def test_a_wheel_that_is_kept_serves_when_its_tree_is_gone_and_goes_when_that_is_asked_for(
    program: Program, locked: LockedProject, site: Path
) -> None:
    store = Store(program.root / "store")
    with serve() as server:
        serve_wheels(locked, server)
        report(program)
    for key in list(store.trees):
        store.trees.remove(key)

    again = report(program, "--reinstall")["distributions"]

    assert {each["source"] for each in again} == {"its wheel was here"}
    freed = json.loads(program("cache", "prune", "--json").out)
    assert freed["downloads"]["count"] == 2
    assert freed["trees"]["count"] == 0
    assert freed["downloads"]["bytes"] > ALONE_FROM


def test_a_read_only_environment_is_told_with_the_way_out(
    program: Program, project: LockedProject, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Any, path: str) -> None:
        raise OSError(errno.EROFS, "Read-only file system", path)

    with monkeypatch.context() as patch:
        patch.setattr(install.Installation, "_make_folder", refused)
        done = sync(program)

    assert done.code == 1
    assert "-1.0.dist-info`: Read-only file system\n\nhint: The environment is not finished; " in (
        done.err
    )


def test_modules_are_compiled_if_that_is_asked_for(
    program: Program, locked: LockedProject, site: Path
) -> None:
    locked.wheel("a", Item("a.py", b"A = 1\n"), Item("of_another_python.py", b"print 1\n"))
    locked.write()

    assert sync(program, "--compile-bytecode").code == 0

    assert [path.name.partition(".")[0] for path in (site / "__pycache__").iterdir()] == ["a"]
    del locked.packages["a"]
    locked.write()
    assert sync(program).code == 0
    assert list(site.iterdir()) == []
