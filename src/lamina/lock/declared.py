"""What a ``pyproject.toml`` declares of its requirements, brought to the form of a lock.

Only for comparison with a lock: what is of no known shape is passed over, since saying that a
``pyproject.toml`` is wrong is not the business of a look at freshness.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as ParsedRequirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name, canonicalize_version

from lamina.lock.equivalence import Term
from lamina.lock.model import LockError
from lamina.urls import redacted

Table = Mapping[str, Any]


class InvalidDeclaration(LockError):
    """A requirement of a ``pyproject.toml`` that cannot be read."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a requirement is to be taken from, as far as that can be compared."""

    kind: str
    """``index``, ``url``, ``git``, ``local``, or ``unknown`` where only a folder could tell."""
    detail: str = ""


ON_INDEX = Origin("index")
_ASKED_OF_GIT = ("rev", "tag", "branch", "subdirectory")


@dataclass(frozen=True, slots=True)
class Declared:
    """One requirement, as declared, where one of its sources applies."""

    name: str
    extras: frozenset[str]
    specifier: frozenset[tuple[str, str]]
    origin: Origin
    term: Term


@dataclass(frozen=True, slots=True)
class Sources:
    """``[tool.uv.sources]`` and the indexes that it names."""

    by_name: Mapping[str, tuple[Table, ...]]
    indexes: Mapping[str, str]
    is_complete: bool
    """Whether a project that is not named here is from an index for certain: a member of a
    workspace inherits the sources of the root, which it cannot see."""

    @classmethod
    def of(cls, pyproject: Table, *, is_complete: bool, folder: str = ".") -> Sources:
        """Read the tables; entries of no known shape are passed over.

        ``folder`` is where the document lies, relative to the lockfile.
        """
        uv = table(pyproject, "tool", "uv")
        by_name: dict[str, tuple[Table, ...]] = {}
        if uv.get("no-sources") is not True:
            for name, entry in table(uv, "sources").items():
                entries = entry if isinstance(entry, list) else [entry]
                by_name[canonicalize_name(name)] = tuple(
                    _placed(item, folder) for item in entries if isinstance(item, dict)
                )
        indexes = {
            index["name"]: index["url"]
            for index in items(uv, "index")
            if isinstance(index, dict)
            and isinstance(index.get("name"), str)
            and isinstance(index.get("url"), str)
        }
        return cls(by_name, indexes, is_complete)

    def below(self, root: Sources) -> Sources:
        """Return these sources, of a member, with those that it inherits from the root."""
        return Sources(
            {**root.by_name, **self.by_name}, {**root.indexes, **self.indexes}, is_complete=True
        )

    def origins(
        self, name: str, written: str | None, *, extra: str | None, group: str | None
    ) -> Iterator[tuple[Origin, Term]]:
        """Give each place that a requirement may be taken from, and where that applies.

        ``written`` is the URL in the requirement itself, for where no source applies.
        """
        markers = []
        for entry in self.by_name.get(name, ()):
            if not _is_for(entry, "extra", extra) or not _is_for(entry, "group", group):
                continue
            marker = text(entry, "marker")
            markers.append(marker)
            # The sources of one project exclude each other, or uv refuses them.
            yield self._origin(entry), Term((marker,) if marker else ())
        if "" not in markers:
            yield self._default(written, bool(markers)), Term(none=tuple(markers))

    def _default(self, written: str | None, is_named: bool) -> Origin:
        if written:
            return _written_origin(written)
        return ON_INDEX if self.is_complete or is_named else Origin("unknown")

    def _origin(self, entry: Table) -> Origin:
        if (name := text(entry, "index")) in self.indexes:
            limits = [
                f"{key} {canonicalize_name(limit)}"
                for key in ("extra", "group")
                if (limit := text(entry, key))
            ]
            return index_origin(self.indexes[name], " ".join(limits))
        if url := text(entry, "url"):
            return url_origin(url, text(entry, "subdirectory"))
        if url := text(entry, "git"):
            asked = {key: text(entry, key) for key in _ASKED_OF_GIT}
            asked |= {"lfs": "true"} if entry.get("lfs") is True else {}
            return git_origin(url, {key: value for key, value in asked.items() if value})
        if "path" in entry:
            return local_origin(text(entry, "path"), is_editable=entry.get("editable") is True)
        if entry.get("workspace") is True:
            return Origin("local")
        return Origin("unknown")


def requirements(
    texts: Iterable[object],
    sources: Sources,
    *,
    extra: str | None = None,
    group: str | None = None,
    within: tuple[str, ...] = (),
) -> Iterator[Declared]:
    """Give what a list of requirements declares, once for each source that may apply.

    ``within`` are markers that hold for all of them.
    """
    for item in texts:
        if not isinstance(item, str):
            continue
        try:
            parsed = ParsedRequirement(item)
        except (InvalidRequirement, RecursionError) as error:
            raise InvalidDeclaration(
                f"Unable to parse a requirement of `pyproject.toml`: {_without_secrets(item)}"
            ) from error
        name = canonicalize_name(parsed.name)
        marker = (*within, str(parsed.marker)) if parsed.marker else within
        extras = frozenset(canonicalize_name(e) for e in parsed.extras)
        specifier = normal_specifier(parsed.specifier)
        for origin, term in sources.origins(name, parsed.url, extra=extra, group=group):
            where = Term((*marker, *term.every), term.none)
            yield Declared(name, extras, specifier, origin, where)


def table(of: Table, *keys: str) -> Table:
    """Return a table inside of tables, empty where there is none."""
    value: Any = of
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items(of: Table, key: str) -> list[object]:
    """Return a list of a table, empty where there is none."""
    value = of.get(key)
    return value if isinstance(value, list) else []


def text(of: Table, key: str) -> str:
    """Return a text of a table, empty where there is none."""
    value = of.get(key)
    return value if isinstance(value, str) else ""


def normal_specifier(written: SpecifierSet) -> frozenset[tuple[str, str]]:
    """Return the clauses of a specifier, in no order, their versions in normal form.

    >>> one, other = SpecifierSet("<2,>=1.0RC1"), SpecifierSet(">=1.0rc1, <2.0")
    >>> normal_specifier(one) == normal_specifier(other)
    True
    """
    return frozenset((clause.operator, _normal_version(clause)) for clause in written)


def _normal_version(clause: Specifier) -> str:
    """Return a version as uv compares it, without zeros at its end where they mean nothing."""
    written = clause.version.removesuffix(".*")
    suffix = clause.version[len(written) :]
    return canonicalize_version(written, strip_trailing_zero=clause.operator != "~=") + suffix


def url_origin(url: str, subdirectory: str = "") -> Origin:
    """Return the origin of an archive at a URL."""
    return Origin("url", f"{plain_url(url)}#{subdirectory}" if subdirectory else plain_url(url))


def index_origin(url: str, limit: str = "") -> Origin:
    """Return the origin of what comes from a certain index, for all or for one extra or group.

    Of one that is a folder only the name counts: the lock has it by its place on some machine.
    """
    scheme, found, path = url.partition("://")
    place = plain_url(url)
    if not found or scheme == "file":
        place = posixpath.basename(posixpath.normpath(path or url))
    return Origin("index", f"{place} for {limit}" if limit else place)


def git_origin(url: str, asked: Mapping[str, str] | None = None) -> Origin:
    """Return the origin of a Git repository: its URL, and what of it is asked for.

    The lock has that in the query, a requirement and a source have it elsewhere.
    """
    url = url.removeprefix("git+")
    query = {k: value for k, value in _query(url) if k in (*_ASKED_OF_GIT, "lfs")} | dict(
        asked or {}
    )
    return Origin(
        "git", f"{plain_url(url).removesuffix('.git')}?{urlencode(sorted(query.items()))}"
    )


def _query(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query)
    except ValueError:
        return []


def _written_origin(url: str) -> Origin:
    """Return the origin that is written in a requirement: ``name @ url``."""
    head, _, fragment = url.partition("#")
    subdirectory = dict(parse_qsl(fragment)).get("subdirectory", "")
    asked = {"subdirectory": subdirectory} if subdirectory else {}
    if head.startswith("git+"):
        # `git+https://user@host/path@revision`: an `@` before the path belongs to the host.
        start = head.find("/", head.find("://") + 3)
        path, at, rev = head[start:].rpartition("@")
        return (
            git_origin(head[:start] + path, asked | {"rev": rev}) if at else git_origin(head, asked)
        )
    if head.startswith("file:") or ":" not in head:
        return Origin("local")
    return url_origin(head, subdirectory)


def plain_url(url: str) -> str:
    """Return a URL without credentials, query, fragment and final slash."""
    return redacted(url).rstrip("/")


def local_origin(path: str, *, is_editable: bool) -> Origin:
    """Return the origin of a file or folder of this machine; an absolute path is not compared."""
    if path.startswith(("/", "~")) or ":" in path:
        return Origin("local")
    return Origin("local", f"{posixpath.normpath(path)}{' (editable)' if is_editable else ''}")


def _placed(entry: Table, folder: str) -> Table:
    """Return a source with its path relative to the lockfile."""
    path = text(entry, "path")
    return {**entry, "path": posixpath.join(folder, path)} if path else entry


def _is_for(entry: Table, key: str, asked: str | None) -> bool:
    """A source may be limited to one extra or group."""
    limit = text(entry, key)
    return not limit or (asked is not None and canonicalize_name(limit) == asked)


def _without_secrets(requirement: str) -> str:
    head, at, tail = requirement.partition("@")
    return f"{head.strip()} @ ..." if at and "//" in tail else requirement
