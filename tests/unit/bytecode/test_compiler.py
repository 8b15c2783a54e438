from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from lamina.bytecode import compiler
from lamina.bytecode.compiler import Command, Compiler, CompilerFailed, Compilers
from lamina.bytecode.worker import compiled

RUNNING = Command((sys.executable,))
HELLO = "import os; os.write(1, b'H' + bytes((15, 0, 0, 0)) + b'3.99.1 42 tag t'); "


def pretending(script: str) -> Command:
    """Return a program that is no interpreter."""
    return Command((sys.executable, "-c", script))


@pytest.fixture
def running() -> Iterator[Compiler]:
    found = Compiler(RUNNING)
    yield found
    found.close()


def test_it_says_what_it_is(running: Compiler) -> None:
    assert running.about.version == ".".join(map(str, sys.version_info[:3]))
    assert running.about.tag == sys.implementation.cache_tag


def test_it_compiles_as_python_here_does(running: Compiler) -> None:
    source = b"def f(x={1, None, 'a'}):\n    return x\n"

    assert running.compile(source, "/a/é.py") == compiled(source, "/a/é.py")


def test_what_does_not_compile_is_none(running: Compiler) -> None:
    assert running.compile(b"(", "/x.py") is None


def test_one_that_was_killed_is_started_again(running: Compiler) -> None:
    assert running._process is not None
    os.kill(running._process.pid, signal.SIGKILL)

    assert running.compile(b"x = 1\n", "/x.py") == compiled(b"x = 1\n", "/x.py")


def test_a_process_does_not_stay_for_ever(
    running: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "_RENEWED", 10)
    before = running._process

    answers = {running.compile(b"x = 1\n" * 2, "/x.py") for _ in range(3)}

    assert len(answers) == 1
    assert running._process is not before


def test_one_that_ends_each_time_is_an_error_that_names_the_file() -> None:
    found = Compiler(pretending(HELLO + "os.read(0, 1)"))

    with pytest.raises(CompilerFailed) as caught:
        found.compile(b"x = 1\n", "/x.py")

    assert str(caught.value) == "Unable to compile `/x.py`: the interpreter has ended"
    assert caught.value.hint == "Build without bytecode, or report the file to its project"
    assert found._process is None


def test_one_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Compiler(pretending(HELLO + "os.read(0, 99); os.read(0, 99)"))
    monkeypatch.setattr(compiler, "PATIENCE", 0)

    with pytest.raises(CompilerFailed):
        found.compile(b"x = 1\n", "/x.py")

    assert found._process is None


def test_bytecode_of_an_unknown_form_is_an_error() -> None:
    found = Compiler(
        pretending(HELLO + "os.read(0, 99); os.write(1, b'!' + bytes((4, 0, 0, 0)) + b'what')")
    )

    with pytest.raises(CompilerFailed) as caught:
        found.compile(b"x = 1\n", "/x.py")
    found.close()

    assert str(caught.value) == (
        "Unable to compile `/x.py`: Python 3.99.1t gives bytecode of an unknown form: what"
    )
    assert caught.value.hint == "Build without bytecode, or upgrade lamina"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (
            Command(("/no/such/python",)),
            "Unable to run `/no/such/python`: No such file or directory",
        ),
        (pretending("import os; os.write(1, b'HELLO WORLD')"), "it gave too long an answer"),
        (
            pretending("import os; os.write(1, b'H' + bytes((2, 0, 0, 0)) + b'no')"),
            "it is no CPython",
        ),
        (pretending("pass"), "it has ended"),
        (
            pretending("import os; os.write(1, b'!' + bytes((4, 0, 0, 0)) + b'what')"),
            "`: what",
        ),
    ],
)
def test_what_is_no_interpreter_is_refused(command: Command, why: str) -> None:
    with pytest.raises(CompilerFailed) as caught:
        Compiler(command)

    assert str(caught.value).endswith(why)


def test_nothing_of_the_builders_environment_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    hello = "text = ('+'.join(sorted(os.environ)) + ' 42 tag -').encode(); "
    answer = "os.write(1, b'H' + len(text).to_bytes(4, 'little') + text)"

    found = Compiler(pretending(f"import os; {hello}{answer}"))
    found.close()

    assert found.about.version == "LC_ALL+PYTHONHASHSEED"


def test_answers_come_in_the_order_of_the_questions() -> None:
    sources = [(f"{number}.py", b"x = 1\n" * (number % 7 * 300)) for number in range(60)]
    sources[5] = ("5.py", b"(")

    with Compilers(RUNNING, 3) as compilers:
        found = list(compilers.each(sources))

    assert [path for path, _ in found] == [path for path, _ in sources]
    assert found[5] == ("5.py", None)
    assert found[6] == ("6.py", compiled(sources[6][1], "/6.py"))


def test_few_sources_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "_HELD", 100)
    given: list[str] = []

    def sources() -> Iterator[tuple[str, bytes]]:
        for number in range(10):
            given.append(f"{number}.py")
            yield f"{number}.py", b"#" * 60

    with Compilers(RUNNING, 2) as compilers:
        for path, _ in compilers.each(sources()):
            assert len(given) - int(path[0]) <= 2


def test_at_the_end_no_process_is_left() -> None:
    first = Compiler(RUNNING)
    compilers = Compilers(RUNNING, 2, first)
    list(compilers.each([(f"{number}.py", b"x = 1\n") for number in range(9)]))
    process = first._process

    compilers.close()

    assert process is not None
    assert process.returncode is not None
    assert all(each._process is None for each in compilers._all)


def test_who_stops_asking_leaves_nothing_waiting() -> None:
    with Compilers(RUNNING, 2) as compilers:
        found = compilers.each((f"{number}.py", b"x = 1\n") for number in range(30))
        next(found)
        found.close()  # type: ignore[attr-defined]

        assert [path for path, _ in compilers.each([("a.py", b"")])] == ["a.py"]
