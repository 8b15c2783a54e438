"""The plan: which layers the image has, each with its key, before any is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from lamina.deb.package import DebianPackage
from lamina.errors import LaminaError
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.layering import (
    DEFAULT_ALONE,
    DEFAULT_LAYERS,
    MOST_LAYERS,
    Budget,
    partition,
)
from lamina.plan.wheel import PlannedWheel


class TooManyLayers(LaminaError):
    """The base and the copies leave no layer for the dependencies."""


class LayerKind(Enum):
    """What a layer is made from."""

    BASE = "base"
    SYSTEM = "system"
    SKELETON = "skeleton"
    WHEELS = "wheels"
    OVERRIDES = "overrides"
    FILES = "files"
    PROJECT = "project"
    OTHER = "other"
    """What others have put there."""


Fetched = PlannedWheel | DebianPackage
"""What layers are made of, and comes over the network."""


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One layer to be had: from where it is known, or made."""

    kind: LayerKind
    key: LayerKey
    title: str
    """What is in it, for history and output."""
    wheels: tuple[PlannedWheel, ...] = ()
    packages: tuple[DebianPackage, ...] = ()
    """Those of Debian whose files are in it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many layers there may be."""

    layers: int = DEFAULT_LAYERS
    """Of the whole image, the base's included."""
    alone: int | None = DEFAULT_ALONE
    """How many wheels may have a layer each; None, as many as there is room for."""

    @classmethod
    def of(cls, layers: int | None) -> Limits:
        """Return the limits for what the user asked for."""
        return cls() if layers is None else cls(layers, None)


def plan_wheels(
    wheels: Sequence[PlannedWheel], recipe: Recipe, limits: Limits, *, others: int
) -> tuple[LayerPlan, ...]:
    """Return the layers of the dependencies, lowest first.

    ``others`` counts all other layers of the image: the base's, the environment's skeleton,
    copies, the project. One more is kept free for overrides, so that a collision that comes or
    goes moves no wheel.
    """
    limit = min(limits.layers, MOST_LAYERS)
    room = limit - others - 1
    if room < min(1, len(wheels)):
        more = f"Pass a higher `--layers` (at most {MOST_LAYERS}), or copy"
        raise TooManyLayers(
            f"No layer is left for the dependencies: the limit is {limit}, and the base, "
            f"the copied files and the environment take {others + 1}",
            hint=f"{more if limit < MOST_LAYERS else 'Copy'} in fewer entries",
        )
    if not wheels:
        return ()
    return tuple(
        _wheels_plan(layer, recipe)
        for layer in partition(wheels, Budget.within(room, limits.alone))
    )


def _wheels_plan(wheels: tuple[PlannedWheel, ...], recipe: Recipe) -> LayerPlan:
    key = LayerKey.of(
        {
            "kind": LayerKind.WHEELS.value,
            "recipe": recipe.to_json(),
            "distributions": [wheel.to_json() for wheel in wheels],
        }
    )
    return LayerPlan(LayerKind.WHEELS, key, ", ".join(map(str, wheels)), wheels)
