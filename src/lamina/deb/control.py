"""Control data: paragraphs of fields (deb822(5), Debian Policy 5.1), and package relations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from debian.deb822 import Deb822
from debian.debian_support import NativeVersion

from lamina.errors import LaminaError

Paragraph = Mapping[str, str]
"""Fields by name, whose case does not matter."""

_RELATION = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9.+-]*)(?::(?P<qualifier>[a-z0-9-]+))?"
    r"(?:\s*\(\s*(?P<relation><<|<=|=|>=|>>)\s*(?P<version>[0-9A-Za-z:+~.-]+)\s*\))?"
)


class ControlError(LaminaError):
    """Control data that does not say what it must."""


def parse_paragraphs(data: bytes, *, where: str) -> tuple[Paragraph, ...]:
    """Read the paragraphs of ``data``; ``where`` names it in errors."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ControlError(f"Expected UTF-8 in {where}") from None
    return tuple(Deb822.iter_paragraphs(text.splitlines(), use_apt_pkg=False))


def parse_paragraph(data: bytes, *, where: str) -> Paragraph:
    """Read the single paragraph of ``data``; ``where`` names it in errors."""
    paragraphs = parse_paragraphs(data, where=where)
    if len(paragraphs) != 1:
        raise ControlError(f"Expected one paragraph in {where}, got: {len(paragraphs)}")
    return paragraphs[0]


def required(paragraph: Paragraph, *fields: str, where: str) -> tuple[str, ...]:
    """Return the values of ``fields``, or name all that are missing."""
    missing = [field for field in fields if not paragraph.get(field)]
    if missing:
        raise ControlError(f"Missing in {where}: {', '.join(f'`{field}`' for field in missing)}")
    return tuple(paragraph[field] for field in fields)


def parse_version(text: str, *, where: str) -> NativeVersion:
    """Read a version, which compares as Debian Policy 5.6.12 says."""
    try:
        return NativeVersion(text)
    except ValueError:
        raise ControlError(f"Malformed version in {where}: {text}") from None


def compare_versions(one: str, other: str) -> int:
    """Return a number below, of or above zero, as ``one`` is lower, equal, higher (deb-version(7)).

    >>> compare_versions("1.0~rc1", "1.0") < 0 < compare_versions("1:0", "9")
    True
    """
    if one == other:
        return 0
    return int(_version(one)._compare(_version(other)))


@lru_cache(maxsize=4096)
def _version(text: str) -> NativeVersion:
    return NativeVersion(text)


@dataclass(frozen=True, slots=True)
class Relation:
    """One alternative of a dependency, or one thing provided: a name, maybe with a version."""

    name: str
    relation: str = ""
    version: str = ""
    qualifier: str = ""
    """The architecture asked for: ``any``, ``native``, one by name, or empty."""

    def admits(self, version: str | None) -> bool:
        """Say whether a package of ``version`` will do; ``None``: provided without a version."""
        if not self.relation:
            return True
        if version is None:
            return False
        order = compare_versions(version, self.version)
        return {
            "<<": order < 0,
            "<=": order <= 0,
            "=": order == 0,
            ">=": order >= 0,
            ">>": order > 0,
        }[self.relation]

    def __str__(self) -> str:
        name = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return f"{name} ({self.relation} {self.version})" if self.relation else name


def parse_relations(text: str, *, where: str) -> tuple[tuple[Relation, ...], ...]:
    """Read a relationship field of a binary package: groups, each of alternatives (Policy 7.1).

    >>> [[str(r) for r in g] for g in parse_relations("a (>= 1), b:any | c", where="`x`")]
    [['a (>= 1)'], ['b:any', 'c']]
    """
    return tuple(tuple(_alternatives(group, where)) for group in text.split(",") if group.strip())


def _alternatives(group: str, where: str) -> Iterator[Relation]:
    for text in group.split("|"):
        match = _RELATION.fullmatch(text.strip())
        if match is None:
            raise ControlError(f"Malformed relation in {where}: {text.strip()}")
        if match["version"]:
            parse_version(match["version"], where=where)
        yield Relation(
            match["name"],
            match["relation"] or "",
            match["version"] or "",
            match["qualifier"] or "",
        )
