"""Laws of layering, for any wheels."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from lamina.plan.layering import ALONE_FROM, GROUPS, Budget, partition


class Wheel(NamedTuple):
    name: str
    size: int
    version: int = 1


Layers = tuple[tuple[Wheel, ...], ...]

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
SIZES = st.integers(0, 1 << 34) | st.integers(ALONE_FROM - 3, ALONE_FROM + 3)
SMALL = st.integers(0, ALONE_FROM - 1)
WHEELS = st.dictionaries(NAMES, SIZES, max_size=40).map(
    lambda sizes: [Wheel(name, size) for name, size in sizes.items()]
)
BUDGETS = st.builds(Budget.within, st.integers(1, 124), st.none() | st.integers(0, 60))


@given(WHEELS, BUDGETS)
def test_every_wheel_is_in_one_layer(wheels: list[Wheel], budget: Budget) -> None:
    layers = partition(wheels, budget)

    assert sorted(wheel for layer in layers for wheel in layer) == sorted(wheels)
    assert all(layers)


@given(WHEELS, st.integers(1, 124), st.none() | st.integers(0, 60))
def test_there_are_never_more_layers_than_the_budget(
    wheels: list[Wheel], layers: int, alone: int | None
) -> None:
    budget = Budget.within(layers, alone)

    assert len(partition(wheels, budget)) <= budget.alone + budget.groups <= layers
    assert 1 <= budget.groups <= GROUPS


@given(WHEELS, BUDGETS, st.data())
def test_the_order_in_which_wheels_come_does_not_matter(
    wheels: list[Wheel], budget: Budget, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(wheels))

    assert partition(shuffled, budget) == partition(wheels, budget)


@given(WHEELS, BUDGETS)
def test_wheels_that_lie_alone_are_the_largest_and_in_order(
    wheels: list[Wheel], budget: Budget
) -> None:
    layers = partition(wheels, budget)
    large = sum(wheel.size >= ALONE_FROM for wheel in wheels)
    alone = layers[: min(large, budget.alone)]
    shared = [wheel for layer in layers[len(alone) :] for wheel in layer]
    powers = [wheel.size.bit_length() for (wheel,) in alone]

    assert powers == sorted(powers, reverse=True)
    assert all(wheel.size.bit_length() <= min(powers, default=99) for wheel in shared)
    assert all(wheel.size >= ALONE_FROM for (wheel,) in alone)


@given(WHEELS, BUDGETS, st.data())
def test_a_bump_changes_only_the_layers_that_held_the_wheel_or_will(
    wheels: list[Wheel], budget: Budget, data: st.DataObject
) -> None:
    """Within its power of two for a large wheel, as a small one for a small wheel."""
    if not wheels:
        return
    old = data.draw(st.sampled_from(wheels))
    new = Wheel(old.name, data.draw(like(old.size)), 2)

    before = partition(wheels, budget)
    after = partition([new if wheel == old else wheel for wheel in wheels], budget)

    assert without(before, old) == without(after, new)
    assert len(set(after) - set(before)) == 1


@given(WHEELS, BUDGETS, NAMES, SMALL)
def test_a_small_wheel_that_comes_or_goes_changes_one_layer(
    wheels: list[Wheel], budget: Budget, name: str, size: int
) -> None:
    fewer = [wheel for wheel in wheels if wheel.name != name]
    wheel = Wheel(name, size)

    before = partition(fewer, budget)
    after = partition([*fewer, wheel], budget)

    assert set(without(after, wheel)) == set(before)
    assert len(set(after) - set(before)) == 1


@given(WHEELS, BUDGETS, st.data())
def test_sizes_that_drift_within_a_power_of_two_move_nothing(
    wheels: list[Wheel], budget: Budget, data: st.DataObject
) -> None:
    drifted = [Wheel(wheel.name, data.draw(like(wheel.size))) for wheel in wheels]

    assert names(partition(drifted, budget)) == names(partition(wheels, budget))


@given(WHEELS, BUDGETS, NAMES, SIZES)
def test_a_wheel_more_moves_at_most_one_other(
    wheels: list[Wheel], budget: Budget, name: str, size: int
) -> None:
    """Even at the cap: who falls off it goes to a group, and nobody else stirs."""
    fewer = [wheel for wheel in wheels if wheel.name != name]

    before = partition(fewer, budget)
    after = partition([*fewer, Wheel(name, size)], budget)

    assert len(set(after) - set(before)) <= 2


def like(size: int) -> st.SearchStrategy[int]:
    """Give sizes of the same power of two."""
    top = size.bit_length()
    return st.integers(1 << (top - 1), (1 << top) - 1) if top else st.just(0)


def without(layers: Layers, wheel: Wheel) -> list[tuple[Wheel, ...]]:
    left = (tuple(each for each in layer if each != wheel) for layer in layers)
    return [layer for layer in left if layer]


def names(layers: Layers) -> list[list[str]]:
    return [[wheel.name for wheel in layer] for layer in layers]
