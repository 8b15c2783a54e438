"""Paths that several distributions own, and which of them has its way."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamina.errors import LaminaError
from lamina.plan.contents import InLayer, below_prefix, top
from lamina.wheel.record import Row


class Incompatible(LaminaError):
    """Distributions of which one has a file where another has a directory."""


@dataclass(frozen=True, slots=True, order=True)
class Collision:
    """A path that is not the same in all distributions that own it."""

    path: str
    """Relative to the environment's prefix."""
    owners: tuple[str, ...]
    """Names, sorted; the last one's file is the one that stands."""

    @property
    def winner(self) -> str:
        """The distribution whose file stands."""
        return self.owners[-1]


def circles(distributions: Iterable[InLayer]) -> list[tuple[InLayer, ...]]:
    """Return those that share top-level names, in circles that share none; each sorted by name.

    Only distributions of one circle can collide, so each is looked at by itself.
    """
    ordered = sorted(distributions, key=lambda distribution: distribution.name)
    common = common_tops(ordered)
    found: list[tuple[set[str], list[InLayer]]] = []
    for each in ordered:
        tops = {name for top in common.intersection(each.tops) for name in (top, *_above(top))}
        if not tops:
            continue
        touched = [circle for circle in found if not tops.isdisjoint(circle[0])]
        found = [circle for circle in found if circle not in touched]
        found.append(
            (
                tops.union(*(names for names, _ in touched)),
                [*(member for _, members in touched for member in members), each],
            )
        )
    members = (sorted(circle, key=lambda distribution: distribution.name) for _, circle in found)
    return sorted(map(tuple, members), key=lambda circle: circle[0].name)


def _above(top: str) -> list[str]:
    """Return the name that a top of two parts lies below: as a file, it would be in the way."""
    above = posixpath.dirname(top)
    return [] if posixpath.basename(above) in ("", "..") else [above]


def collisions(
    records: Mapping[str, Sequence[Row]], site_packages: str, common: Collection[str]
) -> list[Collision]:
    """Return the paths with different content, sorted, from the RECORD of each distribution.

    ``site_packages`` is relative to the prefix. Only paths below the tops ``common`` are looked
    at. Content is compared by what RECORD says; where it gives no hash, it counts as different.
    Raises `Incompatible`.
    """
    owners: dict[str, dict[str, Row]] = defaultdict(dict)
    for name in sorted(records):
        for row in records[name]:
            if top(row.path, site_packages) in common:
                owners[below_prefix(row.path, site_packages)][name] = row
    _refuse_files_as_directories(owners)
    return sorted(
        Collision(path, tuple(rows))
        for path, rows in owners.items()
        if len(rows) > 1 and not _alike(rows.values())
    )


def common_tops(distributions: Iterable[InLayer]) -> frozenset[str]:
    """Return the top-level names that several have, or that are a file where others lie below."""
    count = Counter(name for distribution in distributions for name in distribution.tops)
    below: dict[str, set[str]] = defaultdict(set)
    for name in count:
        below[posixpath.dirname(name)].add(name)
    nested = (below[name] | {name} for name in count if name in below)
    return frozenset(name for name in count if count[name] > 1).union(*nested)


def _alike(rows: Iterable[Row]) -> bool:
    contents = {(row.hash, row.size) for row in rows}
    return len(contents) == 1 and bool(next(iter(contents))[0])


def _refuse_files_as_directories(owners: Mapping[str, Mapping[str, Row]]) -> None:
    problems = set()
    for path, rows in owners.items():
        at = path.rfind("/")
        while at > 0:
            above = owners.get(path[:at])
            if above is not None:
                file, folder = sorted(above)[-1], sorted(rows)[-1]
                problems.add(f"`{path[:at]}` is a file of {file} and a directory of {folder}")
            at = path.rfind("/", 0, at)
    if problems:
        lines = "".join(f"\n  {problem}" for problem in sorted(problems))
        raise Incompatible(f"Unable to put these distributions into one environment:{lines}")
