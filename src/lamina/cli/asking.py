"""Which Python an environment is made for: as asked, pinned, admitted, or the first there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lamina.cli.documents import PYPROJECT, ProjectUnreadable, read_toml
from lamina.cli.uv_files import read_members
from lamina.cli.workspace import find_root
from lamina.fetch.indexes import uv_table
from lamina.observer import Observer
from lamina.pythons.pins import find_pin
from lamina.pythons.request import ANY, PythonRequest, parse_request, requested_by


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The project that a folder is in, as far as an environment depends on it."""

    root: Path
    """Of the workspace; of a project alone, its own folder."""
    document: Mapping[str, object]
    """The `pyproject.toml` there."""
    requires: SpecifierSet
    """What all members of the workspace admit."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and whose it is."""

    request: PythonRequest
    whose: str


def surroundings(folder: Path, observer: Observer) -> Surroundings | None:
    """Return the project that a folder is in; None where there is none.

    One that cannot be read is told of, and is none: an environment needs no project.
    """
    for place in (folder, *folder.parents):
        if (place / PYPROJECT).is_file():
            break
    else:
        return None
    try:
        document = read_toml(place / PYPROJECT, PYPROJECT)
        root = find_root(place, document)
        at_root = document if root == place else read_toml(root / PYPROJECT, PYPROJECT)
    except ProjectUnreadable as error:
        observer.warn(f"The project is not heeded: {error}")
        return None
    if uv_table(at_root).get("managed") is False:
        return None
    texts = [*_required(root, at_root)]
    return Surroundings(root, at_root, reduce(and_, texts, SpecifierSet()))


def _required(root: Path, document: Mapping[str, object]) -> Iterator[SpecifierSet]:
    for _, each in read_members(root, document):
        project = each.get("project")
        text = project.get("requires-python") if isinstance(project, dict) else None
        if isinstance(text, str):
            try:
                yield SpecifierSet(text)
            except InvalidSpecifier:
                continue  # Whoever installs the project says so.


def asked_python(
    given: str | None, folder: Path, around: Surroundings | None, observer: Observer
) -> Asked:
    """Return which Python is wanted. Raises `UnknownRequest` for what was ``given``."""
    if given is not None:
        return Asked(parse_request(given, folder), "asked for")
    pin = find_pin(folder, around.root if around else None, observer.warn)
    if pin is not None:
        return Asked(pin.request, f"named in `{pin.path}`")
    if around is not None and str(around.requires):
        return Asked(requested_by(around.requires), "admitted by `requires-python`")
    return Asked(ANY, "the first that was found")
