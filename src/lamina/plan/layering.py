"""Which wheels share a layer, within a budget of layers.

Decided from names and sizes alone, so that a bump of one wheel changes only the layers that held it
or will hold it. Large wheels have a layer each, since they cost most to send again; small ones
share groups, chosen by rendezvous hashing, so that none moves because another came or went.
(docs/explanation/layering.md has the figures.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

ALONE_FROM = 256 << 10
"""From this size on, in bytes of the wheel, a wheel has a layer of its own."""
GROUPS = 16
DEFAULT_ALONE = 60
DEFAULT_LAYERS = 100
"""Of the whole image. Docker ends at 125; this leaves room for a ``FROM`` of ours."""
MOST_LAYERS = 125


class Sized(Protocol):
    """What layering needs to know of a wheel."""

    @property
    def name(self) -> str:
        """The normalized name of its project."""
        ...

    @property
    def size(self) -> int:
        """Its compressed size in bytes."""
        ...


S = TypeVar("S", bound=Sized)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many layers dependencies may have."""

    alone: int
    """How many wheels may have a layer each."""
    groups: int
    """How many layers the others share."""
    alone_from: int = ALONE_FROM
    """The least size of one that has a layer of its own."""

    @classmethod
    def within(cls, layers: int, alone: int | None = None) -> Budget:
        """Divide a number of layers, at least 1; ``alone`` caps the wheels with one each.

        >>> Budget.within(97, alone=60)
        Budget(alone=60, groups=16, alone_from=262144)
        >>> Budget.within(20)
        Budget(alone=10, groups=10, alone_from=262144)
        """
        if layers < 1:
            raise ValueError(f"layers must be at least 1, got {layers}")
        groups = min(GROUPS, max(1, layers // 2))
        rest = layers - groups
        return cls(rest if alone is None else min(alone, rest), groups)


def partition(wheels: Sequence[S], budget: Budget) -> tuple[tuple[S, ...], ...]:
    """Give each wheel its layer; lowest layer first, and in a group, by name.

    Rank and order go by the power of two of the size, falling, then by a hash of the name: a size
    that drifts a little changes nothing.
    """
    ranked = sorted(wheels, key=_rank)
    large = [wheel for wheel in ranked if wheel.size >= budget.alone_from][: budget.alone]
    alone = {wheel.name for wheel in large}
    groups: dict[int, list[S]] = {}
    for wheel in wheels:
        if wheel.name not in alone:
            groups.setdefault(group_of(wheel.name, budget.groups), []).append(wheel)
    return (
        *((wheel,) for wheel in large),
        *(tuple(sorted(groups[at], key=lambda wheel: wheel.name)) for at in sorted(groups)),
    )


def _rank(wheel: Sized) -> tuple[int, bytes]:
    return -wheel.size.bit_length(), _hash(wheel.name)


def group_of(name: str, groups: int) -> int:
    """Return the group whose hash with the name is highest (rendezvous hashing)."""
    return max(range(groups), key=lambda group: _hash(f"{group} {name}"))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
