"""The layers of source trees: the project's own, and those that the lock has by their path.

Each is built to a wheel that is kept nowhere but in its layer, which is found again by the hash of
the tree: files change, and what they were is not needed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.lock.model import Wheel
from lamina.lock.select import Distribution
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.parts import Part, Site
from lamina.make.ready import ReadyWheel
from lamina.make.source_trees import SourceTree, SourceTrees
from lamina.plan.key import LayerKey
from lamina.plan.layering import group_of
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.project.building import Building
from lamina.project.subject import Subject
from lamina.store.blobs import digest_of
from lamina.store.layers import StoredLayer
from lamina.wheel.direct_url import local_directory

_MOST_LAYERS = 8
"""So many trees have a layer each; if there are more, they share so many."""


def project_key(recipe: Mapping[str, object], trees: Iterable[str]) -> LayerKey:
    """Return the key of a layer of source trees, each known by `SourceTrees.key`."""
    kind = LayerKind.PROJECT.value
    return LayerKey.of({"kind": kind, "recipe": recipe, "wheels": list(trees)})


@dataclass(frozen=True, slots=True)
class TreeBuilder:
    """Makes the layers of source trees."""

    site: Site
    workshop: ImageWorkshop
    building: Building
    versions: Mapping[str, str]
    """Of what is installed, by name."""

    def project(self) -> Part | None:
        """Return the layer of the project's own wheel, or None if it has no build backend."""
        facts = self.site.facts
        if facts.build_system is None:
            return None
        subject = Subject.of_project(facts)
        return self._part([self._trees.tree(self.site.folder, subject)], f"project {facts.title}")

    def others(self, folder: Path, distributions: Iterable[Distribution]) -> list[Part]:
        """Return the layers of the other trees; their paths are relative to ``folder``.

        Raises `UnreadableSource`.
        """
        named = sorted(distributions, key=lambda each: each.name)
        layers: dict[str, list[SourceTree]] = {}
        for each in named:
            alone = len(named) <= _MOST_LAYERS
            layer = each.name if alone else str(group_of(each.name, _MOST_LAYERS))
            layers.setdefault(layer, []).append(self._trees.local(folder, each))
        return [
            self._part(trees, f"project {', '.join(tree.subject.name for tree in trees)}")
            for trees in layers.values()
        ]

    def _part(self, trees: Sequence[SourceTree], title: str) -> Part:
        key = project_key(self.site.recipe.to_json(), map(self._trees.key, trees))
        plan = LayerPlan(LayerKind.PROJECT, key, title)
        return Part(plan, lambda: self._make(plan, trees))

    def _make(self, plan: LayerPlan, trees: Sequence[SourceTree]) -> StoredLayer:
        """Let the backends make the wheels, and make their layer."""
        workshop = self.workshop
        workshop.observer.making(plan)
        made = [self._build(tree) for tree in trees]
        wheels = tuple(wheel for wheel, _ in made)
        whole = LayerPlan(plan.kind, plan.key, plan.title, wheels)
        ready = {wheel.hash: here for wheel, here in made}
        layer = self.site.bench(workshop).wheels(whole, ready, lambda: None)
        workshop.observer.made(plan, layer.written.size)
        return layer

    def _build(self, tree: SourceTree) -> tuple[PlannedWheel, ReadyWheel]:
        made = self._trees.build(tree)
        path, name = made.path, tree.subject.name
        wheel = PlannedWheel(
            name,
            str(made.version),
            Wheel(path.name, path=str(path)),
            str(digest_of(path)),
            path.stat().st_size,
            local_directory(name),
        )
        return wheel, ReadyWheel(path, path.name)

    @property
    def _trees(self) -> SourceTrees:
        site = self.site
        return SourceTrees(self.workshop, site.target, self.building, self.versions, site.outputs)
