"""The layers that `lamina lock --layers` pins: those of a build in which nothing is believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lamina.build import Built, build
from lamina.cli.caches import Caches
from lamina.cli.image_ground import ImageGround
from lamina.cli.options import PlanOptions
from lamina.cli.orders import orders, platforms_of
from lamina.cli.project import ProjectFolder
from lamina.destinations.nowhere import Nowhere
from lamina.lock.model import Lock
from lamina.pins.model import PinnedLayer, Pins
from lamina.plan.plan import LayerKind
from lamina.project.config import Config
from lamina.reuse.reused import ReusedLayer
from lamina.reuse.verify import Verify
from lamina.store.layers import StoredLayer

_OF_THE_TREE = frozenset({LayerKind.FILES, LayerKind.PROJECT})
"""Made of the tree that the lock lies in: they change with every commit, and with the lock."""


def verified_layers(
    options: PlanOptions,
    project: ProjectFolder,
    lock: Lock,
    config: Config,
    images: ImageGround,
    pins: Pins,
    sources: Sequence[str],
) -> tuple[PinnedLayer, ...]:
    """Build what is pinned, and return its layers, by key.

    What the images in ``sources`` have is made here again and compared, and taken as it lies
    there. Raises `LayersDiffer`.
    """
    observer = images.ground.observer
    with Caches.parse({}, sources, None).known(
        images.connections,
        platforms_of(config),
        observer,
        is_fresh=False,
        verify=Verify.ALL,
    ) as known:
        workshop = images.workshop(project, config, known, is_fresh=False)
        wanted = orders(
            options,
            project,
            lock,
            config,
            workshop,
            outputs=(images.ground.store.root,),
            is_base_kept=False,
            pins=replace(pins, layers=()),
        )
        built = build(wanted, workshop, Nowhere())
    found = {each.key: each for each in _layers(built)}
    return tuple(found[key] for key in sorted(found))


def _layers(built: Built) -> Iterator[PinnedLayer]:
    for image in built.each:
        of_tree = {each.plan.key for each in image.layers if each.plan.kind in _OF_THE_TREE}
        for layer in image.image.layers:
            # Those of a base that others made are pinned by its manifest.
            if isinstance(layer, StoredLayer | ReusedLayer) and layer.key not in of_tree:
                described = layer.descriptor
                yield PinnedLayer(layer.key, described.digest, layer.diff_id, described.size)
