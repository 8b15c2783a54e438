"""Edits of `.dockerignore`: a line more, or the file, if there is none."""

from __future__ import annotations

from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edit, Edits, Place
from lamina.doctor.edits.layout import newline


def with_ignored(dockerignore: str | None, pattern: str) -> Edits:
    """Leave out one thing more of what is sent to the builder."""
    text = dockerignore or ""
    end, line = Span(len(text), len(text)), f"{pattern}{newline(text)}"
    before = "" if not text or text.endswith("\n") else newline(text)
    return (Edit(end, before + line, Place.DOCKERIGNORE),)
