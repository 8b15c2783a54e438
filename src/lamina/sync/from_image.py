"""What is to be installed, had without an index: from this machine, or from layers of an image."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from packaging.tags import parse_tag

from lamina.errors import LaminaError
from lamina.lock.model import Wheel
from lamina.lock.source import Directory, Editable
from lamina.lock.target import Target
from lamina.make.archives import MissingArchive
from lamina.make.parallel import side_by_side
from lamina.plan.wheel import PlannedWheel
from lamina.project.requirements import BuildNeedsNetwork, UnmetBuildRequirements
from lamina.store.trees import Tree
from lamina.sync.changes import Wish
from lamina.sync.errors import SyncError
from lamina.sync.image import Held, SourceImage
from lamina.sync.layer_trees import LayerTrees
from lamina.sync.supply import Supplied, Supply, tree_key

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_PARALLEL = 8
_SMALL = 1 << 20


class NotInImage(SyncError):
    """Distributions that neither the image nor this machine has, every one of them."""

    def __init__(self, image: SourceImage, lacks: Iterable[tuple[str, str]]) -> None:
        rows = [f"  {what}: {why}" for what, why in sorted(lacks)]
        super().__init__(
            "\n".join(
                [f"The image `{image.name}` does not have all that is to be installed", *rows]
            ),
            hint="Nothing was changed; build and push it of this lock, with the same options (an "
            "image has no group `dev` by default), or leave `--from` out to ask an index",
        )


class NoBackend(SyncError):
    """A source tree must be built, and what its build backend needs is not to be had."""

    def __init__(self, name: str, error: LaminaError) -> None:
        super().__init__(
            str(error),
            hint="Nothing was changed; an image has no build backends. `--no-editable` takes what "
            f"was built of this very tree from it, and `--no-install-package {name}` does without",
        )


class NotForHere(SyncError):
    """Distributions of an image that do not run on this machine, every one of them."""

    def __init__(
        self, image: SourceImage, target: Target, misfits: Iterable[tuple[str, str]]
    ) -> None:
        rows = [f"  {what}: it is for {tags}" for what, tags in sorted(misfits)]
        here = f"{target}, {target.libc}"
        super().__init__(
            "\n".join([f"The image `{image.name}` is not made for this machine ({here})", *rows]),
            hint="Nothing was changed; an image that is built for this machine has what runs here",
        )


_Had = tuple[Tree, str]
"""A tree, and how it was had."""


@dataclass(frozen=True, slots=True)
class FromImage:
    """Has distributions for one environment from an image; no index is asked."""

    image: SourceImage
    supply: Supply
    target: Target
    folder: Path
    """The lockfile's."""
    names: frozenset[str]
    """Of all that the environment is to have."""
    is_alone: bool = False
    """Whether the image says what is wanted, so that nobody has chosen it for this machine."""

    def check(self, wishes: Iterable[Wish]) -> None:
        """Raise `NotInImage` for all that could not be had; no layer is fetched for it."""
        wheels = [self._wheel(wish) for wish in wishes if not wish.distribution.is_local]
        self._refuse(
            wheel for wheel in wheels if not self._held(wheel) and not self._may_be_here(wheel)
        )

    def have(self, wishes: Sequence[Wish]) -> dict[str, Supplied]:
        """Return all, by name; source trees that the image does not have as they are, are built.

        Raises `NotInImage`, `NotForHere`, and what `LayerTrees.make` does.
        """
        wheels = [self._wheel(wish) for wish in wishes if not wish.distribution.is_local]
        found = dict(zip(wheels, self._beside(self._here, wheels), strict=True))
        trees = {wheel.name: had for wheel, had in found.items() if had is not None}
        missing = {wheel: self._held(wheel) for wheel in wheels if found[wheel] is None}
        self._refuse(wheel for wheel, held in missing.items() if held is None)
        wanted = {wheel.name: held for wheel, held in missing.items() if held is not None}
        trees |= self._of_layers(wanted | self._of_source_trees(wishes))
        if self.is_alone:
            self._check_tags(trees)
        supplied = self._beside(partial(self._supplied, trees), wishes)
        return {wish.name: each for wish, each in zip(wishes, supplied, strict=True)}

    def _supplied(self, trees: Mapping[str, _Had], wish: Wish) -> Supplied:
        if (had := trees.get(wish.name)) is not None:
            return self.supply.of_tree(wish, *had)
        try:
            return self.supply.supply(wish, None)
        except (UnmetBuildRequirements, BuildNeedsNetwork) as error:
            raise NoBackend(wish.name, error) from error

    def _wheel(self, wish: Wish) -> PlannedWheel:
        """Return a distribution with the hash that it is known by; without, if none is locked."""
        each = wish.distribution
        assert not isinstance(each.artifact, Directory | Editable), "it is none of a source tree"
        hash_ = self.supply.wheels.hash(each)
        return PlannedWheel(each.name, str(each.version or ""), each.artifact, hash_ or "", 0)

    def _held(self, wheel: PlannedWheel) -> Held | None:
        held = self.image.holding(wheel.hash)
        return None if held is None else held.among(self.names)

    def _here(self, wheel: PlannedWheel) -> _Had | None:
        """Return the tree of a wheel that is on this machine, or was taken of this very layer."""
        if not wheel.hash:
            return None
        with suppress(MissingArchive):
            if (had := self.supply.here(wheel)) is not None:
                return had
        held = self._held(wheel)
        return None if held is None else self._kept(held)

    def _kept(self, held: Held) -> _Had | None:
        tree = self.supply.workshop.store.trees.get(held.tree)
        return None if tree is None else (tree, "it was in the store")

    def _may_be_here(self, wheel: PlannedWheel) -> bool:
        """Say whether a wheel that the image does not have is here, as far as that shows."""
        if not wheel.hash:
            return False
        wheels, store = self.supply.wheels, self.supply.workshop.store
        if store.trees.has(tree_key(wheel)) or self.supply.is_in_layer(wheel):
            return True
        if isinstance(wheel.artifact, Wheel):
            return wheels.has(wheel)
        return wheels.kept(wheel) is not None

    def _of_source_trees(self, wishes: Iterable[Wish]) -> dict[str, Held]:
        """Return what the image has of source trees just as they are, and are not editable."""
        found = {}
        for wish in wishes:
            if wish.distribution.is_local and not wish.is_editable:
                trees = self.supply.trees
                key = trees.key(trees.local(self.folder, wish.distribution))
                if (held := self.image.of_tree(wish.name, key)) is not None:
                    found[wish.name] = held.among(self.names)
        return found

    def _of_layers(self, wanted: Mapping[str, Held]) -> dict[str, _Had]:
        kept = {name: self._kept(held) for name, held in wanted.items()}
        lacking = [held for name, held in wanted.items() if kept[name] is None]
        made = LayerTrees(self.image, self.supply.workshop).make(lacking)
        return {
            name: kept[name] or (made[held.tree], self._how(held)) for name, held in wanted.items()
        }

    def _how(self, held: Held) -> str:
        return f"from layer {held.layer.descriptor.digest} of `{self.image.name}`"

    def _check_tags(self, trees: Mapping[str, _Had]) -> None:
        """Refuse what is made for another machine: the image says for which, each wheel exactly."""
        fitting = frozenset(self.target.tags)
        misfits = []
        for name, (tree, _) in sorted(trees.items()):
            tags = _tags(tree)
            if tags and not any(parse_tag(tag) & fitting for tag in tags):
                misfits.append((name, ", ".join(tags)))
        if misfits:
            raise NotForHere(self.image, self.target, misfits)

    def _refuse(self, lacking: Iterable[PlannedWheel]) -> None:
        rows = [(_title(wheel), self._why(wheel)) for wheel in lacking]
        if rows:
            raise NotInImage(self.image, rows)

    def _why(self, wheel: PlannedWheel) -> str:
        inside = self.image.named(wheel.name)
        if inside is None:
            return "it is not in it"
        if not wheel.hash:
            return "the lock has no hash by which it is known"
        if inside.version != wheel.version:
            return f"it has {inside.version}"
        return f"it has another wheel of it, for {self.image.made_for}"

    def _beside(self, call: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        interrupt = self.supply.wheels.interrupt
        return side_by_side(call, items, threads=_PARALLEL, interrupt=interrupt)


def _title(wheel: PlannedWheel) -> str:
    return f"{wheel.name} {wheel.version}".rstrip()


def _tags(tree: Tree) -> list[str]:
    """Return the tags that a wheel says it has (PEP 427), as they are written."""
    names = [each.name for each in tree.members if each.name.endswith(".dist-info/WHEEL")]
    data = tree.read(names[0], limit=_SMALL) if names else None
    return re.findall(
        r"(?m)^Tag:[ \t]*([\w.]+-[\w.]+-[\w.]+)", (data or b"").decode(errors="replace")
    )
