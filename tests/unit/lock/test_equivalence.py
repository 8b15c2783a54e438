from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from lamina.lock.equivalence import Term, includes, same_terms

ANY = SpecifierSet(">=3.10")


def same(one: str, other: str, requires_python: SpecifierSet = ANY) -> bool:
    return same_terms([Term((one,))], [Term((other,))], requires_python=requires_python)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("python_version < '3.12'", "python_full_version < '3.12'"),
        ("python_version >= '3.8' and os_name == 'nt'", "os_name == 'nt'"),
        ("platform_system == 'Windows'", "sys_platform == 'win32'"),
        ("sys_platform == 'win32' and os_name == 'posix'", "python_version < '0'"),
        ("sys_platform == 'emscripten'", "'emscripten' == sys_platform"),
        ("python_version in '3.10 3.12'", "python_version == '3.10' or python_version == '3.12'"),
        ("extra == 'a' or python_version >= '3.10'", "extra == 'a' or extra != 'a'"),
    ],
)
def test_markers_that_mean_the_same_are_the_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("python_version < '3.12'", "python_version <= '3.12'"),
        ("python_full_version < '3.12.1'", "python_full_version < '3.12.2'"),
        ("sys_platform == 'linux'", "sys_platform != 'win32'"),
        ("sys_platform == 'emscripten'", "sys_platform == 'wasi'"),
        ("implementation_name == 'cpython'", "implementation_name != 'graalpy'"),
        ("platform_machine == 'x86_64'", "platform_machine != 'aarch64'"),
        ("platform_release == '5'", "platform_release == '6'"),
    ],
)
def test_markers_that_differ_somewhere_are_told_apart(one: str, other: str) -> None:
    assert not same(one, other)


def test_a_text_that_is_looked_for_in_another_is_asked_too() -> None:
    assert not same("platform_machine in 'x86_64 arm64'", "platform_machine == 'arm64'")


def test_only_the_pythons_that_are_required_are_asked() -> None:
    one, other = "python_version < '3.9'", "python_version < '3.8'"

    assert same(one, other)
    assert not same(one, other, SpecifierSet(">=3.7"))


def test_what_some_terms_do_together_is_compared_not_each() -> None:
    halves = [Term(("sys_platform == 'linux'",)), Term(none=("sys_platform == 'linux'",))]

    assert same_terms(halves, [Term()], requires_python=ANY)
    assert not same_terms(halves[:1], [Term()], requires_python=ANY)
    assert not same_terms([], [Term()], requires_python=ANY)


def test_too_many_machines_are_not_asked_and_pass() -> None:
    def many(of: str) -> str:
        keys = ("platform_machine", "platform_release", "platform_version")
        return " or ".join(f"{key} == '{of}{n}'" for key in keys for n in range(20))

    assert same(many("a"), many("b"))


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (">=3.10,<3.11", "==3.10.*", True),
        ("==3.10.*", ">=3.10,<3.11", True),
        (">=3.10", ">=3.10,<4", True),
        (">=3.10,<4", ">=3.10", False),
        ("~=3.10", ">=3.10,<4", True),
        (">=3.10", ">=3.9", False),
        (">=3.10.4", ">=3.10", False),
        (">=3.10,!=3.11.*", ">=3.10", False),
        (">=3.10,!=3.11.2", ">=3.10", False),
        ("", ">=3.8", True),
    ],
)
def test_one_specifier_may_include_another(outer: str, inner: str, expected: bool) -> None:
    assert includes(SpecifierSet(outer), SpecifierSet(inner)) is expected
