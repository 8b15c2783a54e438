"""What settings are for: a project, and the folder that its files are copied from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lamina.init.context import Context
from lamina.project.facts import ProjectFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A project, as far as its image depends on it."""

    context: Context
    facts: ProjectFacts
    pyproject: Mapping[str, object]
    default_base: str
    """The official slim image of the project's Python."""
