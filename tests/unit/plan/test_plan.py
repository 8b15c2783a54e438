"""The layers of the dependencies, and how many there may be."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lamina.lock.model import Wheel
from lamina.plan.key import Recipe
from lamina.plan.plan import (
    LayerKind,
    LayerPlan,
    Limits,
    TooManyLayers,
    plan_wheels,
)
from lamina.plan.wheel import PlannedWheel

RECIPE = Recipe("/opt/venv", "3.12")


def planned(name: str, size: int = 1 << 20, direct_url: bytes | None = None) -> PlannedWheel:
    filename = f"{name}-1.0-py3-none-any.whl"
    url = f"https://index.example/{filename}"
    hash_ = f"sha256:{name.encode().hex():0>64}"
    return PlannedWheel(name, "1.0", Wheel(filename, url), hash_, size, direct_url)


def layers(
    wheels: Sequence[PlannedWheel], asked: int | None = None, *, others: int = 7
) -> tuple[LayerPlan, ...]:
    return plan_wheels(wheels, RECIPE, Limits.of(asked), others=others)


def test_a_layer_says_what_is_in_it() -> None:
    (small,) = layers([planned("b", 10), planned("a", 20)], 9)

    assert small.kind is LayerKind.WHEELS
    assert small.title == "a==1.0, b==1.0"
    assert [wheel.name for wheel in small.wheels] == ["a", "b"]


def test_the_same_wheels_have_the_same_plan_in_any_order() -> None:
    wheels = [planned("a"), planned("b"), planned("c", 10), planned("d", 10)]

    assert layers(wheels) == layers(wheels[::-1])


def test_all_other_layers_and_one_for_overrides_count() -> None:
    wheels = [planned(f"w{number}") for number in range(200)]

    assert len(layers(wheels, 50, others=20)) == 50 - 20 - 1


def test_there_are_60_wheels_with_a_layer_each_unless_another_number_is_asked_for() -> None:
    wheels = [planned(f"w{number}") for number in range(500)]

    alone = [layer for layer in layers(wheels) if len(layer.wheels) == 1]
    alone_of_120 = [layer for layer in layers(wheels, 120) if len(layer.wheels) == 1]

    assert len(alone) == 60
    assert len(alone_of_120) == 120 - 7 - 1 - 16


def test_no_image_has_more_than_125_layers() -> None:
    wheels = [planned(f"w{number}") for number in range(300)]

    assert len(layers(wheels, 4000)) == 125 - 7 - 1


def test_a_base_that_leaves_no_layer_is_refused() -> None:
    with pytest.raises(TooManyLayers) as caught:
        layers([planned("a")], others=99)

    assert str(caught.value) == (
        "No layer is left for the dependencies: the limit is 100, "
        "and the base, the copied files and the environment take 100"
    )
    assert caught.value.hint == ("Pass a higher `--layers` (at most 125), or copy in fewer entries")


def test_at_the_limit_of_docker_no_higher_one_is_advised() -> None:
    with pytest.raises(TooManyLayers) as caught:
        layers([planned("a")], 500, others=124)

    assert str(caught.value) == (
        "No layer is left for the dependencies: the limit is 125, "
        "and the base, the copied files and the environment take 125"
    )
    assert caught.value.hint == "Copy in fewer entries"


def test_one_layer_is_enough_for_all() -> None:
    wheels = [planned("a"), planned("b"), planned("c", 10)]

    (layer,) = layers(wheels, others=98)

    assert [wheel.name for wheel in layer.wheels] == ["a", "b", "c"]


def test_no_dependencies_need_no_layer() -> None:
    assert layers([], others=99) == ()


def test_no_dependencies_still_leave_an_image_within_the_limit() -> None:
    with pytest.raises(TooManyLayers):
        layers([], others=100)
