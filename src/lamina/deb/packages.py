"""Packages indices: the packages that an archive has, the newest version of each, their closure.

An index has some 60,000 paragraphs, of which a closure needs a few dozen: they are found by their
first field and parsed only when asked for, which takes a tenth of the time that parsing all takes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamina.deb.control import (
    ControlError,
    Paragraph,
    Relation,
    parse_paragraph,
    parse_relations,
    parse_version,
    required,
)
from lamina.deb.package import DebianPackage
from lamina.errors import LaminaError
from lamina.oci.digest import Digest, InvalidDigest

_NAME = b"Package: "
_PROVIDES = b"\nProvides: "
_PRIORITIES = ("required", "important", "standard", "optional", "extra")


class UnsatisfiedDependencies(LaminaError):
    """Packages that need what the archive does not have; all of them are named."""

    def __init__(self, problems: Iterable[str]) -> None:
        lines = sorted(set(problems))
        count = "1 dependency" if len(lines) == 1 else f"{len(lines)} dependencies"
        super().__init__(
            f"Unable to satisfy {count} of Debian packages"
            + "".join(f"\n  {line}" for line in lines),
            hint="The mirror may be in the middle of an update; try again, or name another mirror",
        )


@dataclass(frozen=True, slots=True)
class PackagesFile:
    """One Packages index, uncompressed."""

    data: bytes
    suite: str
    priority: int = 500
    """As apt gives it to the packages of a suite (apt_preferences(5))."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    package: DebianPackage
    depends: tuple[tuple[Relation, ...], ...]
    provides: tuple[tuple[Relation, ...], ...]
    priority: int

    def provided_version(self, name: str) -> str | None:
        """The version of ``name`` that this provides, if it says one (Policy 7.5)."""
        for (relation,) in self.provides:
            if relation.name == name:
                return relation.version or None
        return None


@dataclass(frozen=True, slots=True)
class _Span:
    file: int
    start: int
    end: int


class PackagesIndex:
    """All the packages of some Packages indices; the newest version of each is its candidate."""

    def __init__(self, files: Iterable[PackagesFile]) -> None:
        self._files = tuple(files)
        self._spans: dict[str, list[_Span]] = defaultdict(list)
        self._providers: dict[str, set[str]] = defaultdict(set)
        self._candidates: dict[str, _Candidate | None] = {}
        for number, file in enumerate(self._files):
            for span in _spans(number, file.data):
                self._add(span, file.data)

    def closure(
        self, roots: Iterable[str], *, alone: Iterable[str] = ()
    ) -> tuple[DebianPackage, ...]:
        """Return ``roots`` with all that they need, and ``alone`` without; ordered by name.

        Needed is what Depends and Pre-Depends say: of alternatives the first that the archive
        has, of several providers of a virtual package the one of the highest priority, then the
        first by name. The answer depends on the index alone, not on an order of visits.
        """
        found: dict[str, _Candidate] = {}
        problems: list[str] = []
        waiting = [(name, Relation(name)) for name in sorted({*roots, *alone})]
        left_alone = frozenset(alone) - frozenset(roots)
        while waiting:
            wanted_by, relation = waiting.pop()
            candidate = self._satisfy(relation)
            if candidate is None:
                problems.append(f"{wanted_by} is not in the archive")
                continue
            name = candidate.package.name
            if name in found:
                continue
            found[name] = candidate
            if name not in left_alone:
                waiting.extend(self._needs(candidate, problems))
        if problems:
            raise UnsatisfiedDependencies(problems)
        return tuple(found[name].package for name in sorted(found))

    def _needs(self, candidate: _Candidate, problems: list[str]) -> Iterator[tuple[str, Relation]]:
        for alternatives in candidate.depends:
            satisfied = (relation for relation in alternatives if self._satisfy(relation))
            if (relation := next(satisfied, None)) is not None:
                yield candidate.package.name, relation
            else:
                text = " | ".join(self._explain(relation) for relation in alternatives)
                problems.append(f"{candidate.package.name} needs {text}")

    def _explain(self, relation: Relation) -> str:
        candidate = self._candidate(relation.name)
        if candidate is None:
            return f"{relation}, which the archive does not have"
        return f"{relation}, but the archive has {candidate.package.version}"

    def _satisfy(self, relation: Relation) -> _Candidate | None:
        real = self._candidate(relation.name)
        if real is not None and relation.admits(real.package.version):
            return real
        providers = [
            candidate
            for name in self._providers.get(relation.name, ())
            if (candidate := self._candidate(name)) is not None
            and any(provided.name == relation.name for (provided,) in candidate.provides)
            and relation.admits(candidate.provided_version(relation.name))
        ]
        return min(providers, key=lambda one: (one.priority, one.package.name), default=None)

    def _candidate(self, name: str) -> _Candidate | None:
        if name not in self._candidates:
            newest: _Candidate | None = None
            for span in self._spans.get(name, ()):
                candidate = self._parse(name, span)
                if newest is None or _is_newer(candidate.package, newest.package):
                    newest = candidate
            self._candidates[name] = newest
        return self._candidates[name]

    def _parse(self, name: str, span: _Span) -> _Candidate:
        file = self._files[span.file]
        where = f"the Packages entry of `{name}`"
        paragraph = parse_paragraph(file.data[span.start : span.end], where=where)
        depends = (paragraph.get(field, "") for field in ("Pre-Depends", "Depends"))
        priority = paragraph.get("Priority", "optional")
        return _Candidate(
            _package(paragraph, file.suite, where),
            parse_relations(",".join(depends), where=where),
            _provides(paragraph, where),
            _PRIORITIES.index(priority) if priority in _PRIORITIES else len(_PRIORITIES),
        )

    def _add(self, span: _Span, data: bytes) -> None:
        line = data.find(b"\n", span.start, span.end)
        name = data[span.start + len(_NAME) : line if line != -1 else span.end].decode("latin-1")
        self._spans[name.strip()].append(span)
        at = data.find(_PROVIDES, span.start, span.end)
        if at != -1:
            line = data.find(b"\n", at + len(_PROVIDES), span.end)
            text = data[at + len(_PROVIDES) : line if line != -1 else span.end].decode("latin-1")
            for provided in text.split(","):
                # The version is looked at when a candidate is.
                self._providers[provided.split("(")[0].split(":")[0].strip()].add(name.strip())


def _spans(number: int, data: bytes) -> Iterator[_Span]:
    start = 0
    while start < len(data):
        if data.startswith(b"\n", start):
            start += 1
            continue
        end = data.find(b"\n\n", start)
        end = len(data) if end == -1 else end
        if data.startswith(_NAME, start):
            yield _Span(number, start, end)
        else:
            line = data[start : start + 60].split(b"\n")[0].decode("latin-1")
            raise ControlError(f"Expected `Package` first in an entry of Packages, got: {line}")
        start = end + 2


def _provides(paragraph: Paragraph, where: str) -> tuple[tuple[Relation, ...], ...]:
    groups = parse_relations(paragraph.get("Provides", ""), where=where)
    if any(len(group) != 1 for group in groups):
        raise ControlError(f"Malformed `Provides` in {where}: {paragraph['Provides']}")
    return groups


def _package(paragraph: Paragraph, suite: str, where: str) -> DebianPackage:
    fields = ("Package", "Version", "Architecture", "Filename", "Size", "SHA256")
    name, version, architecture, path, size, sha256 = required(paragraph, *fields, where=where)
    parse_version(version, where=where)
    if path.startswith("/") or ".." in path.split("/") or not path.isprintable():
        raise ControlError(f"Malformed `Filename` in {where}: {path}")
    if not (size.isascii() and size.isdecimal()):
        raise ControlError(f"Malformed `Size` in {where}: {size}")
    try:
        Digest.parse(f"sha256:{sha256}")
    except InvalidDigest:
        raise ControlError(f"Malformed `SHA256` in {where}: {sha256}") from None
    return DebianPackage(
        name=name,
        version=version,
        architecture=architecture,
        suite=suite,
        path=path,
        size=int(size),
        sha256=sha256,
    )


def _is_newer(one: DebianPackage, other: DebianPackage) -> bool:
    where = f"the Packages entry of `{one.name}`"
    return bool(parse_version(one.version, where=where) > parse_version(other.version, where=where))
