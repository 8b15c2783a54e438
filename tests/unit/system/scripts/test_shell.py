"""What a script would run, read and not run."""

from __future__ import annotations

import pytest

from lamina.system.scripts.shell.run import TooMuch, follow
from lamina.system.scripts.shell.steps import Step
from lamina.system.scripts.shell.surroundings import Surroundings

AROUND = Surroundings(
    "demo",
    "amd64",
    frozenset({"/usr/bin/demo", "/etc/demo", "/usr/share/demo/data"}),
    answers={"demo/colour": "green"},
)


def steps(script: bytes, arguments: tuple[str, ...], around: Surroundings) -> tuple[Step, ...]:
    return follow(script, arguments, around).steps


def run(script: str, *arguments: str) -> list[str]:
    """Return the commands, those that are uncertain with a mark before."""
    found = steps(script.encode(), arguments or ("configure", ""), AROUND)
    return [f"{'' if step.is_certain else '? '}{step.text}" for step in found]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('[ "$1" = configure ]', ["run"]),
        ('test "$1" = "install"', []),
        ('[ "$1" = install ] || [ "$1" = "configure" ]', ["run"]),
        ('[ "$1" = configure ] && [ -n "$2" ]', []),
        ('[ "$1" = configure -a -z "$2" ]', ["run"]),
        ('[ "$1" = upgrade -o "$1" = "configure" ]', ["run"]),
        ('[[ "$1" == configure ]]', ["run"]),
        ('[ ! "$1" = configure ]', []),
        ('! [ -n "$2" ]', ["run"]),
        ('[ "x$1" != xconfigure ]', []),
        ('[ "$#" -gt 1 ]', ["run"]),
        ("[ -x /usr/bin/demo ]", ["run"]),
        ("[ -f /etc/demo ]", ["run"]),
        ("[ -e /etc/other ]", []),
        ("[ -d /usr/share/demo ]", ["run"]),
        ("[ -d /run/systemd/system ]", []),
        ("[ -x /usr/bin/other ]", ["? run"]),
        ('[ -z "${DPKG_ROOT:-}" ]', ["run"]),
        ('dpkg --compare-versions "$2" lt 1.0', ["dpkg --compare-versions '' lt 1.0", "run"]),
        ('dpkg --compare-versions "$2" lt-nl 1.0', ["dpkg --compare-versions '' lt-nl 1.0"]),
        ("getent passwd demo", ["getent passwd demo"]),
        ("! getent group demo", ["getent group demo", "run"]),
        ("command -v demo", ["command -v demo", "run"]),
        ("which other", ["which other", "? run"]),
        ("some-action", ["some-action", "run"]),
        ("grep -q x /etc/other", ["grep -q x /etc/other", "? run"]),
    ],
)
def test_a_condition_is_answered_for_a_first_installation(
    condition: str, expected: list[str]
) -> None:
    assert run(f"if {condition}; then run; fi") == expected


def test_branches_of_a_case_are_chosen_by_the_argument() -> None:
    script = """
    case "$1" in
        abort-*) never ;;
        configure|reconfigure) first; second ;;
        *) never ;;
    esac
    """

    assert run(script) == ["first", "second"]


def test_both_ways_of_an_unknown_condition_are_uncertain() -> None:
    script = "if grep -q x /y; then one; elif grep -q y /y; then two; else three; fi; after"

    assert run(script) == [
        "grep -q x /y",
        "? one",
        "? grep -q y /y",
        "? two",
        "? three",
        "after",
    ]


def test_a_way_that_fails_is_not_taken() -> None:
    script = "if grep -q x /y; then echo bad; exit 1; fi; first; grep z /y || exit 3; second"

    assert run(script) == ["grep -q x /y", "first", "grep z /y", "second"]


def test_what_follows_an_uncertain_end_is_uncertain() -> None:
    assert run("grep -q x /y && exit 0\nlast") == ["grep -q x /y", "? last"]


def test_nothing_follows_the_end() -> None:
    assert run("first; exit 0; never") == ["first"]


def test_variables_are_followed_as_far_as_they_are_known() -> None:
    script = """
    NAME=demo-$DPKG_MAINTSCRIPT_ARCH
    FOLDER="/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/$NAME"
    install "$FOLDER" '$NAME' "${OTHER:-other}"
    OTHER=$(date)
    use "$OTHER"
    """

    assert run(script) == [
        "install /usr/lib/x86_64-linux-gnu/demo-amd64 '$NAME' other",
        'use "$OTHER"',
    ]


def test_lines_may_go_on_before_a_variable() -> None:
    script = 'i=jar; slave="--slave \\\n  /a/$i.$i \\\n  $i.gz \\\n  /b/$i"; use $slave "x \\\n $i"'

    assert run(script) == ["use --slave /a/jar.jar jar.gz /b/jar 'x jar'"]


def test_a_variable_that_is_unset_is_empty() -> None:
    assert run('x=1; y=$(date); unset x y || true; use "$x$y" end') == ["use '' end"]


def test_a_script_that_would_fail_says_so() -> None:
    assert follow(b"one; exit 1", (), AROUND).has_failed
    assert not follow(b"one; grep a /b || exit 1; exit 0", (), AROUND).has_failed


def test_a_variable_that_two_ways_set_otherwise_is_unknown() -> None:
    script = 'x=1; y=1; if grep a /b; then x=2; y=1; fi; use "$x" "$y"'

    assert run(script) == ["grep a /b", 'use "$x" 1']


def test_functions_are_followed_with_their_arguments() -> None:
    script = """
    is_first() { if [ "$1" = configure ] && [ -z "$2" ]; then return 0; fi; return 1; }
    add() { adduser --system "$1"; }
    if is_first "$@"; then add demo; fi
    """

    assert run(script) == ["adduser --system demo"]


def test_a_function_that_may_have_returned_before_has_an_unknown_outcome() -> None:
    script = """
    find_it() { for p in $PATH; do if [ -x "$p/$1" ]; then return 0; fi; done; return 1; }
    if find_it demo; then found; fi
    after
    """

    assert run(script) == ["? found", "after"]


def test_a_program_that_a_function_looks_for_is_looked_for() -> None:
    script = 'pathfind() { for p in $PATH; do [ -x "$p/$*" ] && return 0; done; return 1; }\n'

    assert run(f"{script} if pathfind demo; then one; fi; if $(pathfind demo); then two; fi") == [
        "one",
        "two",
    ]
    assert run(f"{script} if pathfind other; then one; fi") == ["? one"]


def test_numbers_are_counted() -> None:
    assert run("for i in $(seq 2 -1 0); do use $i; done; use $(seq 1 0 2)") == [
        "use 2",
        "use 1",
        "use 0",
        "use $(seq 1 0 2)",
    ]


def test_what_may_have_ended_the_script_in_a_function_reaches_further() -> None:
    assert run("f() { grep a /b && exit 0; }; f; last") == ["grep a /b", "? last"]


def test_what_may_have_ended_a_loop_does_not_reach_further() -> None:
    assert run("for x in a b; do grep $x /c || continue; use $x; done; after") == [
        "grep a /c",
        "? use a",
        "? grep b /c",
        "? use b",
        "after",
    ]


def test_a_loop_over_words_is_unrolled() -> None:
    assert run("for x in a b; do for y in 1 2; do use $x$y; done; done") == [
        "use a1",
        "use a2",
        "use b1",
        "use b2",
    ]


def test_a_loop_whose_length_is_unknown_is_followed_once() -> None:
    assert run("for x in /etc/*.conf; do use $x; done; while read y; do more $y; done") == [
        "? use $x",
        "? more $y",
    ]


def test_debconf_answers_with_its_defaults() -> None:
    script = 'db_get demo/colour; paint "$RET"; db_get demo/shape; paint "$RET"'

    assert run(script) == ["paint green", 'paint "$RET"']


def test_what_a_script_tells_debconf_is_its_answer() -> None:
    script = """
    db_set demo/colour red
    db_set demo/shape "$(date)"
    db_set demo/size 1
    if grep a /b; then db_set demo/size 2; fi
    db_get demo/colour; paint "$RET"
    """

    followed = follow(script.encode(), (), AROUND)

    assert followed.answers == {"demo/colour": "red", "demo/shape": None, "demo/size": None}
    assert followed.steps[-1].text == "paint red"


def test_programs_are_there_or_not_where_all_are_known() -> None:
    around = Surroundings("demo", "amd64", programs=frozenset({"setcap"}))
    script = "command -v setcap && one; [ -x /sbin/setcap ] && two; which other || three"

    found = follow(script.encode(), (), around).steps

    assert [step.words[0].value for step in found if step.is_certain] == [
        "command",
        "one",
        "two",
        "which",
        "three",
    ]


def test_what_a_subshell_sets_ends_with_it() -> None:
    assert run("x=1; (x=2; use $x; exit 1); use $x; echo a | { x=3; use $x; }; use $x") == [
        "use 2",
        "use 1",
        "echo a",
        "use 3",
        "use 1",
    ]


@pytest.mark.parametrize(
    ("script", "written"),
    [
        ("echo a > /etc/demo", ("/etc/demo",)),
        ("echo a >> /etc/demo 2>/dev/null", ("/etc/demo",)),
        ("echo a >&2", ()),
        ("run > /dev/null 2>&1", ()),
        ("cat < /etc/demo", ()),
        ("cat > /etc/demo <<END\na\nEND\n", ("/etc/demo",)),
        ("cat <<END > /etc/demo\na\nEND\n", ("/etc/demo",)),
        ('echo a > "$UNKNOWN$(date)"', ('"$UNKNOWN$(date)"',)),
    ],
)
def test_the_file_that_a_command_writes_is_noted(script: str, written: tuple[str, ...]) -> None:
    assert steps(script.encode(), (), AROUND)[0].writes == written


@pytest.mark.parametrize(
    "script",
    [
        "f() { f; }; f",
        "for a in 1 2 3 4 5 6 7 8 9; do " * 9 + "x;" + " done;" * 9,
        "( " * 500 + "x" + " )" * 500,
        "x" * (2 << 20),
    ],
    ids=["recursion", "loops", "depth", "size"],
)
def test_what_would_have_no_end_is_refused(script: str) -> None:
    with pytest.raises(TooMuch):
        steps(script.encode(), (), AROUND)


def test_a_variable_that_doubles_itself_becomes_unknown() -> None:
    script = "x=0123456789; for i in 1 2 3 4 5 6 7 8 9 a b c d e f; do x=$x$x; done; use $x"

    assert run(script) == ["use $x"]
