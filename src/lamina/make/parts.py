"""The layers that no wheel is in: the environment's skeleton, files, overrides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.archive.entry import Entry, Kind, directory, file
from lamina.archive.rootfs import place
from lamina.bytecode.entries import Compilation
from lamina.lock.target import Target
from lamina.make.blobs import Bench, generated, spliced
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.overrides import Overrides
from lamina.plan.base import BaseFacts
from lamina.plan.bytecode import is_module
from lamina.plan.contents import OurLayer
from lamina.plan.epoch import EPOCH
from lamina.plan.key import FORMAT, LayerKey, Recipe
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.project.config import Config
from lamina.project.facts import ProjectFacts
from lamina.project.files import collect, collect_copy, tree_hash
from lamina.project.ignore import read_ignore
from lamina.store.layers import StoredLayer
from lamina.wheel.scheme import Scheme
from lamina.wheel.skeleton import skeleton


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
    copies_project: bool = True
    """Whether the files of a project without build system are copied."""
    outputs: tuple[Path, ...] = ()
    """What the build itself writes, which is no part of the project."""
    compilation: Callable[[], Compilation] | None = None
    """Gives how modules are compiled, if they are."""

    def bench(self, workshop: ImageWorkshop) -> Bench:
        """Return where layers of wheels are made for this place."""
        return Bench(
            workshop.store,
            workshop.scratch,
            self.scheme,
            workshop.wheel_limit,
            self.compilation,
            self.recipe,
        )


_NO_PYTHON = "/usr/local/bin/python{}"
"""Where an image without a Python will have one, as the official images do."""


def skeleton_part(site: Site, workshop: ImageWorkshop) -> Part:
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


def file_parts(site: Site, workshop: ImageWorkshop) -> list[Part]:
    """Return a layer for each entry of `copy`; without any, one of all files of the project.

    A project that is installed needs no files beside its wheel. Each layer is placed over those
    below it: what an earlier entry owns keeps its owner and its mode.
    """
    below = site.base.rootfs.apply(skeleton_entries(site))
    parts = []
    for title, entries in _files(site):
        placed = place([*entries, *_hiding(entries, site)], below)
        parts.append(_file_part(title, placed, workshop))
        below = below.apply(placed)
    return parts


def _hiding(entries: Iterable[Entry], site: Site) -> list[Entry]:
    """Return what hides the bytecode of modules that are copied over those of a wheel.

    Python would believe it unseen. An empty file is none, so that it reads the module itself.
    """
    if site.recipe.bytecode is None:
        return []
    paths = [
        site.recipe.bytecode.path(entry.path)
        for entry in entries
        if entry.kind is Kind.FILE and is_module(entry.path, site.scheme.site_packages)
    ]
    return [file(path, b"") for path in paths if path is not None]


def _files(site: Site) -> list[tuple[str, list[Entry]]]:
    """Return what is copied, with a title for each layer."""
    ignore = read_ignore(site.folder, site.outputs)
    workdir = site.config.workdir
    if site.config.copy is not None:
        return [
            (f"{copy.source} -> {copy.to}", collect_copy(site.folder, ignore, copy, workdir))
            for copy in site.config.copy
        ]
    if site.facts.build_system is None and site.copies_project:
        return [(f"files of {site.facts.shown}", collect(site.folder, ignore, workdir))]
    return []


def _file_part(title: str, placed: Sequence[Entry], workshop: ImageWorkshop) -> Part:
    plan = _plan(LayerKind.FILES, title, placed)
    return Part(plan, lambda: workshop.make(plan, generated, placed))


def overrides_part(overrides: Overrides, site: Site, workshop: ImageWorkshop) -> Part:
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
