"""Why a distribution's layer is not in the store, as far as the store itself can tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from lamina.oci.document import MalformedDocument
from lamina.plan.contents import Contents, InLayer
from lamina.plan.plan import LayerPlan, PlannedWheel
from lamina.store.layers import Layers

_MOST_VERSIONS = 3
_MOST_CHANGES = 4


def known_layers(layers: Layers) -> list[Sequence[InLayer]]:
    """Return which distributions each layer of the store has; those without any are left out."""
    found: list[Sequence[InLayer]] = []
    for name in layers.documents:
        document = layers.documents.peek(name) or {}
        try:
            contents = Contents.from_json(document.get("contents"))
        except MalformedDocument:
            continue
        if contents.distributions:
            found.append(contents.distributions)
    return found


def reasons(plan: LayerPlan, known: Iterable[Sequence[InLayer]]) -> Mapping[str, str]:
    """Return, for each distribution of a missing layer by its name, why it is missing."""
    by_name: dict[str, list[InLayer]] = defaultdict(list)
    holders: dict[str, list[Sequence[InLayer]]] = defaultdict(list)
    for layer in known:
        for each in layer:
            by_name[each.name].append(each)
            holders[each.hash].append(layer)
    return {
        wheel.name: _neighbours(plan, holders[wheel.hash])
        if wheel.hash in holders
        else _own(wheel, by_name.get(wheel.name, ()))
        for wheel in plan.wheels
    }


def _own(wheel: PlannedWheel, others: Collection[InLayer]) -> str:
    """Say what the store has of a distribution whose wheel is in none of its layers."""
    if not others:
        return "the store has no layer with it"
    if any(other.version == wheel.version for other in others):
        return "the store has another wheel of this version"
    versions = sorted({other.version for other in others})
    more = ", ..." if len(versions) > _MOST_VERSIONS else ""
    return f"the store has it as {', '.join(versions[:_MOST_VERSIONS])}{more}"


def _neighbours(plan: LayerPlan, holders: Sequence[Sequence[InLayer]]) -> str:
    """Say what sets a layer apart from the likest of those that hold the same wheel."""
    wanted = {wheel.name: wheel for wheel in plan.wheels}
    hashes = {wheel.hash for wheel in plan.wheels}
    nearest = max(holders, key=lambda layer: sum(each.hash in hashes for each in layer))
    had = {each.name: each for each in nearest}
    changes = [
        _change(name, had.get(name), wanted.get(name))
        for name in sorted({*had, *wanted})
        if name not in had or name not in wanted or had[name].hash != wanted[name].hash
    ]
    if not changes:
        return "the store has it for another Python, prefix or origin"
    more = f" and {len(changes) - _MOST_CHANGES} more" if len(changes) > _MOST_CHANGES else ""
    return f"it shares a layer with {', '.join(changes[:_MOST_CHANGES])}{more}"


def _change(name: str, old: InLayer | None, new: PlannedWheel | None) -> str:
    if old is None:
        return f"{name} (new there)"
    if new is None:
        return f"{name} (gone from there)"
    if old.version == new.version:
        return f"{name} (another wheel)"
    return f"{name} ({old.version} -> {new.version})"
