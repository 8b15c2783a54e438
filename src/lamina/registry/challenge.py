"""What a registry wants to see before it does something: challenges, and the scopes of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST = 8192
_SCHEME = re.compile(r"[ \t,]*([A-Za-z][A-Za-z0-9-]*)(?=[ \t]|,|$)(?![ \t]*=)")
_PARAMETER = re.compile(
    r'[ \t,]*([A-Za-z][A-Za-z0-9_-]*)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))'
)
_ESCAPED = re.compile(r"\\(.)")

Scopes = frozenset[tuple[str, str]]
"""What a token is for: pairs of a resource (``repository:NAME``) and an action (``pull``)."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge of a ``WWW-Authenticate`` header (RFC 9110, 11.6.1)."""

    scheme: str
    """In lower case."""
    realm: str = ""
    service: str = ""
    scopes: Scopes = frozenset()


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read a ``WWW-Authenticate`` header; what cannot be read ends it.

    >>> [c.scheme for c in parse_challenges('Basic realm="a, b", Bearer realm="https://t.example"')]
    ['basic', 'bearer']
    """
    found, at, header = [], 0, header[:_LONGEST]
    while match := _SCHEME.match(header, at):
        scheme, at = match[1].lower(), match.end()
        parameters: dict[str, str] = {}
        while match := _PARAMETER.match(header, at):
            value = match[3] if match[2] is None else _ESCAPED.sub(r"\1", match[2])
            parameters.setdefault(match[1].lower(), value)
            at = match.end()
        found.append(
            Challenge(
                scheme,
                parameters.get("realm", ""),
                parameters.get("service", ""),
                parse_scopes(parameters.get("scope", "")),
            )
        )
    return tuple(found)


def repository_scopes(name: str, actions: Iterable[str]) -> Scopes:
    """Return the scopes of a repository."""
    return frozenset((f"repository:{name}", action) for action in actions)


def parse_scopes(text: str) -> Scopes:
    """Read scopes, each ``type:name:action,action``, with spaces between."""
    found = set()
    for scope in text.split():
        resource, _, actions = scope.rpartition(":")
        found |= {(resource, action) for action in actions.split(",") if resource and action}
    return frozenset(found)


def format_scopes(scopes: Scopes) -> list[str]:
    """Write scopes, one text for each resource, always in the same order.

    >>> format_scopes(parse_scopes("repository:b:pull repository:a:push repository:a:pull"))
    ['repository:a:pull,push', 'repository:b:pull']
    """
    resources = sorted({resource for resource, _ in scopes})
    return [
        f"{resource}:{','.join(sorted(action for each, action in scopes if each == resource))}"
        for resource in resources
    ]
