"""``lamina venv`` as its user sees it, with Pythons that only say they are one."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.cli.program import Program
from unit.pythons.test_discovery import Machine


@pytest.fixture
def venv(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program on a machine with two Pythons, in a folder of its own."""
    machine = Machine(program.root).on_path("a", python3="3.11.1").on_path("b", python3="3.12.1")
    monkeypatch.setenv("PATH", ":".join(map(str, machine.folders)))
    monkeypatch.setenv("PYENV_ROOT", str(program.root / "pyenv"))
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("UV_PYTHON_INSTALL_DIR", raising=False)
    (program.root / "work").mkdir()
    monkeypatch.chdir(program.root / "work")
    return program


def made(root: Path, path: str = ".venv") -> tuple[str, str | None]:
    """Return the Python of an environment, and its prompt."""
    folder = root / "work" / path
    lines = dict(line.split(" = ", 1) for line in (folder / "pyvenv.cfg").read_text().splitlines())
    return (folder / "bin" / "python").readlink().relative_to(root).as_posix(), lines.get("prompt")


def project(root: Path, text: str = 'requires-python = ">=3.12"', more: str = "") -> None:
    (root / "work" / "pyproject.toml").write_text(
        f'[project]\nname = "x"\nversion = "1"\n{text}\n{more}\n'
    )


def test_without_a_word_it_is_the_folder_and_the_prompt_of_here(venv: Program) -> None:
    ended = venv("venv")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == (
        "Using Python 3.11.1 at `ROOT/a/python3`\n"
        "Made the environment `.venv`\n"
        "To enter it, run: source .venv/bin/activate\n"
    )
    assert made(venv.root) == ("a/python3", "work")


def test_all_of_it_can_be_asked_for(venv: Program) -> None:
    ended = venv("venv", "my env", "-p", "3.12", "--prompt", "it's", "-q", "--relocatable")

    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert made(venv.root, "my env") == ("b/python3", "it's")
    assert "relocatable = true" in (venv.root / "work/my env/pyvenv.cfg").read_text()


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("/bin/zsh", "source 'my env/bin/activate'"),
        ("/usr/bin/fish", "source 'my env/bin/activate.fish'"),
        ("/bin/tcsh", "source 'my env/bin/activate.csh'"),
        ("/bin/dash", ". 'my env/bin/activate'"),
        ("", "source 'my env/bin/activate'"),
    ],
)
def test_how_it_is_entered_is_said_for_the_users_shell(
    shell: str, line: str, venv: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", shell)

    assert venv("venv", "my env").err.endswith(f"To enter it, run: {line}\n")


def test_a_path_has_no_prompt_but_the_one_asked_for(venv: Program) -> None:
    venv("venv", "a")
    venv("venv", "b", "--prompt", ".")

    assert (made(venv.root, "a")[1], made(venv.root, "b")[1]) == (None, "work")


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("3.12", "named in `ROOT/work/.python-version`, as `3.12`"),
        ("# mine\n3.12\n3.11\n", "named in `ROOT/work/.python-version`, as `3.12`"),
        (None, "admitted by `requires-python`, as `>=3.12`"),
    ],
)
def test_a_pin_counts_before_what_the_project_admits(
    pin: str | None, why: str, venv: Program
) -> None:
    project(venv.root)
    if pin is not None:
        (venv.root / "work" / ".python-version").write_text(pin)

    ended = venv("venv", "-v")

    assert ended.err.startswith(f"Using Python 3.12.1 at `ROOT/b/python3`: {why}\n")
    assert made(venv.root)[0] == "b/python3"


def test_pins_are_looked_for_above_but_not_above_the_project(
    venv: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    (venv.root / ".python-version").write_text("3.12")
    inner = venv.root / "work" / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)

    venv("venv", "found")
    project(venv.root, 'requires-python = ">=3.11"')
    venv("venv", "not")

    assert made(venv.root, "inner/found")[0] == "b/python3"
    assert made(venv.root, "inner/not")[0] == "a/python3"


def test_a_python_that_the_project_does_not_admit_is_warned_of(venv: Program) -> None:
    project(venv.root)

    ended = venv("venv", "-p", "3.11")

    assert ended.code == 0
    assert (
        "warning: Python 3.11.1 is asked for; `requires-python` of the project does not admit it: "
        ">=3.12\n"
    ) in ended.err
    assert made(venv.root)[0] == "a/python3"


def test_what_is_no_pin_is_warned_of_and_passed_over(venv: Program) -> None:
    (venv.root / "work" / ".python-version").write_text("nonsense\npypy3.10\n3.12\n")

    ended = venv("venv")

    assert ended.err.splitlines()[:2] == [
        "warning: `ROOT/work/.python-version` is passed over: it names no version of Python, but "
        "`nonsense`",
        "warning: `ROOT/work/.python-version` is passed over: Unable to use the Python "
        "`pypy3.10`: only CPython is supported",
    ]
    assert made(venv.root)[0] == "b/python3"


def test_every_member_of_the_workspace_must_admit_the_python(venv: Program) -> None:
    project(
        venv.root, 'requires-python = ">=3.11"', '[tool.uv.workspace]\nmembers = ["packages/*"]'
    )
    member = venv.root / "work" / "packages" / "one"
    member.mkdir(parents=True)
    (member / "pyproject.toml").write_text(
        '[project]\nname = "one"\nversion = "1"\nrequires-python = ">=3.12"\n'
    )

    venv("venv")

    assert made(venv.root)[0] == "b/python3"


@pytest.mark.parametrize(
    ("folder", "more", "options", "goes"),
    [
        ("work", "", (), "elsewhere"),
        ("work/inner", "", (), "inner/.venv"),
        ("work", "", ("--no-project",), ".venv"),
        ("work", "[tool.uv]\nmanaged = false", (), ".venv"),
    ],
)
def test_uvs_variable_says_where_at_the_root_of_a_project(
    folder: str,
    more: str,
    options: tuple[str, ...],
    goes: str,
    venv: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "elsewhere")
    project(venv.root, more=more)
    (venv.root / "work" / "inner").mkdir()
    monkeypatch.chdir(venv.root / folder)

    assert venv("venv", *options).code == 0

    assert (venv.root / "work" / goes / "pyvenv.cfg").is_file()


def test_a_project_that_cannot_be_read_is_warned_of(venv: Program) -> None:
    (venv.root / "work" / "pyproject.toml").write_text("x x")

    ended = venv("venv")

    assert ended.code == 0
    assert ended.err.startswith(
        "warning: The project is not heeded: Unable to parse `pyproject.toml`: "
    )


def test_what_is_there_is_refused_before_anything_is_asked(venv: Program) -> None:
    venv("venv")
    (venv.root / "work" / "folder" / "kept").mkdir(parents=True)

    again = venv("venv", "-p", "3.99")
    foreign = venv("venv", "--clear", "folder")

    assert (again.code, again.err) == (
        1,
        "error: Unable to make an environment at `.venv`: there is one already\n\n"
        "hint: To replace it, pass `--clear`; to keep what is installed in it, "
        "`--allow-existing`\n",
    )
    assert (foreign.code, foreign.err) == (
        1,
        "error: Unable to clear `folder`: it is no environment, for it has no `pyvenv.cfg`\n\n"
        "hint: To delete all that is in it nevertheless, pass `--force` too\n",
    )
    assert venv("venv", "--clear", "--force", "folder").code == 0
    assert not (venv.root / "work" / "folder" / "kept").exists()


@pytest.mark.parametrize("option", ["--clear", "--allow-existing"])
def test_what_is_there_is_replaced_or_kept(option: str, venv: Program) -> None:
    venv("venv", "-q")
    (venv.root / "work" / ".venv" / "own").write_text("")

    assert venv("venv", option, "-p", "3.12").code == 0

    assert made(venv.root)[0] == "b/python3"
    assert (venv.root / "work" / ".venv" / "own").exists() is (option == "--allow-existing")


def test_a_place_that_cannot_be_written_is_named(venv: Program) -> None:
    ended = venv("venv", "/proc/nothing/venv")

    assert (ended.code, ended.err.splitlines()[1:]) == (
        1,
        [
            "error: Unable to make an environment at `/proc/nothing/venv`: `/proc/nothing`: "
            "No such file or directory",
            "",
            "hint: Name another path",
        ],
    )


def test_a_python_that_is_not_there_is_an_error_and_makes_nothing(venv: Program) -> None:
    ended = venv("venv", "-p", "3.99")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: No Python fits `3.99`; there are\n"
        "  3.11.1   ROOT/a/python3\n"
        "  3.12.1   ROOT/b/python3\n\n"
        "hint: To install one, run `pyenv install` or `uv python install`; "
        "or name an interpreter by its path, with `--python`\n"
    )
    assert not any(Path().iterdir())


def test_verbose_and_quiet_contradict_each_other(venv: Program) -> None:
    ended = venv("venv", "-v", "-q")

    assert (ended.code, ended.err) == (
        2,
        "error: Only one of --verbose and --quiet can be meant\n\nhint: See `lamina venv --help`\n",
    )


def test_offline_seeds_that_a_python_does_not_bring_are_an_error(venv: Program) -> None:
    ended = venv("venv", "--seed", "--offline")

    assert (ended.code, ended.err.splitlines()[1:]) == (
        1,
        [
            "error: Unable to find pip while offline: `ROOT/a/python3` brings none along",
            "",
            "hint: Allow the network, or leave `--seed` out",
        ],
    )
    assert not any(Path().iterdir())


def test_what_uv_prefers_is_heeded(venv: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    both = venv("venv", "--managed-python", "--no-managed-python")
    alone = venv("venv", "--managed-python")
    monkeypatch.setenv("UV_PYTHON_PREFERENCE", "mine")
    unknown = venv("venv")

    assert (both.code, both.err.splitlines()[0]) == (
        2,
        "error: Only one of --managed-python and --no-managed-python can be meant",
    )
    assert (alone.code, alone.err.splitlines()[0]) == (
        1,
        "error: No Python: uv has installed none, and others are not to be taken",
    )
    assert (unknown.code, unknown.err) == (
        1,
        "error: Expected one of `only-managed`, `managed`, `system`, `only-system` in "
        "`UV_PYTHON_PREFERENCE`, got: mine\n",
    )
    assert venv("venv", "--no-managed-python").code == 0
