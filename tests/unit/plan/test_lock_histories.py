"""What layering saves, measured on what real applications' lockfiles chose over time.

The data lies beside the repository, in ``../shared/data/lock-histories``; its README says how it
was gathered. Sizes that no lock told are not guessed: such a wheel is left out, on both sides of
every sum. Each step is seen by somebody who has the image before and nothing else.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from lamina.plan.layering import DEFAULT_ALONE, Budget, partition

pytestmark = pytest.mark.integration
"""A proof on outside data, that takes as long as a fifth of all unit tests."""

HISTORIES = Path(__file__).resolve().parents[3] / "../shared/data/lock-histories"
ROOM = 92
"""Of the 100 layers, those left by a base of five, a skeleton, a project and overrides."""


class Wheel(NamedTuple):
    name: str
    hash: str
    size: int


Image = tuple[tuple[Wheel, ...], ...]
Layering = Callable[[Sequence[Wheel]], Image]


@dataclass
class Sums:
    """Bytes, over all steps of all histories."""

    changed: int = 0
    """Of the wheels that were added or changed."""
    pulled: int = 0
    """Of the layers that the image before had not."""
    pulled_by_order: int = 0
    """Of the layers above the lowest change: Docker's classic store keys a layer by all below."""
    layers: list[int] = field(default_factory=list)

    def add(self, changed: int, before: Image, after: Image) -> None:
        self.changed += changed
        known = set(before)
        self.pulled += sum(size(layer) for layer in after if layer not in known)
        changes = (at for at, layer in enumerate(after) if before[at : at + 1] != (layer,))
        self.pulled_by_order += sum(map(size, after[next(changes, len(after)) :]))
        self.layers.append(len(after))

    def __str__(self) -> str:
        return (
            f"{self.pulled / self.changed:.3f} times the changed bytes; Docker's classic store "
            f"{self.pulled_by_order / self.changed:.2f}; {max(self.layers)} layers at most"
        )


def ours(wheels: Sequence[Wheel]) -> Image:
    return partition(wheels, Budget.within(ROOM, DEFAULT_ALONE))


def one_for_all(wheels: Sequence[Wheel]) -> Image:
    return (tuple(sorted(wheels)),)


def ten_and_the_rest(wheels: Sequence[Wheel]) -> Image:
    ranked = sorted(wheels, key=lambda wheel: (-wheel.size, wheel.name))
    return (*((wheel,) for wheel in ranked[:10]), tuple(sorted(ranked[10:])))


def size(layer: Iterable[Wheel]) -> int:
    return sum(wheel.size for wheel in layer)


def steps(path: Path) -> Iterator[tuple[list[Wheel], int]]:
    """Give what is installed after each step that moves it, and the bytes that it brought."""
    installed: dict[str, Wheel] = {}
    for step in json.loads(gzip.decompress(path.read_bytes()))["steps"]:
        moved = [name for name, *_ in (*step["removed"], *step["added"], *step["changed"])]
        if not moved:
            continue
        for name in moved:
            installed.pop(name, None)
        came = [
            Wheel(name, hash_, size)
            for name, _, _, hash_, size in (*step["added"], *step["changed"])
            if size is not None
        ]
        installed.update((wheel.name, wheel) for wheel in came)
        yield list(installed.values()), size(came)


@pytest.fixture(scope="module")
def sums() -> dict[str, Sums]:
    layerings: dict[str, Layering] = {
        "a layer a wheel": ours,
        "one layer for all": one_for_all,
        "ten largest and the rest": ten_and_the_rest,
    }
    paths = sorted(HISTORIES.glob("*.json.gz"))
    assert paths, f"no lock histories in {HISTORIES}"
    found = {name: Sums() for name in layerings}
    for path in paths:
        images: dict[str, Image] = {}
        for installed, changed in steps(path):
            for name, layering in layerings.items():
                image = layering(installed)
                if name in images:
                    found[name].add(changed, images[name], image)
                images[name] = image
    return found


def test_new_layers_hold_little_more_than_the_wheels_that_changed(sums: dict[str, Sums]) -> None:
    replayed = sums["a layer a wheel"]

    assert replayed.pulled <= 1.10 * replayed.changed
    assert max(replayed.layers) <= ROOM


def test_other_ways_to_layer_cost_several_times_as_much(sums: dict[str, Sums]) -> None:
    replayed = sums["a layer a wheel"]

    assert sums["one layer for all"].pulled > 5 * replayed.pulled
    assert sums["ten largest and the rest"].pulled > 2 * replayed.pulled


def test_what_stores_pull_is_printed(
    sums: dict[str, Sums],
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = [f"{name}: {replayed}" for name, replayed in sums.items()]

    for line in lines:
        record_property("lock histories", line)
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"  {line}\n" for line in lines))

    assert all(replayed.pulled <= replayed.pulled_by_order for replayed in sums.values())
