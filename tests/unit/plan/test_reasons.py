"""Why a layer is not had already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lamina.archive.blob import Extent
from lamina.lock.model import Wheel
from lamina.plan.bytecode import Bytecode
from lamina.plan.contents import InLayer
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.reasons import Earlier, reasons, unreadable
from lamina.plan.wheel import PlannedWheel

RECIPE = Recipe("/opt/venv", "3.12")


def had(name: str, version: str = "1.0", hash_: str = "") -> InLayer:
    return InLayer(name, version, hash_ or f"sha256:{name}{version}", 1, (), Extent(0, 1))


def planned(name: str) -> PlannedWheel:
    return PlannedWheel(name, "1.0", Wheel(f"{name}.whl"), f"sha256:{name}1.0", 1)


BYTECODE = Bytecode(3531, "3.12.4", "cpython-312")
MISSING = LayerPlan(LayerKind.WHEELS, LayerKey("0" * 64), "", tuple(map(planned, "abc")))


def reason(*layers: Sequence[InLayer], recipe: Recipe = RECIPE) -> str:
    """Return why `a` is missing, given the layers of an earlier image."""
    images = [Earlier(layer, recipe.to_json()) for layer in layers]
    return reasons(MISSING, RECIPE, images, [])["a"]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], "new"),
        ([[had("b")]], "new"),
        ([[had("a", "0.9")], [had("a", "0.8")]], "version 0.9 -> 1.0"),
        ([[had("a", "1.0", "sha256:else")]], "hash changed"),
        (
            [[had("a"), had("b", "0.9"), had("d")], [had("a")]],
            "shares a layer with b (0.9 -> 1.0), c (new there), d (gone from there)",
        ),
        (
            [[had("a"), had("b"), had("c", "1.0", "sha256:else")]],
            "shares a layer with c (hash changed)",
        ),
        (
            [[had("a"), *(had(name) for name in "defghi")]],
            "shares a layer with b (new there), c (new there), d (gone from there), "
            "e (gone from there) and 4 more",
        ),
        ([[had("a"), had("b"), had("c")]], "recipe changed"),
    ],
)
def test_the_reason_goes_by_what_there_was(
    layers: Sequence[Sequence[InLayer]], expected: str
) -> None:
    assert reason(*layers) == expected


def test_another_python_is_named() -> None:
    whole = [had("a"), had("b"), had("c")]

    assert reason(whole, recipe=Recipe("/opt/venv", "3.11")) == "python 3.11 -> 3.12"
    assert reason(whole, recipe=Recipe("/srv/venv", "3.12")) == "recipe changed"


def test_earlier_images_count_before_the_store_whose_newest_counts() -> None:
    store = [Earlier([had("a", version)]) for version in ("0.9", "0.10", "odd version")]
    image = [Earlier([had("a", "0.5")], RECIPE.to_json())]

    assert reasons(MISSING, RECIPE, [], store)["a"] == "version 0.10 -> 1.0"
    assert reasons(MISSING, RECIPE, image, store)["a"] == "version 0.5 -> 1.0"


def test_what_cannot_be_read_is_told_of_all() -> None:
    assert unreadable(MISSING) == dict.fromkeys("abc", "cache not readable")


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, BYTECODE, "bytecode wanted"),
        (BYTECODE, None, "bytecode no longer wanted"),
        (replace(BYTECODE, compiler="3.12.3"), BYTECODE, "bytecode of Python 3.12.3 -> 3.12.4"),
        (replace(BYTECODE, magic=3530), BYTECODE, "bytecode changed"),
    ],
)
@pytest.mark.parametrize("place", ["image", "store"])
def test_a_change_of_bytecode_is_the_reason(
    before: Bytecode | None, now: Bytecode | None, expected: str, place: str
) -> None:
    layer = Earlier([had("a"), had("b"), had("c")], replace(RECIPE, bytecode=before).to_json())
    recipe = replace(RECIPE, bytecode=now)
    places: tuple[list[Earlier], list[Earlier]] = ([layer], [])

    found = reasons(MISSING, recipe, *(places if place == "image" else places[::-1]))

    assert found == dict.fromkeys("abc", expected)


def test_a_recipe_of_another_form_is_no_reason_to_fail() -> None:
    odd = {**RECIPE.to_json(), "bytecode": ["what"]}

    recipe = replace(RECIPE, bytecode=BYTECODE)

    found = reasons(MISSING, recipe, [Earlier([had("a"), had("b"), had("c")], odd)], [])

    assert found["a"] == "bytecode changed"


def test_what_is_built_otherwise_is_told_apart_from_another_file() -> None:
    wheel = replace(planned("a"), hash="built:0")
    plan = replace(MISSING, wheels=(wheel,))
    earlier = [Earlier([had("a", "1.0", "built:1")], RECIPE.to_json())]

    assert reasons(plan, RECIPE, earlier, []) == {"a": "built of something else, or otherwise"}
