"""The source trees whose build backends are pinned: the project's own, and those that it needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from lamina.cli.project import ProjectFolder
from lamina.lock.model import Lock, Package
from lamina.lock.source import Directory, Editable
from lamina.make.source_trees import SourceTree
from lamina.project.building import Building, BuiltTogether
from lamina.project.config import Config
from lamina.project.subject import Subject, UnreadableSource


def pinned_trees(
    config: Config, project: ProjectFolder, lock: Lock, building: Building
) -> tuple[SourceTree, ...]:
    """Return the trees, each with what its backend is told.

    What cannot be built is left out: a build will say it. So are trees that nothing but a
    dependency group needs.
    """
    versions, found = _versions(lock), []
    for folder, subject in _subjects(config, project, lock):
        with suppress(BuiltTogether):
            settings = building.settings(subject.name, versions)
            found.append(SourceTree(folder, subject, settings, frozenset()))
    return tuple(found)


def _subjects(config: Config, project: ProjectFolder, lock: Lock) -> Iterator[tuple[Path, Subject]]:
    if project.facts.build_system is not None and config.install_project:
        yield project.folder, Subject.of_project(project.facts)
    for package in _needed(project, lock):
        source = package.source
        if not isinstance(source, Directory | Editable) or package.name == project.facts.name:
            continue
        folder = project.lock_folder / source.path
        with suppress(UnreadableSource):
            yield folder, Subject.of_folder(folder, canonicalize_name(package.name), package.name)


def _needed(project: ProjectFolder, lock: Lock) -> Iterator[Package]:
    """Give what the project may need, of its extras too; of a root without a name, its members."""
    by_name: dict[str, list[Package]] = defaultdict(list)
    for package in lock.packages:
        by_name[package.name].append(package)
    waiting = [str(project.facts.name)] if project.facts.name else [*lock.manifest.members]
    if lock.listing is not None:  # Which says nothing of what needs what.
        waiting = [*by_name]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for package in by_name.get(name, ()):
            yield package
            of_extras = (each for some in package.optional_dependencies.values() for each in some)
            waiting += [each.name for each in (*package.dependencies, *of_extras)]


def _versions(lock: Lock) -> dict[str, str]:
    """Return the versions of what a lock has in one version only."""
    found: dict[str, set[Version | None]] = defaultdict(set)
    for package in lock.packages:
        found[package.name].add(package.version)
    single = {name: next(iter(each)) for name, each in found.items() if len(each) == 1}
    return {name: str(version) for name, version in single.items() if version is not None}
