"""COPY and ADD: what of the build context, or of another stage, comes where."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.model.run import Run
from lamina.dockerfile.model.state import State, absolute
from lamina.dockerfile.model.tools import words
from lamina.dockerfile.text import Span

_MANIFESTS = words(
    "pyproject.toml uv.lock uv.toml pylock.toml poetry.lock poetry.toml pdm.lock .python-version"
    " setup.py setup.cfg pip.conf Pipfile Pipfile.lock"
)
_EVERYTHING = frozenset({".", "/", "*", "./*"})
_CODE = frozenset({"src"})


@dataclass(frozen=True, slots=True)
class Copied:
    """Something that COPY, ADD or a bind mount brings."""

    sources: tuple[str, ...]
    """As seen from the top of where it comes from."""
    destination: str | None
    origin: str | None
    """The stage or image that it comes from; None if it is the build context."""
    span: Span

    @property
    def is_everything(self) -> bool:
        """Whether it is the whole build context."""
        return self.origin is None and bool(_EVERYTHING & set(self.sources))

    @property
    def has_code(self) -> bool:
        """Whether it is the project's own code, and so changes with each edit."""
        return self.is_everything or (self.origin is None and bool(_CODE & set(self.sources)))

    @property
    def is_of_manifests(self) -> bool:
        """Whether it is only what says which distributions are wanted."""
        return self.origin is None and all(_is_manifest(each) for each in self.sources)

    def brings(self, name: str) -> bool:
        """Say whether a file at the top of the build context comes with it."""
        if self.origin is not None:
            return False
        return self.is_everything or any(_names(source, name) for source in self.sources)

    def lands_at(self, path: str) -> str | None:
        """Return where a path of a stage comes to; None if it is not copied."""
        for source in self.sources:
            folder = absolute("/", source)
            if self.destination is None or posixpath.commonpath([path, folder]) != folder:
                continue
            below = posixpath.relpath(path, folder)
            if below == "." and posixpath.basename(path) and len(self.sources) > 1:
                return posixpath.join(self.destination, posixpath.basename(path))
            return posixpath.normpath(posixpath.join(self.destination, below))
        return None


def read_copy(instruction: Instruction, state: State) -> Copied | None:
    """Return what an instruction copies; None if it copies nothing."""
    if instruction.name not in ("COPY", "ADD") or len(instruction.words) < 2:
        return None
    *given, last = [state.known(word.text) or "" for word in instruction.words]
    sources = tuple(_top(word) for word in given)
    destination = state.path(last) if last else None
    origin = instruction.flag_value("from")
    return Copied(sources, destination, origin, instruction.span)


def bound(run: Run) -> Iterator[Copied]:
    """Give what bind mounts of the build context bring into a RUN."""
    for mount in run.mounts:
        if mount.mount.kind == "bind":
            source = _top(mount.source or ".")
            yield Copied((source,), mount.path, mount.mount.get("from") or None, mount.mount.span)


def _top(source: str) -> str:
    if "://" in source:
        return source
    return absolute("/", source).lstrip("/") or "."


def _is_manifest(source: str) -> bool:
    name = posixpath.basename(source)
    is_text = name.lower().startswith(("readme", "license", "requirements", "constraints"))
    return name.rstrip("*") in _MANIFESTS or is_text or name.endswith("pyproject.toml")


def _names(source: str, name: str) -> bool:
    return source == name or (source.endswith("*") and name.startswith(source.rstrip("*")))
