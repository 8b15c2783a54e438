"""Whether uv would resolve as it did: the settings of a workspace, as declared and as locked.

These stand in ``[tool.uv]`` of the root alone, but for conflicts, which each member may declare.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from packaging.utils import canonicalize_name

from lamina.lock.declared import Sources, Table, items, requirements, table, text
from lamina.lock.equivalence import Term, same_terms
from lamina.lock.groups import included_groups
from lamina.lock.model import ConflictItem, Lock, StaticMetadata
from lamina.lock.sections import changed_names, section

OPTIONS = frozenset(
    {"resolution", "prerelease", "fork-strategy", "exclude-newer", "dependency-metadata"}
)
"""What a variable, or a configuration file of uv's, may decide instead of ``pyproject.toml``."""

_DEFAULTS = {
    "resolution": "highest",
    "prerelease": "if-necessary",
    "fork-strategy": "requires-python",
}
_SPAN = re.compile(r"(?:p(?:t(?=\d+h))?)?(\d{1,6})\s*(w|weeks?|d|days?|h|hours?)", re.IGNORECASE)
_HOURS = {"w": 168, "d": 24, "h": 1}


def changed_settings(
    lock: Lock, root: Table, sources: Sources, elsewhere: Collection[str]
) -> Iterator[str]:
    """Say which settings of the root differ.

    ``elsewhere`` are the names of options that a variable or another file decides, not this one.
    """
    uv = table(root, "tool", "uv")
    yield from _lists(lock, uv, sources)
    yield from _environments(lock, uv)
    if "dependency-metadata" not in elsewhere:
        yield from _static_metadata(lock, uv)
    for name, line in _options(lock, uv):
        if name not in elsewhere:
            yield line


def changed_conflicts(lock: Lock, documents: Collection[Table]) -> Iterator[str]:
    """Say whether conflicts differ; ``documents`` are those of all members."""
    declared: list[dict[ConflictItem, set[ConflictItem]]] = []
    for document in documents:
        for conflict in items(table(document, "tool", "uv"), "conflicts"):
            if isinstance(conflict, list) and all(isinstance(item, dict) for item in conflict):
                declared.append(
                    dict(_conflict_item(item, documents, document) for item in conflict)
                )
    locked = [set(conflict) for conflict in lock.conflicts]
    is_missing = any(not any(wanted.keys() <= had for had in locked) for wanted in declared)
    # uv adds to a group that conflicts what includes it.
    is_unfounded = any(
        not any(had <= wanted.keys() | set().union(*wanted.values()) for wanted in declared)
        for had in locked
    )
    if is_missing or is_unfounded:
        yield "conflicts: changed"


def _conflict_item(
    item: Table, documents: Collection[Table], own: Table
) -> tuple[ConflictItem, set[ConflictItem]]:
    """Return one side of a declared conflict, and the groups that include it."""

    def named(key: str) -> str | None:
        return canonicalize_name(text(item, key)) or None

    project = named("package") or _name(own)
    found = ConflictItem(project, named("extra"), named("group"))
    above = {
        ConflictItem(project, group=canonicalize_name(group))
        for document in documents
        if found.group is not None and _name(document) == project
        for group in table(document, "dependency-groups")
        if found.group in included_groups(canonicalize_name(group), document)
    }
    return found, above


def _name(document: Table) -> str:
    return canonicalize_name(text(table(document, "project"), "name"))


def _lists(lock: Lock, uv: Table, sources: Sources) -> Iterator[str]:
    packages = {package.name for package in lock.packages}
    for key, locked in (
        ("constraint-dependencies", lock.manifest.constraints),
        ("override-dependencies", lock.manifest.overrides),
    ):
        texts = items(uv, key)
        # An override may be a table too, which the lock has in another form.
        if locked is not None and all(isinstance(item, str) for item in texts):
            known = packages | {requirement.name for requirement in locked}
            # What is said of a project that is not there asks for no new lock.
            declared = (each for each in requirements(texts, sources) if each.name in known)
            yield from section(key, declared, locked, lock)
    key, builds = "build-constraint-dependencies", lock.manifest.build_constraints
    yield from section(key, requirements(_texts(uv, key), sources), builds, lock)
    key, had = "exclude-dependencies", dict.fromkeys(lock.manifest.excludes, True)
    names = map(canonicalize_name, _texts(uv, key))
    wanted = {str(name): True for name in names if name in packages | had.keys()}
    yield from changed_names(key, wanted, had)


def _texts(of: Table, key: str) -> list[str]:
    return [item for item in items(of, key) if isinstance(item, str)]


def _environments(lock: Lock, uv: Table) -> Iterator[str]:
    for key, had in (
        ("environments", lock.supported_markers),
        ("required-environments", lock.required_markers),
    ):
        value = uv.get(key, [])
        markers = [value] if isinstance(value, str) else value
        if isinstance(markers, list) and all(isinstance(marker, str) for marker in markers):
            wanted, locked = ([Term((m,)) for m in ms] or [Term()] for ms in (markers, had))
            if not same_terms(wanted, locked, requires_python=lock.requires_python):
                yield f"{key}: changed"


def _static_metadata(lock: Lock, uv: Table) -> Iterator[str]:
    declared: dict[str, set[StaticMetadata]] = {}
    for entry in items(uv, "dependency-metadata"):
        if isinstance(entry, Mapping) and text(entry, "name"):
            found = StaticMetadata(
                canonicalize_name(text(entry, "name")),
                text(entry, "version"),
                tuple(_texts(entry, "requires-dist")),
                text(entry, "requires-python"),
                tuple(map(canonicalize_name, _texts(entry, "provides-extras"))),
            )
            declared.setdefault(found.name, set()).add(_plain(found))
    locked: dict[str, set[StaticMetadata]] = {}
    for found in lock.manifest.dependency_metadata:
        locked.setdefault(found.name, set()).add(_plain(found))
    yield from changed_names("dependency-metadata", declared, locked)


def _plain(metadata: StaticMetadata) -> StaticMetadata:
    """Leave out how a requirement may be spelt: blanks, quotes, and the order of the list."""
    plain = sorted(re.sub(r"[\s()]", "", each).replace('"', "'") for each in metadata.requires_dist)
    return StaticMetadata(
        metadata.name,
        metadata.version,
        tuple(plain),
        re.sub(r"\s", "", metadata.requires_python),
        tuple(sorted(metadata.provides_extras)),
    )


def _options(lock: Lock, uv: Table) -> Iterator[tuple[str, str]]:
    """Give each option that differs, and what to say of it."""
    had = lock.options
    for name, locked in (
        ("resolution", had.resolution),
        ("prerelease", had.prerelease),
        ("fork-strategy", had.fork_strategy),
    ):
        default = _DEFAULTS[name]
        # An older name of the default.
        wanted = text(uv, name).replace("if-necessary-or-explicit", "if-necessary") or default
        locked = locked.replace("if-necessary-or-explicit", "if-necessary") or default
        if wanted != locked:
            yield name, f"{name}: `{wanted}` is declared, `{locked}` is locked"
    wanted, locked = text(uv, "exclude-newer"), had.exclude_newer
    if not _same_moment(wanted, locked):
        yield (
            "exclude-newer",
            f"exclude-newer: {_quoted(wanted)} is declared, {_quoted(locked)} is locked",
        )
    moments = _by_name(uv, "exclude-newer-package")
    if moments.keys() != had.exclude_newer_package.keys() or not all(
        _same_moment(moments[name], locked) for name, locked in had.exclude_newer_package.items()
    ):
        yield "exclude-newer", "exclude-newer-package: changed"
    if _by_name(uv, "prerelease-package") != had.prerelease_package:
        yield "prerelease", "prerelease-package: changed"


def _by_name(uv: Table, key: str) -> dict[str, str]:
    return {
        canonicalize_name(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in table(uv, key).items()
    }


def _quoted(text: str) -> str:
    return f"`{text}`" if text else "none"


def _same_moment(declared: str, locked: str) -> bool:
    """Say whether two moments or spans may be the same; only what can be read is told apart."""
    if declared == locked:
        return True
    one, other = _moment(declared), _moment(locked)
    if isinstance(one, datetime) and isinstance(other, datetime):
        # A date without a time ends somewhere on earth, at most a day and a half from there.
        is_date = len(declared) <= len("2030-01-01")
        return abs(one - other) <= (timedelta(days=2.5) if is_date else timedelta())
    if one is None or other is None:
        return bool(declared) and bool(locked)
    return one == other


def _moment(text: str) -> datetime | int | str | None:
    """Return an instant, a span in hours, a word; ``None`` for what is of no known form."""
    if text in ("", "false"):
        return text
    if match := _SPAN.fullmatch(text.strip()):
        return int(match[1]) * _HOURS[match[2][0].lower()]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
