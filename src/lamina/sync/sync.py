"""The pipeline to the disk: selection -> steps -> trees -> environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.environment.place import PlaceUnusable
from lamina.environment.tree import Fill
from lamina.lock.select import Selection
from lamina.lock.target import Target
from lamina.make.chosen import plan_all, sources_of, versions_of
from lamina.make.parallel import side_by_side
from lamina.make.source_trees import SourceTrees
from lamina.make.wheels import Wheels
from lamina.make.workshop import Workshop
from lamina.plan.wheel import PlannedWheel
from lamina.project.building import Building
from lamina.sync.changes import Action, Manner, Step, Wish, changes
from lamina.sync.environment import Environment
from lamina.sync.errors import EnvironmentUnusable, NotMadeAnew, explained
from lamina.sync.hands import Hands
from lamina.sync.install import Installation, check_free, check_new, losers, with_free_bulk
from lamina.sync.installed import Installed, read_installed
from lamina.sync.legacy import NotRemovable, is_removable, read_legacy
from lamina.sync.link import Linker, LinkMode
from lamina.sync.records import Owned, Place
from lamina.sync.remove import remove
from lamina.sync.supply import Supplied, Supply, tree_key
from lamina.sync.wishes import Wishes

if TYPE_CHECKING:
    from lamina.sync.from_image import FromImage
    from lamina.sync.image import SourceImage
    from lamina.sync.making import Making

_PARALLEL = 8
_MUCH = 1 << 19
"""Of indexes, in bytes: from some 5000 files on, processes are worth their start."""

Make = Callable[[Fill], object]
"""Makes an environment; raises `PlaceUnusable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOrder:
    """What an environment is to have, and how it comes to it."""

    folder: Path
    """With the lockfile, to which its paths are relative."""
    environment: Environment
    make: Make | None = None
    """Makes the environment anew, with what is put into it; None of one that is there."""
    target: Target
    selection: Selection
    building: Building = field(default_factory=Building)
    manner: Manner = field(default_factory=Manner)
    link_mode: LinkMode | None = None
    is_editable: bool = True
    image: Callable[[], SourceImage] | None = None
    """What has all that is to be installed and is not here; without, an index is asked."""
    wishes: Sequence[Wish] | None = None
    """What is wanted instead of the selection: what the image has."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of it."""

    steps: tuple[Step, ...]
    """Sorted by name."""
    supplied: Mapping[str, Supplied] = field(default_factory=dict)
    """What was installed, by name."""
    is_anew: bool = False
    """Whether the environment was made anew."""
    image: SourceImage | None = None
    """What was looked at to have it; None, if nothing was to be had."""

    @property
    def has_changed(self) -> bool:
        """Whether anything was to be done."""
        return self.is_anew or any(step.is_change for step in self.steps)


@dataclass(frozen=True, slots=True)
class Sync:
    """The work on one environment, which must be locked meanwhile."""

    order: SyncOrder
    workshop: Workshop
    wheels: Wheels
    trees: SourceTrees

    @classmethod
    def of(cls, order: SyncOrder, workshop: Workshop) -> Sync:
        """Return the work that an order is."""
        selection, target = order.selection, order.target
        wheels = sources_of(order.folder, order.building, target, selection, workshop)
        trees = SourceTrees(workshop, target, order.building, versions_of(selection))
        return cls(order, workshop, wheels, trees)

    def plan(self) -> Synced:
        """Return what is to be done; nothing is changed, and nothing fetched.

        Raises `NotInImage` for all that the image should have, and has not.
        """
        order, wishes = self.order, self.order.wishes
        if wishes is None:
            found = Wishes(self.trees, self.wheels.archives, order.folder, order.is_editable)
            wishes = found.of(order.selection)
        steps = changes(wishes, self._installed(), order.manner)
        _check_removable(steps, self._place.site)
        image, wanted = None, _wanted(steps)
        if order.image is not None and (wanted or order.wishes is not None):
            image = order.image()
            with ExitStack() as stack:
                self._of_image(image, self._supplier(stack)).check(wanted)
        return Synced(steps, is_anew=order.make is not None, image=image)

    def run(self, lock: int | None = None) -> Synced:
        """Bring the environment up to date. All is had before anything is changed.

        ``lock`` is the file that keeps others from changing it.
        """
        plan = self.plan()
        if not plan.has_changed:
            return plan
        steps, place = plan.steps, self._place
        hands = Hands(() if lock is None else (lock,))
        with ExitStack() as stack:
            stack.callback(hands.close)
            kept = Owned.read(place, _staying(steps))
            supplied = self._supply([step for step in steps if step.installs], hands, stack)
            steps = _with_neighbours(steps, place, kept)
            again = [step for step in steps if step.installs and step.name not in supplied]
            supplied |= self._supply(again, hands, stack)
            ready = [supplied[name] for name in sorted(supplied)]
            if self.order.make is None:
                self._change(steps, ready, hands)
            else:
                self._make_anew(self.order.make, ready, hands)
        return replace(plan, steps=steps, supplied=supplied)

    def _installed(self) -> list[Installed]:
        """Return what is there; of what is replaced as a whole, nothing is looked at."""
        if self.order.make is not None:
            return []
        site = self._place.site
        return [*read_installed(site), *read_legacy(site)]

    @property
    def _place(self) -> Place:
        return Place(self.order.environment.scheme)

    def _supply(self, steps: Sequence[Step], hands: Hands, stack: ExitStack) -> dict[str, Supplied]:
        """Have all that is to be installed, by name."""
        supply, wishes = self._supplier(stack), _wanted(steps)
        if self.order.image is not None:
            return self._of_image(self.order.image(), supply).have(wishes)
        planned = {
            wheel.name: wheel
            for wheel in plan_all(
                [wish.distribution for wish in wishes],
                supply.plan,
                self.order.target,
                self.workshop,
            )
        }
        sound = self._sound(map(tree_key, planned.values()), hands)
        return self._had(replace(supply, sound=sound), planned, wishes)

    def _sound(self, keys: Iterable[str], hands: Hands) -> frozenset[str]:
        """Return which of these trees are there, each file as it was made."""
        trees = self.workshop.store.trees
        sizes = {key: trees.index_size(key) for key in keys}
        if sum(sizes.values()) > _MUCH:
            hands.start(self.workshop.makers)
        there = sorted((key for key, size in sizes.items() if size), key=lambda key: -sizes[key])
        are_sound = side_by_side(
            lambda key: hands.do("is_as_made", str(trees.path(key))),
            there,
            threads=hands.count,
            interrupt=lambda: None,
        )
        return frozenset(key for key, is_sound in zip(there, are_sound, strict=True) if is_sound)

    def _supplier(self, stack: ExitStack) -> Supply:
        @cache
        def making() -> Making:
            from lamina.sync.making import Making  # Here, since most trees are in the store.

            return Making.within(self.workshop)

        scheme = self.order.environment.scheme
        return Supply(self.workshop, self.wheels, self.trees, scheme, making, stack)

    def _of_image(self, image: SourceImage, supply: Supply) -> FromImage:
        from lamina.sync.from_image import FromImage  # Here, since most have nothing of an image.

        order = self.order
        is_alone = order.wishes is not None
        wanted = order.selection.distributions if order.wishes is None else order.wishes
        names = frozenset(each.name for each in wanted)
        return FromImage(image, supply, order.target, order.folder, names, is_alone)

    def _had(
        self, supply: Supply, planned: Mapping[str, PlannedWheel], wishes: Iterable[Wish]
    ) -> dict[str, Supplied]:
        found = side_by_side(
            lambda wish: (wish.name, supply.supply(wish, planned.get(wish.name))),
            wishes,
            threads=_PARALLEL,
            interrupt=self.wheels.interrupt,
        )
        return dict(found)

    def _change(self, steps: Sequence[Step], supplied: Sequence[Supplied], hands: Hands) -> None:
        """Remove, then install."""
        place = self._place
        kept = Owned.read(place, _staying(steps))
        leaving = [each for step in steps if step.removes for each in step.installed]
        left = Owned.read(place, leaving)
        supplied = with_free_bulk(place, place.prefix, supplied, kept)
        wheels = [each.unpacked for each in supplied]
        check_free(place, wheels, left.rows.keys() | kept.rows.keys())
        with explained(place.prefix):
            for each in leaving:
                remove(place, each, kept.rows.keys())
            self._install(supplied, kept, place.prefix, hands)

    def _make_anew(self, make: Make, supplied: Sequence[Supplied], hands: Hands) -> None:
        """Let a new environment take the place of the old one, with all that is installed."""
        place, nothing = self._place, Owned({})

        def fill(folder: Path) -> None:
            free = with_free_bulk(place, folder, supplied, nothing)
            check_new(place, folder, [each.unpacked for each in free])
            with explained(place.prefix):
                self._install(free, nothing, folder, hands)

        try:
            make(fill)
        except (PlaceUnusable, EnvironmentUnusable) as error:
            raise NotMadeAnew(place.prefix, error) from error

    def _install(self, supplied: Sequence[Supplied], kept: Owned, at: Path, hands: Hands) -> None:
        """Install into the environment, which may still lie elsewhere: ``at``."""
        left_out = losers([each.unpacked for each in supplied], kept)
        linker = Linker(self.order.link_mode, self.workshop.observer.warn)
        installation = Installation(linker, self._place, at, hands)
        side_by_side(
            lambda each: installation.install(each, left_out[each.unpacked.name]),
            sorted(supplied, key=lambda each: -each.weight),
            threads=max(hands.count, self.workshop.makers),
            interrupt=lambda: None,
        )


def _check_removable(steps: Iterable[Step], site: Path) -> None:
    leaving = [each for step in steps if step.removes for each in step.installed]
    if stuck := [each for each in leaving if not is_removable(site, each)]:
        raise NotRemovable(site, stuck)


def _wanted(steps: Iterable[Step]) -> list[Wish]:
    return [step.wish for step in steps if step.installs and step.wish is not None]


def _staying(steps: Iterable[Step]) -> list[Installed]:
    return [each for step in steps if not step.removes for each in step.installed]


def _with_neighbours(steps: Sequence[Step], place: Place, kept: Owned) -> tuple[Step, ...]:
    """Return the steps with those that stay, but share a file with one that goes, installed anew.

    The file may be the other's, which has won it.
    """
    leaving = [each for step in steps if step.removes for each in step.installed]
    theirs = Owned.read(place, leaving)
    shared: set[str] = set()
    for path, rows in theirs.rows.items():
        for name, row in kept.rows.get(path, {}).items():
            if any(other.hash != row.hash for other in rows.values()):
                shared.add(name)
    why = "another one had a file of it"
    return tuple(
        replace(step, action=Action.REINSTALL, why=why)
        if step.name in shared and step.wish is not None
        else step
        for step in steps
    )
