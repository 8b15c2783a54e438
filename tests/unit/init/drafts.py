"""Drafts of Dockerfiles in the tests, with a folder that exists in memory alone."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field

import tomli

from lamina.init.dockerfile import draft_of
from lamina.init.draft import Draft
from lamina.init.settings import Value, as_config
from lamina.init.surroundings import Surroundings
from lamina.project.facts import parse_facts

PYPROJECT = '[project]\nname = "app"\nversion = "1"\n'
PACKAGED = PYPROJECT + '[build-system]\nrequires = ["hatchling"]\n'


@dataclass
class Files:
    """A `Context` of files with their texts."""

    files: Mapping[str, str] = field(default_factory=dict)

    def is_folder(self, path: str) -> bool | None:
        if path in self.files:
            return False
        is_above = path == "." or any(each.startswith(f"{path}/") for each in self.files)
        return True if is_above else None

    def matches(self, pattern: str) -> list[str]:
        return sorted(
            path
            for path in self.files
            if path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)
        )

    def text(self, path: str) -> str | None:
        return self.files.get(path)


def surroundings(*paths: str, pyproject: str = PYPROJECT, **texts: str) -> Surroundings:
    document = tomli.loads(pyproject)
    return Surroundings(
        context=Files({**dict.fromkeys(paths, ""), **texts}),
        facts=parse_facts(document),
        pyproject=document,
        default_base="python:3.12-slim",
    )


def draft(text: str, *paths: str, pyproject: str = PYPROJECT, target: str | None = None) -> Draft:
    """Return what a Dockerfile comes to, which a build must be able to read."""
    found = draft_of(text, "Dockerfile", surroundings(*paths, pyproject=pyproject), target)
    as_config(found.settings)
    return found


def settings(found: Draft) -> dict[str, Value]:
    return {each.key: each.value for each in found.settings}


def left(found: Draft) -> list[str]:
    """Return what has no equivalent: line, text, why, what to do."""
    return [
        f"{each.line}: {each.text} | {each.why} | {each.todo}"
        for each in found.remarks
        if each.is_left
    ]


def covered(found: Draft) -> list[str]:
    return [f"{each.line}: {each.text} | {each.why}" for each in found.remarks if not each.is_left]
