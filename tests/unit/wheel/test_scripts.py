"""Commands: entry points, launchers and the first lines of scripts."""

from __future__ import annotations

import pytest

from lamina.wheel.errors import WheelError
from lamina.wheel.scripts import (
    EntryPoint,
    check_script_name,
    command_of_script,
    launcher,
    parse_entry_points,
    rewrite_shebang,
    shebang,
)

PYTHON = "/opt/venv/bin/python"


def console(text: str) -> list[tuple[str, str, str]]:
    entry_points = parse_entry_points(f"[console_scripts]\n{text}".encode())
    assert entry_points.gui == ()
    return [(e.name, e.module, e.attribute) for e in entry_points.console]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("x = a:main", ("x", "a", "main")),
        ("x=a.b.c:d.e.f\n", ("x", "a.b.c", "d.e.f")),
        ("x = a : main\n", ("x", "a", "main")),
        ("  x = a:main\n", ("x", "a", "main")),
        ("x = a:main [extra1, extra2]\n", ("x", "a", "main")),
        ("x = a:main[extra]\n", ("x", "a", "main")),
        ("# c = 1\n ; d\n\nx = a:main\n", ("x", "a", "main")),
        ("x = a:\n  main\n", ("x", "a", "main")),
        ("x = a:\n# between\n\n  main\n", ("x", "a", "main")),
        ("x = a:main\r\n", ("x", "a", "main")),
        ("x y = a:main", ("x y", "a", "main")),
        ('"x" = a:main', ('"x"', "a", "main")),
        ("é = ü:ö", ("é", "ü", "ö")),
        ("x = a-b:1c", ("x", "a-b", "1c")),
    ],
)
def test_a_command_is_read_as_uv_reads_it(text: str, command: tuple[str, str, str]) -> None:
    assert console(text) == [command]


def test_case_matters_in_commands_and_sections() -> None:
    data = b"[Console_Scripts]\ny = b:c\n[console_scripts]\nX = a:b\nx = a:c\n[other]\nz = 1 2 3\n"

    commands = parse_entry_points(data).console

    assert commands == (EntryPoint("X", "a", "b"), EntryPoint("x", "a", "c"))


@pytest.mark.parametrize("data", [b"", b"\n", b"[console_scripts]\n", b"[other]\nx = anything\n"])
def test_no_command_is_no_error(data: bytes) -> None:
    assert parse_entry_points(data).commands("3.12") == ()


@pytest.mark.parametrize(
    "value",
    [
        "a", "a:", ":b", "a:b()", "a b:c", "a:b c", "a:b:c", "a;b:c", "a:b # no", "a:b [x",
        "a:b []", "a:b [x]y", '"a:b"', "%(x)s:b", "= a:b", "a:b = c", "",
    ],
)  # fmt: skip
def test_a_command_that_calls_nothing_is_refused(value: str) -> None:
    with pytest.raises(WheelError) as caught:
        console(f"x = {value}\n")

    assert str(caught.value) == (
        f"Unable to unpack the wheel: the entry point `x` is not `module:function`, got: {value!r}"
    )


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\xff", "`entry_points.txt` is not UTF-8 at byte 0"),
        (b"x = a:b\n", "`entry_points.txt` line 1 is no section and no option"),
        (b"[console_scripts\n", "`entry_points.txt` line 1 is no section and no option"),
        (b"\xef\xbb\xbf[a]\nb\n", "`entry_points.txt` line 1 is no section and no option"),
        (b"[a]\nx : a:b\n", "`entry_points.txt` line 2 is no section and no option"),
        (b"[a]\n= a:b\n", "`entry_points.txt` line 2 is no section and no option"),
        (b"[a]\n  x = a:b\n  y\n", "`entry_points.txt` line 3 is no section and no option"),
        (b"[a]\nx = 1\nx = 2\n", "`entry_points.txt` line 3 repeats `x`"),
        (b"[a]\n[b]\n[a]\n", "`entry_points.txt` line 3 repeats section `a`"),
    ],
)
def test_a_file_that_is_not_well_formed_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(WheelError) as caught:
        parse_entry_points(data)

    assert str(caught.value) == f"Unable to unpack the wheel: {fault}"


def test_all_bad_commands_are_named_at_once() -> None:
    data = b"[console_scripts]\npython = a:b\nx = no\n[gui_scripts]\n../y = a:b\n"

    with pytest.raises(WheelError) as caught:
        parse_entry_points(data)

    assert str(caught.value.of("foo.whl")) == (
        "Unable to unpack wheel `foo.whl`:\n"
        "  the entry point `x` is not `module:function`, got: 'no'\n"
        "  the script `python` would replace the environment's interpreter\n"
        "  the script name '../y' is not the name of a file"
    )


def test_a_gui_command_wins_and_commands_are_sorted() -> None:
    data = b"[gui_scripts]\nb = g:g\n[console_scripts]\nc = c:c\nb = b:b\na = a:a\n"

    commands = parse_entry_points(data).commands("3.12")

    assert commands == (
        EntryPoint("a", "a", "a"),
        EntryPoint("b", "g", "g"),
        EntryPoint("c", "c", "c"),
    )


def test_pip_gets_the_name_of_the_python_that_runs_it() -> None:
    data = b"[console_scripts]\npip = p:m\npip3 = p:n\npip3.9 = p:m\npip3.9.1 = p:m\n"

    names = [command.name for command in parse_entry_points(data).commands("3.12")]

    assert names == ["pip", "pip3", "pip3.12", "pip3.9.1"]


def test_a_launcher_is_the_one_that_uv_writes() -> None:
    assert launcher(EntryPoint("x", "a.b", "main.sub"), PYTHON).decode() == (
        "#!/opt/venv/bin/python\n"
        "# -*- coding: utf-8 -*-\n"
        "import sys\n"
        "from a.b import main\n"
        'if __name__ == "__main__":\n'
        '    if sys.argv[0].endswith("-script.pyw"):\n'
        "        sys.argv[0] = sys.argv[0][:-11]\n"
        '    elif sys.argv[0].endswith(".exe"):\n'
        "        sys.argv[0] = sys.argv[0][:-4]\n"
        "    sys.exit(main.sub())\n"
    )


def test_a_first_line_of_127_bytes_is_the_longest_that_stands_alone() -> None:
    fits, too_long = f"/{'a' * 123}", f"/{'a' * 124}"

    assert shebang(fits) == f"#!{fits}\n".encode()
    assert len(shebang(fits)) == 127
    assert (
        shebang(too_long) == (f"#!/bin/sh\n'''exec' '{too_long}' \"$0\" \"$@\"\n' '''\n").encode()
    )


def test_an_interpreter_with_a_space_or_a_quote_is_called_by_sh() -> None:
    assert shebang("/it's mine/bin/python") == (
        b"#!/bin/sh\n'''exec' '/it'\"'\"'s mine/bin/python' \"$0\" \"$@\"\n' '''\n"
    )


@pytest.mark.parametrize(
    ("head", "rewritten"),
    [
        (b"#!python\nx\n", b"#!/opt/venv/bin/python\nx\n"),
        (b"#!python3.9 -E\r\nx\r\n", b"#!/opt/venv/bin/python\nx\r\n"),
        (b"#!pythonw\nx", b"#!/opt/venv/bin/python\nx"),
        (b"#!python", b"#!/opt/venv/bin/python\n"),
        (b"#! python\nx", None),
        (b"#!/usr/bin/python\nx", None),
        (b"\x7fELF\x02", None),
        (b"\xef\xbb\xbf#!python\n", None),
        (b"#!", None),
        (b"", None),
    ],
)
def test_only_the_placeholder_line_of_a_script_is_replaced(
    head: bytes, rewritten: bytes | None
) -> None:
    assert rewrite_shebang(head, PYTHON) == rewritten


@pytest.mark.parametrize(
    "name",
    [
        "python", "Python", "PYTHON3", "pythonw", "python3", "python3.12", "python3.13t",
        "python.exe", "python3.py", "python3.py.exe", "pypy", "pypy3", "graalpy.exe",
    ],
)  # fmt: skip
def test_a_script_may_not_replace_an_interpreter(name: str) -> None:
    with pytest.raises(WheelError) as caught:
        check_script_name(name)

    assert str(caught.value) == (
        f"Unable to unpack the wheel: the script `{name}` "
        "would replace the environment's interpreter"
    )


@pytest.mark.parametrize(
    "name",
    [
        "python2",
        "python2.7",
        "python3-config",
        "python3.12d",
        "pythonx",
        "ipython",
        "activate",
        "-",
    ],
)
def test_other_names_are_free(name: str) -> None:
    check_script_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/x", "a\\b", "a\0b", "a\nb"])
def test_a_script_must_have_the_name_of_a_file(name: str) -> None:
    with pytest.raises(WheelError) as caught:
        check_script_name(name)

    assert str(caught.value) == (
        f"Unable to unpack the wheel: the script name {name!r} is not the name of a file"
    )


@pytest.mark.parametrize(
    ("script", "command"),
    [("x", "x"), ("x.exe", "x"), ("x-script.py", "x"), ("x.pya", "x"), ("x.py", "x.py")],
)
def test_a_script_that_is_an_old_launcher_is_known_by_its_name(script: str, command: str) -> None:
    assert command_of_script(script) == command
