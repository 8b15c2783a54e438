"""Whether a lock still says what ``pyproject.toml`` declares.

The project's own version plays no part: a bump of it must not ask for a new lock. Only what can be
compared for certain is; the rest passes, since a false alarm would stop a build that is in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from lamina.lock.declared import (
    Declared,
    Origin,
    Sources,
    git_origin,
    items,
    normal_specifier,
    plain_path,
    plain_url,
    requirements,
    table,
    text,
    url_origin,
)
from lamina.lock.equivalence import Term, includes, same_terms
from lamina.lock.groups import group_markers, groups
from lamina.lock.markers import literals
from lamina.lock.model import ConflictItem, Lock, LockError, Metadata, Package, Requirement
from lamina.lock.source import Registry
from lamina.lock.uvlock import InvalidLock

Table = Mapping[str, Any]


class LockOutdated(LockError):
    """A lock that was made for something else than what ``pyproject.toml`` says now."""

    def __init__(self, path: str, differences: tuple[str, ...]) -> None:
        super().__init__(
            "\n".join(
                [f"`{path}` does not match `pyproject.toml`", *(f"  {d}" for d in differences)]
            ),
            hint="To update it, run `uv lock`",
        )
        self.differences = differences


def check(lock: Lock, pyproject: Table) -> None:
    """Raise `LockOutdated`, with all that differs, if the lock must be made again.

    ``pyproject`` is the document of the project beside the lockfile or of a workspace member.
    """
    differences = tuple(_differences(lock, pyproject))
    if differences:
        raise LockOutdated(lock.path, differences)


def _differences(lock: Lock, pyproject: Table) -> Iterator[str]:
    name = text(table(pyproject, "project"), "name")
    package = _package_of(lock, name)
    root = lock.project()
    if package is None and (name or root is not None):
        declared = f"`{canonicalize_name(name)}`" if name else "none"
        locked = f"`{root.name}`" if root is not None else "none"
        yield f"name: {declared} is declared, {locked} is locked"
        return
    is_root = package is root
    sources = Sources.of(pyproject, is_root=is_root)
    yield from _requires_python(lock, pyproject)
    if package is not None and package.metadata is not None:
        yield from _metadata(lock, package.metadata, pyproject, sources)
    elif package is None:
        yield from _groups(lock, lock.manifest.dependency_groups, pyproject, sources)
    if is_root:
        yield from _manifest(lock, pyproject, sources)


def _package_of(lock: Lock, name: str) -> Package | None:
    wanted = canonicalize_name(name)
    for package in lock.packages:
        if package.name == wanted and not isinstance(package.source, Registry):
            return package
    return None


def _requires_python(lock: Lock, pyproject: Table) -> Iterator[str]:
    written = text(table(pyproject, "project"), "requires-python")
    try:
        declared = SpecifierSet(written)
    except InvalidSpecifier:
        return
    # The lock has what all members of a workspace admit, and what their groups do.
    is_alone = not lock.manifest.members and not table(pyproject, "tool", "uv", "dependency-groups")
    fits = includes(declared, lock.requires_python)
    if written and (not fits or (is_alone and not includes(lock.requires_python, declared))):
        yield f"requires-python: `{declared}` is declared, `{lock.requires_python}` is locked"


def _metadata(lock: Lock, metadata: Metadata, pyproject: Table, sources: Sources) -> Iterator[str]:
    project = table(pyproject, "project")
    dynamic = items(project, "dynamic")
    if "dependencies" not in dynamic:
        declared = requirements(items(project, "dependencies"), sources)
        locked = [r for r in metadata.requires_dist if not _extras_in(r)]
        yield from _section("dependencies", declared, locked, lock)
    if "optional-dependencies" not in dynamic:
        yield from _extras(lock, metadata, project, sources)
    yield from _groups(lock, metadata.requires_dev, pyproject, sources)


def _extras(lock: Lock, metadata: Metadata, project: Table, sources: Sources) -> Iterator[str]:
    by_extra: dict[str, list[object]] = {
        canonicalize_name(name): texts
        for name, texts in table(project, "optional-dependencies").items()
        if isinstance(texts, list)
    }
    in_lock: dict[str, list[Requirement]] = {}
    for requirement in metadata.requires_dist:
        for extra in _extras_in(requirement):
            in_lock.setdefault(extra, []).append(requirement)
    provided = metadata.provides_extras
    known = in_lock.keys() if provided is None else set(provided)
    for extra in sorted(by_extra.keys() | known):
        if extra not in by_extra:
            yield f"extra `{extra}`: removed"
        elif extra not in known and (provided is not None or by_extra[extra]):
            yield f"extra `{extra}`: added"
        else:
            declared = requirements(by_extra[extra], sources, extra=extra)
            locked = in_lock.get(extra, [])
            yield from _section(f"extra `{extra}`", declared, locked, lock, extra=extra)


def _extras_in(requirement: Requirement) -> list[str]:
    if "extra" not in requirement.marker:
        return []
    return [value for key, value in literals(requirement.marker) if key == "extra"]


def _groups(
    lock: Lock,
    locked: Mapping[str, tuple[Requirement, ...]],
    pyproject: Table,
    sources: Sources,
) -> Iterator[str]:
    declared = groups(pyproject)
    for group in sorted(declared.keys() | locked.keys()):
        if group not in declared:
            yield f"group `{group}`: removed"
        elif group not in locked:
            # Locks of revision 0 leave empty groups out, and so do those of a root without project.
            if declared[group]:
                yield f"group `{group}`: added"
        else:
            within = group_markers(pyproject, group)
            wanted = requirements(declared[group], sources, group=group, within=within)
            yield from _section(f"group `{group}`", wanted, locked[group], lock)


def _manifest(lock: Lock, pyproject: Table, sources: Sources) -> Iterator[str]:
    """Compare what only the root of a workspace declares."""
    uv = table(pyproject, "tool", "uv")
    for key, locked in (
        ("constraint-dependencies", lock.manifest.constraints),
        ("override-dependencies", lock.manifest.overrides),
    ):
        texts = items(uv, key)
        # An override may be a table too, which the lock has in another form.
        if locked is not None and all(isinstance(item, str) for item in texts):
            yield from _section(key, requirements(texts, sources), locked, lock)
    environments = uv.get("environments", [])
    markers = [environments] if isinstance(environments, str) else environments
    if isinstance(markers, list) and all(isinstance(marker, str) for marker in markers):
        wanted, had = ([Term((m,)) for m in ms] for ms in (markers, lock.supported_markers))
        if not same_terms(
            wanted or [Term()], had or [Term()], requires_python=lock.requires_python
        ):
            yield "environments: changed"
    if any(missing for missing in _missing_conflicts(lock, pyproject)):
        yield "conflicts: changed"


def _missing_conflicts(lock: Lock, pyproject: Table) -> Iterator[set[ConflictItem]]:
    """Give the declared conflicts that the lock lacks. It may have more, inferred from groups."""
    name = canonicalize_name(text(table(pyproject, "project"), "name"))
    locked = [set(conflict) for conflict in lock.conflicts]
    for conflict in items(table(pyproject, "tool", "uv"), "conflicts"):
        if isinstance(conflict, list) and all(isinstance(item, dict) for item in conflict):
            wanted = {_conflict_item(item, name) for item in conflict}
            if not any(wanted <= had for had in locked):
                yield wanted


def _conflict_item(item: Table, project: str) -> ConflictItem:
    def named(key: str) -> str | None:
        return canonicalize_name(text(item, key)) or None

    return ConflictItem(named("package") or project, named("extra"), named("group"))


def _section(
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
    changes = [
        f"`{name}` {'added' if name not in had else 'changed' if name in wanted else 'removed'}"
        for name in sorted(wanted.keys() | had.keys())
        if not _same(wanted.get(name, []), had.get(name, []), lock, active)
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
            return Origin("local", plain_path(origin[key]))
    return Origin("index", plain_url(origin["index"]) if "index" in origin else "")
