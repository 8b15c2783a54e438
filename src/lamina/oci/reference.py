"""References: the names of images in registries."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lamina.errors import LaminaError
from lamina.oci.digest import Digest, InvalidDigest

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")
_LONGEST_REPOSITORY = 255


class InvalidReference(LaminaError):
    """A name that no registry could have."""


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """The name of an image: ``[registry/]repository[:tag][@digest]``, as Docker completes it.

    >>> Reference.parse("python:3.12-slim")
    Reference(registry='docker.io', repository='library/python', tag='3.12-slim', digest=None)

    The grammar is that of distribution's ``reference`` package: the first part is a registry if it
    holds a dot or a colon, is ``localhost`` or has a capital letter.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference; neither tag nor digest is added where there is none."""
        name, at, digest_text = text.partition("@")
        if "/" in digest_text:
            raise _with_credentials(text.rpartition("@")[2])
        digest = _parse_digest(text, digest_text) if at else None
        head, colon, last = name.rpartition(":")
        if colon and "/" not in last:
            name, tag = head, last
            if not _TAG.fullmatch(tag):
                raise InvalidReference(f"Invalid tag in reference `{text}`: {tag!r}")
        else:
            tag = ""
        registry, repository = _split(name)
        _check(text, registry, repository)
        return cls(registry, repository, tag, digest)

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    def tagged(self, tag: str = DEFAULT_TAG) -> Reference:
        """Return the reference with ``tag`` where it has neither tag nor digest."""
        return self if self.tag or self.digest else replace(self, tag=tag)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


def _with_credentials(rest: str) -> InvalidReference:
    registry = rest.partition("/")[0]
    return InvalidReference(
        f"Invalid reference to `{rest}`: user and password are no part of one",
        hint=f"Leave them out, and keep them with `docker login {registry}`",
    )


def _parse_digest(text: str, digest: str) -> Digest:
    try:
        return Digest.parse(digest)
    except InvalidDigest as error:
        raise InvalidReference(f"Invalid digest in reference `{text}`: {error}") from None


def _split(name: str) -> tuple[str, str]:
    """Complete a name as Docker does: its registry, ``library/`` for a repository of one part."""
    first, slash, rest = name.partition("/")
    if slash and ({".", ":"} & set(first) or first == "localhost" or first != first.lower()):
        registry, repository = first, rest
    else:
        registry, repository = DEFAULT_REGISTRY, name
    if registry == "index.docker.io":
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}" if repository else ""
    return registry, repository


def _check(text: str, registry: str, repository: str) -> None:
    if not _REGISTRY.fullmatch(registry):
        raise InvalidReference(f"Invalid registry in reference `{text}`: {registry!r}")
    if not _REPOSITORY.fullmatch(repository):
        hint = "Write it in lower case" if _REPOSITORY.fullmatch(repository.lower()) else None
        shown = repository.removeprefix("library/")
        raise InvalidReference(f"Invalid repository in reference `{text}`: {shown!r}", hint=hint)
    if len(repository) > _LONGEST_REPOSITORY:
        raise InvalidReference(
            f"Invalid repository in reference `{text}`: over {_LONGEST_REPOSITORY} characters"
        )
    if registry == DEFAULT_REGISTRY and re.fullmatch("library/[0-9a-f]{64}", repository):
        raise InvalidReference(
            f"Invalid repository in reference `{text}`: 64 hexadecimal digits are an image ID"
        )
