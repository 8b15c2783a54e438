from __future__ import annotations

import pytest

from lamina.lock.markers import Evaluator, InvalidMarker, encode, holds
from lamina.lock.model import ConflictItem
from unit.lock.locks import target


@pytest.fixture
def evaluator() -> Evaluator:
    return Evaluator(target("3.11.7").marker_environment)


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("", True),
        ("sys_platform == 'linux'", True),
        ("sys_platform == 'win32'", False),
        ("'linux' == sys_platform", True),
        ("'lin' in sys_platform", True),
        ("sys_platform not in 'linux darwin'", False),
        ("sys_platform < 'win32'", True),
        ("sys_platform ~= 'linux'", False),
        ("platform_release >= '5'", False),
        ("python_full_version >= '3.10'", True),
        ("python_version < '3.9'", False),
        ("python_version >= '3.9'", True),
        ("'3.12' > python_full_version", True),
        ("python_full_version == '3.11.*'", True),
        ("python_full_version != '3.11.*'", False),
        ("python_full_version ~= '3.11.0'", True),
        ("python_version < 'three'", True),
        ("os_name == 'posix' or os_name == 'nt' and sys_platform == 'win32'", True),
        ("(os_name == 'posix' or os_name == 'nt') and sys_platform == 'win32'", False),
        ("'os_name' in platform_system", False),
    ],
)
def test_a_marker_without_extras_is_decided_at_once(
    evaluator: Evaluator, marker: str, expected: bool
) -> None:
    assert evaluator.condition(marker) is expected


def test_a_prerelease_of_python_counts_as_its_release() -> None:
    evaluator = Evaluator(target("3.14.0rc1").marker_environment)

    assert evaluator.condition("python_full_version >= '3.14'") is True
    assert evaluator.condition("python_full_version < '3.14'") is False
    assert evaluator.condition("python_full_version < '3.14.0rc2'") is False
    assert evaluator.condition("python_full_version == '3.14.0'") is True


def test_extras_are_asked_for_in_a_set(evaluator: Evaluator) -> None:
    truth = evaluator.condition("extra == 'a' and (extra != 'b' or extra == 'c')")

    assert holds(truth, {"a"})
    assert holds(truth, {"a", "b", "c"})
    assert not holds(truth, {"a", "b"})
    assert not holds(truth, {"b", "c"})
    assert not holds(truth, set())


def test_the_impossible_half_of_a_real_marker_is_false(evaluator: Evaluator) -> None:
    marker = "sys_platform == 'win32' or (extra == 'extra-2-p1-cpu' and extra == 'extra-2-p1-gpu')"

    assert not holds(evaluator.condition(marker), {"extra-2-p1-cpu"})


def test_equal_conditions_are_identical(evaluator: Evaluator) -> None:
    one = evaluator.condition("extra == 'a' and extra == 'b' or extra == 'a' and extra == 'c'")
    other = evaluator.condition("(extra == 'c' or extra == 'b') and extra == 'a'")

    assert one is other
    assert evaluator.condition("extra == 'a' or extra != 'a'") is True
    assert evaluator.condition("extra == 'a' and extra != 'a'") is False


def test_whether_a_marker_can_hold_does_not_depend_on_extras(evaluator: Evaluator) -> None:
    assert evaluator.can_hold(["sys_platform == 'win32'", "extra == 'a' and os_name == 'posix'"])
    assert not evaluator.can_hold(["sys_platform == 'win32' and extra == 'a'"])
    assert not evaluator.can_hold(["extra == 'a' and extra != 'a'"])


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (ConflictItem("foo", extra="cpu"), "extra-3-foo-cpu"),
        (ConflictItem("foo-bar", group="dev"), "group-7-foo-bar-dev"),
        (ConflictItem("foo"), "project-3-foo"),
    ],
)
def test_conflict_items_are_encoded_as_uv_does(item: ConflictItem, name: str) -> None:
    assert encode(item) == name


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("moon == 'full'", "Unable to parse marker `moon == 'full'`: Expected a marker variable"),
        ("'a' in extras", "Unsupported name in a marker: extras"),
        ("extra in 'a'", "Unsupported comparison of `extra` in a marker: in"),
        ("(" * 100_000, "Unable to parse a marker: it is nested too deeply"),
    ],
    ids=["unknown name", "name of another context", "operator", "depth"],
)
def test_a_marker_that_cannot_be_evaluated_is_an_error(
    evaluator: Evaluator, marker: str, message: str
) -> None:
    with pytest.raises(InvalidMarker) as caught:
        evaluator.condition(marker)

    assert str(caught.value).startswith(message)
