"""The layers of source trees: the project's own, and those that the lock has by their path.

Each is built to a wheel that is kept nowhere but in its layer, which is found again by the hash of
the tree: files change, and what they were is not needed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from lamina.lock.model import Wheel
from lamina.lock.select import Distribution
from lamina.lock.source import Directory, Editable
from lamina.make.blobs import Bench, ReadyWheel
from lamina.make.builder import builder_for
from lamina.make.fitting import DoesNotFit, ForeignWheels, check_fits, needed_glibc
from lamina.make.parts import Part, Site
from lamina.make.workshop import Workshop
from lamina.plan.key import LayerKey
from lamina.plan.layering import group_of
from lamina.plan.plan import LayerKind, LayerPlan, PlannedWheel
from lamina.project.backend import BackendSettings, make_wheel, wheel_key
from lamina.project.building import Building
from lamina.project.ignore import read_ignore
from lamina.project.source import source_hash
from lamina.project.subject import Subject, UnreadableSource
from lamina.store.blobs import digest_of
from lamina.store.layers import StoredLayer
from lamina.wheel.direct_url import local_directory

_MOST_LAYERS = 8
"""So many trees have a layer each; if there are more, they share so many."""


@dataclass(frozen=True, slots=True)
class SourceTree:
    """A folder that is built to a wheel."""

    folder: Path
    subject: Subject
    settings: BackendSettings
    outputs: frozenset[str]
    """Paths in it that are no source."""


@dataclass(frozen=True, slots=True)
class TreeBuilder:
    """Makes the layers of source trees."""

    site: Site
    workshop: Workshop
    building: Building
    versions: Mapping[str, str]
    """Of what is installed, by name."""

    def project(self) -> Part | None:
        """Return the layer of the project's own wheel, or None if it has no build backend."""
        facts = self.site.facts
        if facts.build_system is None:
            return None
        subject = Subject.of_project(facts)
        return self._part([self._tree(self.site.folder, subject)], f"project {facts.title}")

    def others(self, folder: Path, distributions: Iterable[Distribution]) -> list[Part]:
        """Return the layers of the other trees; their paths are relative to ``folder``.

        Raises `UnreadableSource`.
        """
        named = sorted(distributions, key=lambda each: each.name)
        layers: dict[str, list[SourceTree]] = {}
        for each in named:
            alone = len(named) <= _MOST_LAYERS
            layer = each.name if alone else str(group_of(each.name, _MOST_LAYERS))
            layers.setdefault(layer, []).append(self._local(folder, each))
        return [
            self._part(trees, f"project {', '.join(tree.subject.name for tree in trees)}")
            for trees in layers.values()
        ]

    def _local(self, folder: Path, distribution: Distribution) -> SourceTree:
        artifact, name = distribution.artifact, distribution.name
        assert isinstance(artifact, Directory | Editable), "only these lie in a folder"
        version = distribution.version
        title = f"`{name}`" if version is None else f"`{name} {version}`"
        tree = folder / artifact.path
        if not tree.is_dir():
            raise UnreadableSource(
                f"Unable to build {title}: no folder `{artifact.path}`",
                hint="The lockfile names it by its path; put it there, or run `uv lock`",
            )
        return self._tree(tree, Subject.of_tree(tree, canonicalize_name(name), version, title))

    def _tree(self, folder: Path, subject: Subject) -> SourceTree:
        settings = self.building.settings(subject.name, self.versions)
        outputs = read_ignore(folder, self.site.outputs).outputs
        return SourceTree(folder, subject, settings, outputs)

    def _part(self, trees: Sequence[SourceTree], title: str) -> Part:
        key = LayerKey.of(
            {
                "kind": LayerKind.PROJECT.value,
                "recipe": self.site.recipe.to_json(),
                "wheels": [self._key(tree) for tree in trees],
            }
        )
        plan = LayerPlan(LayerKind.PROJECT, key, title)
        return Part(plan, lambda: self._make(plan, trees))

    def _key(self, tree: SourceTree) -> str:
        subject = tree.subject
        hash_ = source_hash(tree.folder, tree.outputs, reads_history=subject.reads_history)
        platform = self.workshop.backends.pythons.running.platform
        source = {"name": subject.name, "tree": hash_}
        return wheel_key(source, tree.settings, self.site.target.python_tag, platform)

    def _make(self, plan: LayerPlan, trees: Sequence[SourceTree]) -> StoredLayer:
        """Let the backends make the wheels, and make their layer."""
        workshop, site = self.workshop, self.site
        workshop.observer.making(plan)
        made = [self._build(tree) for tree in trees]
        bench = Bench(
            workshop.store,
            workshop.scratch,
            site.scheme,
            workshop.wheel_limit,
            site.compilation,
            site.recipe,
        )
        wheels = tuple(wheel for wheel, _ in made)
        whole = LayerPlan(plan.kind, plan.key, plan.title, wheels)
        layer = bench.wheels(whole, {wheel.hash: ready for wheel, ready in made}, lambda: None)
        workshop.observer.made(plan, layer.written.size)
        return layer

    def _build(self, tree: SourceTree) -> tuple[PlannedWheel, ReadyWheel]:
        workshop, target, subject = self.workshop, self.site.target, tree.subject
        interpreter = builder_for(target, workshop.backends.pythons)
        made = make_wheel(
            tree.folder,
            subject,
            workshop.scratch.new(),
            workshop.workbench(interpreter),
            tree.settings,
            outputs=tree.outputs,
        )
        path, what = made.path, f"{subject.name} {made.version}"
        try:
            check_fits(what, path.name, needed_glibc(path), lambda: interpreter, target)
        except DoesNotFit as misfit:
            raise ForeignWheels(target, [misfit]) from misfit
        wheel = PlannedWheel(
            subject.name,
            str(made.version),
            Wheel(path.name, path=str(path)),
            str(digest_of(path)),
            path.stat().st_size,
            local_directory(subject.name),
        )
        return wheel, ReadyWheel(path, path.name)
