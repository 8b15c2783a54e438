"""Why nothing can be chosen: the chain from a wish down to what is in the way."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.deb.binary import BinaryPackage
from lamina.deb.control import Relation
from lamina.deb.need import Depends, Forbids, Outgrows, Sibling, Wanted
from lamina.deb.search import DeadEnd, Obstacle
from lamina.deb.world import World

_LINES = 20
"""Of a chain: more are of no help."""


def explain(end: DeadEnd, world: World) -> list[str]:
    """Return a line for each need that is not met, each below the one that it comes from."""
    lines: dict[str, None] = {}
    told: set[DeadEnd] = set()
    waiting = [end]
    while waiting:
        one = waiting.pop()
        if one in told:
            continue
        told.add(one)
        lines.update(dict.fromkeys(_lines(one, world)))
        causes = (obstacle.cause for obstacle in one.obstacles)
        waiting.extend(reversed([cause for cause in causes if isinstance(cause, DeadEnd)]))
    shown = [*lines]
    if len(shown) > _LINES:
        shown = [*shown[:_LINES], f"... and {len(shown) - _LINES} more"]
    return shown


def _lines(end: DeadEnd, world: World) -> Iterator[str]:
    need = end.need
    clashes = [line for one in end.obstacles if (line := _clash(one, world)) is not None]
    match need.why:
        case Depends(relations):
            assert need.package is not None
            wanted = " | ".join(str(relation) for relation in relations)
            buts = clashes
            if not need.options:
                buts = [_absence(relation, world) for relation in relations]
            text = " and ".join(dict.fromkeys(buts))
            yield f"{need.package.name} depends on {wanted}" + (f", but {text}" if text else "")
            return
        case Forbids(holder, relation, installed):
            verb = "breaks" if relation in holder.breaks else "conflicts with"
            if holder is need.package:
                has = installed.version
                if installed.name != relation.name:
                    has = f"{installed.name} {has}"
                yield f"{holder.name} {verb} {relation}, and the base has {has}"
            else:
                yield f"{holder.name} of the base {verb} {relation}"
        case Outgrows(installed, relations):
            assert need.package is not None
            wanted = " | ".join(str(relation) for relation in relations)
            yield (
                f"{installed.name} of the base depends on {wanted}, "
                f"and {need.package.name} would be {need.package.version}"
            )
        case Sibling(installed):
            yield f"{installed.name} is in the base for {installed.architecture}"
        case Wanted(wish) if not need.options:
            yield _lack(wish.name, world)
        case _:
            pass
    yield from clashes


def _absence(relation: Relation, world: World) -> str:
    """Say what there is instead of what is needed."""
    asked = world.asked.get(relation.name)
    if asked:
        return f"{', '.join(one.version for one in asked)} is asked for"
    if (refused := _refusal(relation.name, world)) is not None:
        return refused
    versions = [one.version for one in world.fitting(relation.name)]
    of_base = world.of_base(relation.name)
    if of_base is not None and not any(one == of_base.version for one in versions):
        has = f", the archive {', '.join(versions)}" if versions else ""
        return f"the base {'holds' if of_base.is_held else 'has'} {of_base.version}{has}"
    if versions:
        return f"the archive has {', '.join(versions)}"
    if any(world.fitting(name) for name in world.index.providers(relation.name)):
        return "what the archive has for it is of another version"
    return "it is not in the archive"


def _lack(name: str, world: World) -> str:
    """Say why there is no version that could be taken, though somebody asks for the package."""
    of_base = world.of_base(name)
    if of_base is not None and of_base.is_held:
        return f"{name} is held in the base, at {of_base.version}"
    refused = None if name in world.asked else _refusal(name, world)
    return refused or f"no version of {name} is all that is asked for"


def _refusal(name: str, world: World) -> str | None:
    """Say that preferences admit no version of a package, where that is so."""
    found = world.fitting(name)
    if not found or any(one.priority > 0 for one in found) or world.of_base(name) is not None:
        return None
    versions = ", ".join(one.version for one in found)
    return f"the preferences of the base's apt refuse {name} {versions}"


def _clash(obstacle: Obstacle, world: World) -> str | None:
    """Say what is in the way of an option, unless that is told in lines of its own."""
    option, other = obstacle.option, obstacle.cause
    if isinstance(other, DeadEnd):
        return None
    if other.name == option.name:
        return f"{other.name} is to be {other.version}"
    return next(
        _forbidding(holder, relation, victim)
        for holder, victim in ((option, other), (other, option))
        for relation in holder.forbids
        if victim.is_hit_by(relation, native=world.architecture)
    )


def _forbidding(holder: BinaryPackage, relation: Relation, victim: BinaryPackage) -> str:
    verb = "breaks" if relation in holder.breaks else "conflicts with"
    which = "" if victim.name == relation.name else f", which {victim.name} provides"
    return f"{holder.name} {verb} {relation}{which}"
