"""Whether two lists of requirements come to the same: as declared, and as a lock has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lamina.lock.declared import (
    ON_INDEX,
    Declared,
    Origin,
    git_origin,
    index_origin,
    local_origin,
    normal_specifier,
    url_origin,
)
from lamina.lock.equivalence import Term, same_terms
from lamina.lock.model import Lock, Requirement
from lamina.lock.uvlock import InvalidLock


def section(
    title: str,
    declared: Iterable[Declared],
    locked: Iterable[Requirement],
    lock: Lock,
    *,
    extra: str | None = None,
) -> Iterator[str]:
    """Compare two lists of requirements, name by name; say all that differs in one line."""
    wanted, had = _by_name(declared), _by_name(map(_as_declared, locked))
    active = frozenset({extra} if extra else ())
    yield from _lines(
        title,
        wanted,
        had,
        lambda name: _same(wanted.get(name, []), had.get(name, []), lock, active),
    )


def changed_names(
    title: str, declared: Mapping[str, object], locked: Mapping[str, object]
) -> Iterator[str]:
    """Say in one line what differs between two mappings by name."""
    yield from _lines(title, declared, locked, lambda name: declared.get(name) == locked.get(name))


def _lines(
    title: str,
    wanted: Mapping[str, object],
    had: Mapping[str, object],
    is_same: Callable[[str], bool],
) -> Iterator[str]:
    changes = [
        f"`{name}` {'added' if name not in had else 'changed' if name in wanted else 'removed'}"
        for name in sorted(wanted.keys() | had.keys())
        if not is_same(name)
    ]
    if changes:
        yield f"{title}: {', '.join(changes)}"


def _by_name(all_of: Iterable[Declared]) -> dict[str, list[Declared]]:
    found: dict[str, list[Declared]] = {}
    for declared in all_of:
        found.setdefault(declared.name, []).append(declared)
    return found


def _same(wanted: list[Declared], had: list[Declared], lock: Lock, active: frozenset[str]) -> bool:
    """Say whether both come to the same on every machine: same origin, extras and specifier."""
    wanted, had = _comparable(wanted, had)
    terms: dict[object, tuple[list[Term], list[Term]]] = {}
    for side, all_of in enumerate((wanted, had)):
        for declared in all_of:
            key = (declared.extras, declared.origin, declared.specifier)
            terms.setdefault(key, ([], []))[side].append(declared.term)
    return all(
        same_terms(one, other, requires_python=lock.requires_python, active=active)
        for one, other in terms.values()
    )


def _comparable(
    wanted: list[Declared], had: list[Declared]
) -> tuple[list[Declared], list[Declared]]:
    """Leave out what one side cannot tell: details of an origin, or where it is at all."""
    unknown = any(declared.origin.kind == "unknown" for declared in wanted)
    if unknown and any(declared.origin.kind != "index" for declared in had):
        bare = frozenset[tuple[str, str]]()
        one, other = (
            [replace(d, origin=Origin("unknown"), specifier=bare) for d in side]
            for side in (wanted, had)
        )
        return one, other
    vague = {d.origin.kind for d in (*wanted, *had) if not d.origin.detail} - {"index"}
    vague |= {"index", "unknown"} if unknown else set()

    def settle(declared: Declared) -> Declared:
        kind = "index" if declared.origin.kind == "unknown" else declared.origin.kind
        detail = "" if declared.origin.kind in vague else declared.origin.detail
        # The lock keeps a specifier only of what is chosen by it.
        specifier = declared.specifier if kind == "index" else frozenset()
        return replace(declared, origin=Origin(kind, detail), specifier=specifier)

    return [settle(declared) for declared in wanted], [settle(declared) for declared in had]


def _as_declared(requirement: Requirement) -> Declared:
    try:
        specifier = SpecifierSet(requirement.specifier)
    except InvalidSpecifier as error:
        raise InvalidLock(
            f"Unable to parse a specifier of `{requirement.name}` in the lockfile: "
            f"{requirement.specifier!r}",
            hint="To write the lockfile again, run `uv lock`",
        ) from error
    return Declared(
        requirement.name,
        frozenset(requirement.extras),
        normal_specifier(specifier),
        _locked_origin(dict(requirement.origin)),
        Term((requirement.marker,) if requirement.marker else ()),
    )


def _locked_origin(origin: Mapping[str, str]) -> Origin:
    if "git" in origin:
        return git_origin(origin["git"])
    if "url" in origin:
        return url_origin(origin["url"], origin.get("subdirectory", ""))
    for key in ("path", "directory", "editable", "virtual"):
        if key in origin:
            return local_origin(origin[key], is_editable=key == "editable")
    return (
        index_origin(origin["index"], origin.get("conflict", "")) if "index" in origin else ON_INDEX
    )
