"""Which wheels share a layer."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lamina.plan.layering import ALONE_FROM, Budget, partition

KIB, MIB = 1 << 10, 1 << 20


class Wheel(NamedTuple):
    name: str
    size: int


def names(layers: tuple[tuple[Wheel, ...], ...]) -> list[list[str]]:
    return [[wheel.name for wheel in layer] for layer in layers]


def test_large_wheels_lie_alone_and_the_largest_lowest() -> None:
    wheels = [Wheel("numpy", 18 * MIB), Wheel("torch", 800 * MIB), Wheel("lxml", 5 * MIB)]

    layers = partition(wheels, Budget.within(92, alone=60))

    assert names(layers) == [["torch"], ["numpy"], ["lxml"]]


def test_small_wheels_share_groups_above_the_large_ones() -> None:
    wheels = [Wheel("idna", 60 * KIB), Wheel("torch", 800 * MIB), Wheel("click", 90 * KIB)]

    layers = partition(wheels, Budget(alone=10, groups=1))

    assert names(layers) == [["torch"], ["click", "idna"]]


def test_a_wheel_is_large_from_256_kib_on() -> None:
    wheels = [Wheel("at", ALONE_FROM), Wheel("below", ALONE_FROM - 1), Wheel("tiny", 1)]

    layers = partition(wheels, Budget(alone=10, groups=1))

    assert ALONE_FROM == 256 * KIB
    assert names(layers) == [["at"], ["below", "tiny"]]


def test_of_too_many_large_wheels_the_smaller_ones_share() -> None:
    wheels = [Wheel("a", 1 * MIB), Wheel("b", 4 * MIB), Wheel("c", 2 * MIB)]

    layers = partition(wheels, Budget(alone=2, groups=1))

    assert names(layers) == [["b"], ["c"], ["a"]]


def test_which_group_a_wheel_is_in_never_changes() -> None:
    """Another answer would move every small wheel of every image in the field."""
    small = ["attrs", "certifi", "click", "h11", "idna", "packaging", "six", "sniffio"]
    wheels = [Wheel(name, 10 * KIB) for name in small]

    layers = partition(wheels, Budget(alone=0, groups=4))

    assert names(layers) == [
        ["attrs", "certifi", "click"],
        ["idna"],
        ["packaging"],
        ["h11", "six", "sniffio"],
    ]


def test_order_among_wheels_of_about_one_size_never_changes() -> None:
    wheels = [Wheel(name, 3 * MIB) for name in ("lxml", "pillow", "pydantic-core", "uvloop")]

    layers = partition(wheels, Budget(alone=9, groups=1))

    assert names(layers) == [["pydantic-core"], ["lxml"], ["uvloop"], ["pillow"]]


def test_nothing_to_install_needs_no_layer() -> None:
    assert partition([], Budget(alone=60, groups=16)) == ()


def test_a_wheel_of_no_bytes_is_a_small_one() -> None:
    assert names(partition([Wheel("empty", 0)], Budget(alone=1, groups=1))) == [["empty"]]


@pytest.mark.parametrize(
    ("layers", "alone", "expected"),
    [
        pytest.param(92, 60, Budget(60, 16), id="room for all"),
        pytest.param(40, 60, Budget(24, 16), id="fewer alone"),
        pytest.param(20, 60, Budget(10, 10), id="fewer groups"),
        pytest.param(120, None, Budget(104, 16), id="as many alone as the user allows"),
        pytest.param(2, None, Budget(1, 1), id="two"),
        pytest.param(1, None, Budget(0, 1), id="one for all"),
    ],
)
def test_layers_are_divided(layers: int, alone: int | None, expected: Budget) -> None:
    assert Budget.within(layers, alone) == expected


def test_no_layer_cannot_be_divided() -> None:
    with pytest.raises(ValueError, match=r"^layers must be at least 1, got 0$"):
        Budget.within(0)
