"""The layers that no wheel of the lock is in: the environment's skeleton, files, the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.archive.entry import Entry, directory
from lamina.archive.rootfs import place
from lamina.errors import LaminaError
from lamina.lock.model import Wheel
from lamina.lock.target import Target
from lamina.make.blobs import Bench, generated, spliced
from lamina.make.overrides import Overrides
from lamina.make.workshop import Workshop
from lamina.plan.base import BaseFacts
from lamina.plan.contents import OurLayer
from lamina.plan.key import EPOCH, FORMAT, LayerKey, Recipe
from lamina.plan.plan import LayerKind, LayerPlan, PlannedWheel
from lamina.project.backend import BackendSettings, make_wheel, wheel_key
from lamina.project.config import Config
from lamina.project.facts import ProjectFacts
from lamina.project.files import collect, collect_copy, tree_hash
from lamina.project.ignore import read_ignore
from lamina.project.source import source_hash
from lamina.store.blobs import digest_of
from lamina.store.layers import StoredLayer
from lamina.wheel.direct_url import local_directory
from lamina.wheel.scheme import Scheme
from lamina.wheel.skeleton import skeleton


class ForeignWheel(LaminaError):
    """The project's wheel was built for this machine, and the image is for another one."""

    def __init__(self, name: str, target: Target) -> None:
        super().__init__(
            f"Unable to install the project: its wheel `{name}` does not fit {target}",
            hint="A project with compiled parts is built by the machine that runs `lamina`; "
            "run it on the image's platform, with its Python",
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One layer that is not of locked wheels, and how it is made if it is missing."""

    plan: LayerPlan
    make: Callable[[], OurLayer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The project, and where its parts go in the image."""

    folder: Path
    config: Config
    facts: ProjectFacts
    target: Target
    scheme: Scheme
    recipe: Recipe
    base: BaseFacts
    outputs: tuple[Path, ...] = ()
    """What the build itself writes, which is no part of the project."""


_NO_PYTHON = "/usr/local/bin/python{}"
"""Where an image without a Python will have one, as the official images do."""


def skeleton_part(site: Site, workshop: Workshop) -> Part:
    """Return the layer of the empty environment, and of the working directory."""
    entries = skeleton_entries(site)
    plan = _plan(LayerKind.SKELETON, f"environment {site.config.venv}", entries)
    return Part(plan, lambda: workshop.make(plan, spliced, entries))


def skeleton_entries(site: Site) -> list[Entry]:
    """Return what the environment is before anything is installed, and the working directory."""
    python = site.base.python
    interpreter = python.path if python else _NO_PYTHON.format(site.target.python_tag)
    bare = skeleton(site.scheme, interpreter, str(site.target.python))
    workdir = site.config.workdir.strip("/")
    return place([*bare, *([directory(workdir)] if workdir else [])], site.base.rootfs)


def file_parts(site: Site, workshop: Workshop) -> list[Part]:
    """Return a layer for each entry of `copy`; without any, one of all files of the project.

    A project that is installed needs no files beside its wheel. Each layer is placed over those
    below it: what an earlier entry owns keeps its owner and its mode.
    """
    below = site.base.rootfs.apply(skeleton_entries(site))
    parts = []
    for title, entries in _files(site):
        placed = place(entries, below)
        parts.append(_file_part(title, placed, workshop))
        below = below.apply(placed)
    return parts


def _files(site: Site) -> list[tuple[str, list[Entry]]]:
    """Return what is copied, with a title for each layer."""
    ignore = read_ignore(site.folder, site.outputs)
    workdir = site.config.workdir
    if site.config.copy is not None:
        return [
            (f"{copy.source} -> {copy.to}", collect_copy(site.folder, ignore, copy, workdir))
            for copy in site.config.copy
        ]
    if site.facts.build_system is None:
        return [(f"files of {site.facts.title}", collect(site.folder, ignore, workdir))]
    return []


def _file_part(title: str, placed: Sequence[Entry], workshop: Workshop) -> Part:
    plan = _plan(LayerKind.FILES, title, placed)
    return Part(plan, lambda: workshop.make(plan, generated, placed))


def overrides_part(overrides: Overrides, site: Site, workshop: Workshop) -> Part:
    """Return the layer of the files that wheels do not agree on."""
    plan = overrides.plan

    def make() -> StoredLayer:
        return workshop.make(plan, generated, overrides.entries(site.scheme, workshop.scratch))

    return Part(plan, make)


def _plan(kind: LayerKind, title: str, entries: Iterable[Entry]) -> LayerPlan:
    key = LayerKey.of(
        {"format": FORMAT, "kind": kind.value, "tree": tree_hash(entries), "date": EPOCH}
    )
    return LayerPlan(kind, key, title)


def project_part(site: Site, workshop: Workshop) -> Part | None:
    """Return the layer of the project's own wheel, or None if it has no build backend."""
    system = site.facts.build_system
    if system is None:
        return None
    outputs = read_ignore(site.folder, site.outputs).outputs
    source = source_hash(site.folder, site.facts, outputs)
    settings = BackendSettings()
    wheel = wheel_key(source, system, settings, workshop.backends.pythons.running)
    key = LayerKey.of(
        {"kind": LayerKind.PROJECT.value, "recipe": site.recipe.to_json(), "wheel": wheel}
    )
    plan = LayerPlan(LayerKind.PROJECT, key, f"project {site.facts.title}")
    return Part(plan, lambda: _make_project(plan, site, settings, outputs, workshop))


def _make_project(
    plan: LayerPlan,
    site: Site,
    settings: BackendSettings,
    outputs: frozenset[str],
    workshop: Workshop,
) -> StoredLayer:
    """Let the backend make the wheel, and make its layer."""
    workshop.observer.making(plan)
    made = make_wheel(
        site.folder,
        site.facts,
        workshop.scratch.new(),
        workshop.workbench(),
        settings,
        outputs=outputs,
    )
    if made.tags.isdisjoint(site.target.tags):
        raise ForeignWheel(made.path.name, site.target)
    digest = digest_of(made.path)
    wheel = PlannedWheel(
        site.facts.name,
        str(made.version),
        Wheel(made.path.name, path=str(made.path)),
        str(digest),
        made.path.stat().st_size,
        local_directory(site.facts.name),
    )
    bench = Bench(workshop.store, workshop.scratch, site.scheme, workshop.wheel_limit)
    whole = LayerPlan(plan.kind, plan.key, plan.title, (wheel,))
    layer = bench.wheels(whole, {str(digest): made.path}, lambda: None)
    workshop.observer.made(plan, layer.written.size)
    return layer
