"""What a layer's key depends on, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.lock.model import Wheel
from lamina.plan.bytecode import Bytecode
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import Limits, plan_wheels
from lamina.plan.wheel import PlannedWheel

RECIPE = Recipe("/opt/venv", "3.12")
BYTECODE = Bytecode(3531, "3.12.4", "cpython-312")
FILENAME = "demo-1.0-py3-none-any.whl"
DEMO = PlannedWheel(
    "demo",
    "1.0",
    Wheel(FILENAME, f"https://index.example/{FILENAME}", hash=f"sha256:{'a' * 64}", size=1000),
    f"sha256:{'a' * 64}",
    1000,
)


def key(*wheels: PlannedWheel, recipe: Recipe = RECIPE) -> str:
    (plan,) = plan_wheels(wheels, recipe, Limits(3, None), others=1)
    return str(plan.key)


def test_keys_are_those_of_earlier_releases() -> None:
    """Where one changes, every layer in the field is made and pushed again."""
    other = replace(DEMO, name="other", hash=f"sha256:{'b' * 64}")
    direct = replace(DEMO, direct_url=b'{"url":"https://files.example/demo.whl"}')

    assert key(DEMO) == FROZEN[0]
    assert key(DEMO, other) == FROZEN[1]
    assert key(direct) == FROZEN[2]


FROZEN = (
    "sha256:6e2ea6a46e7dc9c678c1bf01682e699456beb26c497501e7b6d9e5b256f52dda",
    "sha256:d45678ea20c697e3e5970353def4e51fe266554ab4f392e96de789337fec866f",
    "sha256:2ce3cc9a02197b0dc0a1bfa3d45420e8af752c6974d35637f1a0209ebf951ab7",
)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(DEMO, hash=f"sha256:{'b' * 64}"), id="hash"),
        pytest.param(replace(DEMO, direct_url=b"{}"), id="origin"),
    ],
)
def test_a_key_depends_on_what_is_in_the_layer(other: PlannedWheel) -> None:
    assert key(other) != key(DEMO)


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(Recipe("/srv/venv", "3.12"), id="prefix"),
        pytest.param(Recipe("/opt/venv", "3.13"), id="Python"),
        pytest.param(Recipe("/opt/venv", "3.12t"), id="free-threaded Python"),
        pytest.param(Recipe("/opt/venv", "3.12", BYTECODE), id="bytecode"),
    ],
)
def test_a_key_depends_on_the_recipe(recipe: Recipe) -> None:
    assert key(DEMO, recipe=recipe) != key(DEMO)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(BYTECODE, magic=3530), id="magic number"),
        pytest.param(replace(BYTECODE, compiler="3.12.5"), id="compiler"),
        pytest.param(replace(BYTECODE, tag="cpython-312t"), id="tag"),
    ],
)
def test_a_key_depends_on_what_compiles(other: Bytecode) -> None:
    one = key(DEMO, recipe=replace(RECIPE, bytecode=BYTECODE))

    assert key(DEMO, recipe=replace(RECIPE, bytecode=other)) != one


def test_keys_with_bytecode_are_those_of_earlier_releases() -> None:
    assert (
        key(DEMO, recipe=replace(RECIPE, bytecode=BYTECODE))
        == "sha256:98e64ebe9034cf9be6f6b6e63fa5fbb439b65da03315dceec8ea6aaf3270d822"
    )


def test_a_key_does_not_depend_on_where_the_wheel_lies() -> None:
    mirror = Wheel(FILENAME, f"https://me:secret@mirror.example/{FILENAME}?token=1")
    local = Wheel(FILENAME, path=f"/home/me/wheels/{FILENAME}")

    assert key(replace(DEMO, artifact=mirror)) == key(replace(DEMO, artifact=local)) == key(DEMO)


def test_a_key_does_not_depend_on_the_order_of_the_lock() -> None:
    other = replace(DEMO, name="other", hash=f"sha256:{'b' * 64}")

    assert key(DEMO, other) == key(other, DEMO)


def test_a_key_does_not_depend_on_the_order_in_which_it_is_said() -> None:
    assert LayerKey.of({"a": 1, "b": 2}) == LayerKey.of({"b": 2, "a": 1})
    assert LayerKey.of({"a": 1}) != LayerKey.of({"a": 2})
