"""The lock of a project, and what is asked of it: distributions, and a Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import reduce
from operator import and_

from packaging.specifiers import SpecifierSet

from lamina.cli.agreement import check_agreement
from lamina.cli.documents import PYPROJECT
from lamina.cli.project import ProjectFolder
from lamina.cli.wanted import extras_of, groups_of, install_of
from lamina.cli.wanting import WantedOptions
from lamina.cli.workspace import has_members
from lamina.lock.model import Lock
from lamina.lock.wanted import Wanted
from lamina.observer import Observer
from lamina.project.uv import parse_pythons
from lamina.project.workspace import read_trees
from lamina.pythons.pins import Pin, find_pin


def read_lock(project: ProjectFolder, *, is_checked: bool) -> Lock:
    """Read the lock; ``is_checked`` says that it must match the project."""
    lock = project.read_lock()
    if is_checked and lock.listing is None:
        check_agreement(lock, project.root, project.root_document, os.environ)
    return lock


def wanted(
    options: WantedOptions, project: ProjectFolder, lock: Lock, *, is_dev_default: bool = False
) -> Wanted:
    """Return what is asked of the project's lock.

    ``is_dev_default`` says that `dev` is taken by default, as on the disk; an image leaves it out.
    """
    listing = lock.listing
    if listing is not None:
        # What a list says is by default is meant for whoever installs it, `dev` too.
        name: str | None = str(project.facts.name) if project.facts.build_system else ""
        groups = groups_of(options, listing.default_groups, is_dev_default=True)
    else:
        name = str(project.facts.name) if project.is_member else None
        groups = groups_of(options, project.default_groups, is_dev_default=is_dev_default)
    return Wanted(
        project=name,
        packages=tuple(dict.fromkeys(options.packages)),
        all_packages=options.all_packages,
        extras=extras_of(options),
        groups=groups,
        install=install_of(options),
        pythons=_group_pythons(project, lock) if listing is None else {},
    )


def _group_pythons(project: ProjectFolder, lock: Lock) -> Mapping[str, SpecifierSet]:
    """Return what a group asks of the Python, in whichever member; so does uv, for all of them."""
    documents = {PYPROJECT: project.root_document}
    if has_members(project.root_document):
        for tree in read_trees(project.root, project.root_document, lock):
            if tree.is_member:
                documents[f"{tree.folder}/{PYPROJECT}"] = tree.pyproject
    found: dict[str, SpecifierSet] = {}
    for name, document in documents.items():
        for group, requires in parse_pythons(document, name).items():
            found[group] = found.get(group, SpecifierSet()) & requires
    return found


def requires_python(project: ProjectFolder, lock: Lock, asked: Wanted) -> SpecifierSet:
    """Return what project, lock, which has what all members admit, and groups admit together."""
    requires = project.facts.requires_python or SpecifierSet()
    taken = [each for group, each in asked.pythons.items() if asked.groups.takes(group)]
    return reduce(and_, taken, requires & lock.requires_python)


def pinned(project: ProjectFolder, observer: Observer) -> Pin | None:
    """Return what the nearest `.python-version` says, up to the workspace's root."""
    return find_pin(project.folder.resolve(), project.root.resolve(), observer.warn)
