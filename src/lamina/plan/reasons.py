"""Why a layer is not had already, for each distribution in it, by what there was before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from lamina.plan.contents import InLayer
from lamina.plan.key import Recipe
from lamina.plan.plan import LayerPlan
from lamina.plan.wheel import PlannedWheel

NOT_READABLE = "cache not readable"
_MOST_CHANGES = 4


@dataclass(frozen=True, slots=True)
class Earlier:
    """A layer of before."""

    distributions: Sequence[InLayer]
    recipe: Mapping[str, object] | None = None
    """How its wheels were unpacked, where that is known: see `Recipe.to_json`."""


def reasons(
    plan: LayerPlan, recipe: Recipe, images: Iterable[Earlier], store: Iterable[Earlier]
) -> Mapping[str, str]:
    """Return, for each distribution of a missing layer by its name, why it is missing.

    The layers of earlier ``images`` count in their order, before those of the store, which has
    no order.
    """
    known = (list(images), list(store))
    return {wheel.name: _reason(wheel, plan, recipe, *known) for wheel in plan.wheels}


def _reason(
    wheel: PlannedWheel,
    plan: LayerPlan,
    recipe: Recipe,
    images: Sequence[Earlier],
    store: Sequence[Earlier],
) -> str:
    holders = [
        layer
        for layer in (*images, *store)
        if any(each.hash == wheel.hash for each in layer.distributions)
    ]
    if holders:
        return _neighbours(plan, recipe, holders)
    for layers in (images, store):
        had = [each for layer in layers for each in layer.distributions if each.name == wheel.name]
        if any(each.version == wheel.version for each in had):
            return "built of something else, or otherwise" if wheel.is_built else "hash changed"
        if had:
            before = had[0] if layers is images else max(had, key=_version)
            return f"version {before.version} -> {wheel.version}"
    return "new"


def _neighbours(plan: LayerPlan, recipe: Recipe, holders: Sequence[Earlier]) -> str:
    """Say what sets a layer apart from the likest of those that hold the same wheel."""
    wanted = {wheel.name: wheel for wheel in plan.wheels}
    hashes = {wheel.hash for wheel in plan.wheels}
    nearest = max(
        holders, key=lambda layer: sum(each.hash in hashes for each in layer.distributions)
    )
    if (changed := _recipes(nearest.recipe, recipe)) is not None:
        return changed
    had = {each.name: each for each in nearest.distributions}
    changes = [
        _change(name, had.get(name), wanted.get(name))
        for name in sorted({*had, *wanted})
        if name not in had or name not in wanted or had[name].hash != wanted[name].hash
    ]
    if not changes:
        return "recipe changed"
    more = f" and {len(changes) - _MOST_CHANGES} more" if len(changes) > _MOST_CHANGES else ""
    return f"shares a layer with {', '.join(changes[:_MOST_CHANGES])}{more}"


def _recipes(before: Mapping[str, object] | None, now: Recipe) -> str | None:
    """Say how wheels are unpacked otherwise than before, if they are and that is known."""
    wanted = now.to_json()
    if before is None or before == wanted:
        return None
    if before.get("python") != wanted["python"]:
        return f"python {before.get('python')} -> {wanted['python']}"
    old, new = before.get("bytecode"), wanted.get("bytecode")
    return "recipe changed" if old == new else _bytecode(old, new)


def _bytecode(before: object, now: object) -> str:
    """Say how modules are compiled otherwise than before."""
    old, new = _compiler(before), _compiler(now)
    if before is None or now is None:
        return "bytecode wanted" if before is None else "bytecode no longer wanted"
    if old is None or old == new:
        return "bytecode changed"
    return f"bytecode of Python {old} -> {new}"


def _compiler(document: object) -> str | None:
    match document:
        case {"compiler": str(compiler)}:
            return compiler[:20]
        case _:
            return None


def _change(name: str, old: InLayer | None, new: PlannedWheel | None) -> str:
    if old is None:
        return f"{name} (new there)"
    if new is None:
        return f"{name} (gone from there)"
    if old.version == new.version:
        return f"{name} (hash changed)"
    return f"{name} ({old.version} -> {new.version})"


def _version(each: InLayer) -> Version:
    try:
        return Version(each.version)
    except InvalidVersion:
        return Version("0")


def unreadable(plan: LayerPlan) -> Mapping[str, str]:
    """Return the reasons where what there was before cannot be read."""
    return {wheel.name: NOT_READABLE for wheel in plan.wheels}
