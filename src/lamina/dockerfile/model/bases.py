"""Base images: what is known of them without asking a registry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

UV_IMAGE = "ghcr.io/astral-sh/uv"
_UV_MIRROR = "astral/uv"
"""The same images, at Docker's own registry."""
_OFFICIAL = re.compile(r"(?:(?:index\.|registry-1\.)?docker\.io/)?(?:library/)?([a-z0-9._-]+)")
_TELLING = frozenset({"alpine", "buildpack-deps", "debian", "python", "scratch", "ubuntu"})
"""Official images that set neither a user nor anything by which a tool finds its cache."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a stage begins with."""

    name: str
    """The reference as written, with variables replaced; empty if that is not known."""
    is_known: bool
    """Whether all that it sets is known; else what the Dockerfile does not say may be set."""
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"

    @property
    def repository(self) -> str:
        """The name without tag and digest; official images by their short name."""
        return split_reference(self.name)[0]

    @property
    def tag(self) -> str:
        """The tag, empty if there is none."""
        return split_reference(self.name)[1]

    @property
    def digest(self) -> str:
        """The digest, empty if there is none."""
        return split_reference(self.name)[2]

    @property
    def has_python(self) -> bool | None:
        """Whether there is a Python in it; None if that is not known."""
        repository = self.repository
        if repository == "python" or (repository == UV_IMAGE and "python" in self.tag):
            return True
        if repository in _TELLING - {"buildpack-deps"} or repository == UV_IMAGE:
            return False
        return None


def split_reference(name: str) -> tuple[str, str, str]:
    """Return repository, tag and digest.

    >>> split_reference("docker.io/library/python:3.12-slim")
    ('python', '3.12-slim', '')
    """
    rest, _, digest = name.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, ""
    official = _OFFICIAL.fullmatch(head)
    if head.removeprefix("docker.io/") == _UV_MIRROR:
        head = UV_IMAGE
    return (official[1] if official else head), tag, digest


def known_base(name: str, pulled: Mapping[str, Base]) -> Base:
    """Return what is known of an image: what it says itself, else what official ones are."""
    if name in pulled:
        return pulled[name]
    repository = split_reference(name)[0]
    return Base(name, is_known=repository in _TELLING or repository == UV_IMAGE)
