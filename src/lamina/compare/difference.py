"""What is between two images."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.compare.image import Distribution, InspectedImage, InspectedLayer, settings
from lamina.compare.pull import Pull, pull
from lamina.plan.plan import LayerKind


@dataclass(frozen=True, slots=True)
class Change:
    """One distribution that the two images do not have alike."""

    before: Distribution | None
    after: Distribution | None

    @property
    def name(self) -> str:
        """The name of the distribution."""
        known = self.after or self.before
        assert known is not None, "one of them has it"
        return known.name

    @property
    def is_other_wheel(self) -> bool:
        """Whether it is of the same version in both, from another wheel."""
        return bool(self.before and self.after and self.before.version == self.after.version)


@dataclass(frozen=True, slots=True)
class LayerChange:
    """The layers of one kind that one of the images has and the other one has not."""

    kind: LayerKind
    removed: tuple[InspectedLayer, ...]
    added: tuple[InspectedLayer, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from one image to another."""

    is_equal: bool
    """Whether there is nothing to say: they are the same bytes."""
    distributions: tuple[Change, ...] | None
    """Sorted by name; None where one of the images is not Lamina's, so that nobody knows."""
    layers: tuple[LayerChange, ...]
    """In the order in which the kinds lie above each other."""
    is_reordered: bool
    """Whether both have the same layers in another order."""
    settings: tuple[str, ...]
    """What their configs say differently, by the names of the image-spec."""
    pull: Pull


def compare(before: InspectedImage, after: InspectedImage) -> Difference:
    """Return what changes from one image to another."""
    ours = before.is_lamina and after.is_lamina
    layers = _layers(before, after)
    orders = [[layer.diff_id for layer in image.layers] for image in (before, after)]
    return Difference(
        _is_equal(before, after),
        _distributions(before, after) if ours else None,
        layers,
        not layers and orders[0] != orders[1],
        _settings(before, after),
        pull(before, after),
    )


def _is_equal(before: InspectedImage, after: InspectedImage) -> bool:
    if before.digest is not None and after.digest is not None:
        return before.digest == after.digest
    return before.manifest.config.digest == after.manifest.config.digest and [
        layer.digest for layer in before.layers
    ] == [layer.digest for layer in after.layers]


def _distributions(before: InspectedImage, after: InspectedImage) -> tuple[Change, ...]:
    old, new = before.distributions, after.distributions
    changes = (Change(old.get(name), new.get(name)) for name in sorted({*old, *new}))
    return tuple(change for change in changes if _is_change(change.before, change.after))


def _is_change(before: Distribution | None, after: Distribution | None) -> bool:
    if before is None or after is None or before.version != after.version:
        return True
    return before.hash != after.hash and bool(before.hash and after.hash)


def _layers(before: InspectedImage, after: InspectedImage) -> tuple[LayerChange, ...]:
    """Return what is new and what is gone, by the diff ID: how a blob is packed is no matter."""
    old, new = ({layer.diff_id for layer in image.layers} for image in (before, after))
    changes = (
        LayerChange(
            kind,
            tuple(each for each in before.layers if each.kind is kind and each.diff_id not in new),
            tuple(each for each in after.layers if each.kind is kind and each.diff_id not in old),
        )
        for kind in LayerKind
    )
    return tuple(change for change in changes if change.removed or change.added)


def _settings(before: InspectedImage, after: InspectedImage) -> tuple[str, ...]:
    old, new = settings(before.config), settings(after.config)
    return tuple(name for name in {**old, **new} if old.get(name) != new.get(name))
