from __future__ import annotations

import importlib
import json
import os
import pwd
import signal
import subprocess
import sys

import click
import pytest

from lamina import __main__, __version__
from lamina.cli import main
from lamina.cli.build import command as build
from lamina.cli.signals import Terminated
from projects import LockedProject
from unit.cli.program import Program

_HEAVY = ["urllib3", "rich", "isal", "packaging", "tomli", "lamina.build", "pysequoia"]


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_a_result(flag: str, program: Program) -> None:
    ended = program(flag)

    assert (ended.code, ended.out, ended.err) == (0, f"lamina {__version__}\n", "")


def test_the_version_is_told_without_importing_what_builds() -> None:
    code = (
        "import json, sys; from lamina.cli.main import run; run(['--version']);"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    version, modules = done.stdout.splitlines()
    assert version == f"lamina {__version__}"
    assert not set(_HEAVY) & set(json.loads(modules))


def test_without_a_command_there_is_help(program: Program) -> None:
    ended = program()

    assert (ended.code, ended.out) == (2, "")
    assert "Build a locked project into a container image" in ended.err


def test_help_lists_options_in_sections(program: Program) -> None:
    ended = program("build", "--help")

    titles = [line for line in ended.out.splitlines() if line.endswith(":") and line[0] != " "]
    assert ended.code == 0
    assert titles == [
        "Where the image goes:",
        "What the image is built on:",
        "What is installed:",
        "What is built from sources:",
        "What is reused:",
        "Making and keeping layers:",
        "Output:",
        "Help:",
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["biuld"],
            "error: No such command: biuld\n\nhint: Did you mean `build`? See `lamina --help`\n",
        ),
        (["x"], "error: No such command: x\n\nhint: See `lamina --help`\n"),
        (
            ["cache", "prnue"],
            "error: No such command: prnue\n\n"
            "hint: Did you mean `prune`? See `lamina cache --help`\n",
        ),
        (
            ["--verison"],
            "error: No such option: --verison\n\n"
            "hint: Did you mean `--version`? See `lamina --help`\n",
        ),
        (
            ["build", "--base"],
            "error: Option `--base` requires an argument\n\nhint: See `lamina build --help`\n",
        ),
        (
            ["build", "a", "b"],
            "error: Got unexpected extra argument (b)\n\nhint: See `lamina build --help`\n",
        ),
        (
            ["completion", "tcsh"],
            "error: Invalid value for `{bash|fish|zsh}`: `tcsh` is not one of "
            "`bash`, `fish`, `zsh`\n\nhint: See `lamina completion --help`\n",
        ),
    ],
)
def test_wrong_usage_is_named_with_what_was_meant(
    arguments: list[str], error: str, program: Program
) -> None:
    ended = program(*arguments)

    assert (ended.code, ended.out, ended.err) == (2, "", error)


def test_what_is_closed_is_not_written_to(
    program: Program, locked: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.write()
    program.build("-q")

    for stream in ("stdout", "stderr"):
        with monkeypatch.context() as patch:
            patch.setattr(sys, stream, None)
            ended = program.build("-v"), program("inspect", "oci:out")
        assert [each.code for each in ended] == [0, 0]


@pytest.mark.parametrize(
    ("shell", "mark"),
    [
        ("bash", "complete -o nosort -F"),
        ("fish", "complete --no-files"),
        ("zsh", "#compdef lamina"),
    ],
)
def test_a_shell_is_told_how_to_complete(shell: str, mark: str, program: Program) -> None:
    ended = program("completion", shell)

    assert (ended.code, ended.err) == (0, "")
    assert mark in ended.out
    assert "_LAMINA_COMPLETE" in ended.out


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("lamina build --max", "--max-wheel-size"),
        ("lamina inspect --pl", "--platform"),
        ("lamina diff --ins", "--insecure"),
        ("lamina ins", "inspect"),
    ],
)
def test_options_and_commands_are_completed(
    words: str,
    completed: str,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("_LAMINA_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))

    with pytest.raises(SystemExit) as ended:
        main.run([])

    assert (ended.value.code, capfd.readouterr().out) == (0, f"plain,{completed}\n")


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "\ninterrupted; what was finished is kept in the store\n"),
        (Terminated(), 143, "terminated; what was finished is kept in the store\n"),
        (MemoryError(), 1, "error: Unable to go on: there is no memory left\n"),
        (
            PermissionError(13, "Permission denied", "/x"),
            1,
            "error: Unable to go on: `/x`: Permission denied\n",
        ),
        (OSError("odd"), 1, "error: Unable to go on: odd\n"),
    ],
    ids=["ctrl-c", "sigterm", "memory", "file", "system"],
)
def test_what_ends_a_command_is_said_in_a_line(
    failure: BaseException,
    code: int,
    said: str,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**options: object) -> None:
        raise failure

    monkeypatch.setattr(build, "callback", fail)

    ended = program("build")

    assert (ended.code, ended.out, ended.err) == (code, "", said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plan", "; what was finished is kept in the store"),
        ("sync", "; what was finished is kept in the store, and the next sync goes on from there"),
        ("venv", "; run it again to make the environment"),
        ("inspect", ""),
    ],
)
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), Terminated()], ids=["ctrl-c", "sigterm"])
def test_each_command_has_its_own_word_for_an_end_before_time(
    name: str,
    said: str,
    failure: BaseException,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**options: object) -> None:
        raise failure

    command = importlib.import_module(f"lamina.cli.{name}").command
    monkeypatch.setattr(command, "callback", fail)
    monkeypatch.setattr(command, "params", [])

    verb = "interrupted" if isinstance(failure, KeyboardInterrupt) else "terminated"
    assert program(name).err.strip() == f"{verb}{said}"


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**options: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(build, "callback", fail)

    with pytest.raises(KeyError):
        main.run(["build"])


def test_who_has_no_home_is_at_home_in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)

    assert main.run(["--version"]) == 0

    assert os.environ["HOME"] == "/"


def test_every_option_has_help() -> None:
    options = [each for each in build.params if isinstance(each, click.Option)]

    assert [each.name for each in options if not each.help or each.help[-1] not in ".]"] == []


@pytest.mark.parametrize("code", [0, 1, 2, 130, 143])
def test_the_process_exits_as_the_command_ended(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(main, "run", lambda: code)

    with pytest.raises(SystemExit) as ended:
        __main__.main()

    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signal.signal(signal.SIGINT, before)
    assert (ended.value.code, is_ignored) == (code, code > 2)


def test_ctrl_c_at_the_very_start_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "run", interrupted)

    with pytest.raises(SystemExit) as ended:
        __main__.main()

    assert ended.value.code == 130
