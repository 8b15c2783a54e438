"""What is examined: a Dockerfile with what lies beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lamina.dockerfile.instruction import Dockerfile
from lamina.dockerfile.model.bases import Base
from lamina.dockerfile.model.build import Model, model
from lamina.dockerfile.parse import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What lies in the folder that is sent to the builder; None is what is not there."""

    dockerignore: str | None = None
    pyproject: Mapping[str, Any] | None = None
    lock: Mapping[str, Any] | None = None
    """`uv.lock`, parsed as TOML."""
    is_folder_known: bool = False
    """Whether the folder was looked into: else what is not here may be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that rules look at."""

    dockerfile: Dockerfile
    model: Model
    beside: Beside = field(default_factory=Beside)
    today: date | None = None
    """For what ends one day; None where nobody knows."""


def make_subject(
    text: str,
    *,
    beside: Beside | None = None,
    pulled: Mapping[str, Base] | None = None,
    today: date | None = None,
) -> Subject:
    """Read a Dockerfile, and work out what it comes to. Never raises."""
    beside = beside or Beside()
    dockerfile = parse(text)
    made = model(dockerfile, pulled=pulled, configured_cache=_configured_cache(beside))
    return Subject(dockerfile=dockerfile, model=made, beside=beside, today=today)


def _configured_cache(beside: Beside) -> str | None:
    found = uv_table(beside.pyproject).get("cache-dir")
    return found if isinstance(found, str) else None


def uv_table(pyproject: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return `[tool.uv]` of a project, empty if there is none."""
    return table(pyproject, "tool", "uv")


def table(document: Mapping[str, Any] | None, *keys: str) -> Mapping[str, Any]:
    """Return an inner table of a document, empty if there is none."""
    found: Any = document or {}
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
