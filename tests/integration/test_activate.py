"""The activate scripts, in the shells that they are for.

On Debian: apt install csh dash fish ksh mksh tcsh zsh
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.archive.entry import Entry, Kind, Literal
from lamina.wheel.scheme import Scheme
from lamina.wheel.skeleton import Local, skeleton

pytestmark = pytest.mark.integration

OUTSIDE = "/usr/local/bin:/usr/bin:/bin"
"""The `PATH` before; not the system's default, which Debian's zsh replaces."""
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

ODD = "it's \\ so!"

REPORT = 'echo "$VIRTUAL_ENV|$VIRTUAL_ENV_PROMPT|$PATH"; python -c "import sys; print(sys.prefix)"'
LEFT = "env | grep -E '^(VIRTUAL_ENV|PATH|PYTHONHOME|_OLD)' | sort"

POSIX = f". BIN/activate\n{REPORT}\ndeactivate\n{LEFT}\n"
SCRIPTS = {
    "bash": (["bash", "-eu", "-c"], POSIX),
    "dash": (["dash", "-eu", "-c"], POSIX),
    "ksh": (["ksh", "-eu", "-c"], POSIX),
    "mksh": (["mksh", "-eu", "-c"], POSIX),
    "zsh": (["zsh", "-f", "-eu", "-c"], POSIX),
    "fish": (
        ["fish", "--no-config", "-c"],
        "source BIN/activate.fish\n"
        'echo "$VIRTUAL_ENV|$VIRTUAL_ENV_PROMPT|"(string join : $PATH)\n'
        'python -c "import sys; print(sys.prefix)"\n'
        f"deactivate\n{LEFT}\n",
    ),
    "csh": (["bsd-csh", "-f", "-c"], f"source BIN/activate.csh\n{REPORT}\ndeactivate\n{LEFT}\n"),
    "tcsh": (["tcsh", "-f", "-c"], f"source BIN/activate.csh\n{REPORT}\ndeactivate\n{LEFT}\n"),
}


def write(entries: tuple[Entry, ...]) -> None:
    for entry in entries:
        path = Path("/", entry.path)
        if entry.kind is Kind.DIRECTORY:
            path.mkdir(exist_ok=True)
        elif entry.kind is Kind.SYMLINK:
            path.symlink_to(entry.target)
        else:
            assert isinstance(entry.content, Literal)
            path.write_bytes(entry.content.data)


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An environment on disk, at a path that shells must be given in quotes."""
    prefix = tmp_path / 'it is $mine ("too")'
    base = Path(sys.base_prefix, "bin", f"python{PYTHON}")
    version = ".".join(map(str, sys.version_info[:3]))
    write(skeleton(Scheme(str(prefix), PYTHON), str(base), version))
    return prefix


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """An environment that was moved since it was made, with an odd prompt."""
    made, moved = tmp_path / "made", tmp_path / 'it is $mine ("too")'
    scheme = Scheme(str(made), PYTHON, is_movable=True)
    local = Local(maker="1", prompt=ODD)
    base = Path(sys.base_prefix, "bin", f"python{PYTHON}")
    write(skeleton(scheme, str(base), ".".join(map(str, sys.version_info[:3])), local))
    made.rename(moved)
    return moved


def run(command: list[str], script: str, prefix: Path, **environment: str) -> list[str]:
    assert shutil.which(command[0]), f"the test needs {command[0]}"
    done = subprocess.run(
        [*command, script.replace("BIN", f"'{prefix}/bin'")],
        env={"PATH": OUTSIDE, "HOME": str(prefix), "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", SCRIPTS)
def test_activate_enters_the_environment_and_deactivate_leaves_no_trace(
    shell: str, prefix: Path
) -> None:
    command, script = SCRIPTS[shell]

    entered, python, *left = run(command, script, prefix)

    assert entered == f"{prefix}|{prefix.name}|{prefix}/bin:{OUTSIDE}"
    assert python == str(prefix)
    assert left == [f"PATH={OUTSIDE}"]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_activate_puts_pythonhome_aside_until_deactivate(shell: str, prefix: Path) -> None:
    command, script = SCRIPTS[shell]

    _, python, *left = run(command, script, prefix, PYTHONHOME="/nowhere")

    assert python == str(prefix)
    assert left == [f"PATH={OUTSIDE}", "PYTHONHOME=/nowhere"]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_activating_twice_is_left_once(shell: str, prefix: Path) -> None:
    command, script = SCRIPTS[shell]
    source, _, rest = script.partition("\n")

    entered, _, *left = run(command, f"{source}\n{source}\n{rest}", prefix)

    assert entered == f"{prefix}|{prefix.name}|{prefix}/bin:{OUTSIDE}"
    assert left == [f"PATH={OUTSIDE}"]


@pytest.mark.parametrize("shell", ["bash", "dash", "ksh", "mksh", "zsh"])
def test_the_prompt_is_changed_and_put_back(shell: str, prefix: Path) -> None:
    command, _ = SCRIPTS[shell]

    lines = run(command, 'PS1="> "; . BIN/activate; echo "$PS1"; deactivate; echo "$PS1"', prefix)

    assert lines == [f"({prefix.name}) > ", "> "]


def test_the_prompt_of_fish_is_changed_and_put_back(prefix: Path) -> None:
    lines = run(
        ["fish", "--no-config", "-c"],
        "function fish_prompt; echo $status'> '; end\n"
        "source BIN/activate.fish; false; fish_prompt; deactivate; false; fish_prompt",
        prefix,
    )

    assert lines == [f"({prefix.name}) 1> ", "1> "]


@pytest.mark.parametrize("shell", ["csh", "tcsh"])
def test_the_prompt_of_csh_is_changed_and_put_back(shell: str, prefix: Path) -> None:
    command, _ = SCRIPTS[shell]

    lines = run(
        command,
        'set prompt = "> "\nsource BIN/activate.csh\necho "$prompt"\ndeactivate\necho "$prompt"',
        prefix,
    )

    assert lines == [f"({prefix.name}) > ", "> "]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_prompt_stays_if_it_is_asked_to(shell: str, prefix: Path) -> None:
    command, _ = SCRIPTS[shell]

    lines = run(
        command, 'PS1="> "; . BIN/activate; echo "$PS1"', prefix, VIRTUAL_ENV_DISABLE_PROMPT="1"
    )

    assert lines == ["> "]


def test_a_running_python_can_enter_the_environment(prefix: Path) -> None:
    packages = prefix / f"lib/python{PYTHON}/site-packages"
    (packages / "brought.py").write_text("answer = 42\n")
    (packages / "json.py").write_text("answer = 43\n")
    script = (
        "import os, sys\n"
        "path = sys.argv[1]\n"
        "exec(open(path).read(), {'__file__': path})\n"
        "import brought, json\n"
        "print(brought.answer, json.answer, sys.prefix, os.environ['VIRTUAL_ENV'])\n"
        "print(os.environ['PATH'].split(os.pathsep)[0])\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(prefix / "bin/activate_this.py")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [f"42 43 {prefix} {prefix}", f"{prefix}/bin"]


def test_the_environments_python_is_the_bases_with_its_own_prefix(prefix: Path) -> None:
    script = (
        "import sys, site\n"
        "print(sys.prefix, sys.base_prefix == sys.argv[1], sys.flags.no_user_site)\n"
        "print([p for p in sys.path if 'site-packages' in p])"
    )

    for name in ("python", "python3", f"python{PYTHON}"):
        done = subprocess.run(
            [prefix / "bin" / name, "-c", script, sys.base_prefix],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines() == [
            f"{prefix} True 0",
            f"['{prefix}/lib/python{PYTHON}/site-packages']",
        ]


@pytest.mark.parametrize("shell", ["bash", "ksh", "zsh", "fish"])
def test_an_environment_that_was_moved_is_entered_where_it_is(shell: str, moved: Path) -> None:
    command, script = SCRIPTS[shell]

    entered, python, *left = run(command, script, moved)

    assert entered == f"{moved}|{ODD}|{moved}/bin:{OUTSIDE}"
    assert python == str(moved)
    assert left == [f"PATH={OUTSIDE}"]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_any_prompt_is_shown_as_it_was_asked_for(shell: str, tmp_path: Path) -> None:
    prefix = tmp_path / "venv"
    base = Path(sys.base_prefix, "bin", f"python{PYTHON}")
    version = ".".join(map(str, sys.version_info[:3]))
    local = Local(maker="1", prompt=ODD)
    write(skeleton(Scheme(str(prefix), PYTHON), str(base), version, local))
    command, script = SCRIPTS[shell]
    # Not by echo, which reads a backslash in some of them.
    source = script.partition("\n")[0]

    shown = run(command, f"{source}\nenv | grep VIRTUAL_ENV_PROMPT\n", prefix)

    assert shown == [f"VIRTUAL_ENV_PROMPT={ODD}"]
