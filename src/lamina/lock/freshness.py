"""Whether a lock still says what ``pyproject.toml`` declares.

The project's own version plays no part: a bump of it must not ask for a new lock. Only what can be
compared for certain is; the rest passes, since a false alarm would stop a build that is in order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lamina.lock.declared import Sources, items, requirements, table, text
from lamina.lock.equivalence import includes
from lamina.lock.groups import group_markers, groups
from lamina.lock.markers import literals
from lamina.lock.model import Lock, LockError, Metadata, Package, Requirement
from lamina.lock.sections import changed_names, section
from lamina.lock.settings import OPTIONS, changed_conflicts, changed_settings
from lamina.lock.tree import Tree, changed_kind, changed_members, is_dynamic

Table = Mapping[str, Any]
_WITH_DEFAULT_GROUPS = 5
"""The revision of the lock since which the groups that are installed unasked stand in it."""


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


def check(
    lock: Lock,
    pyproject: Table,
    *,
    trees: Sequence[Tree] | None = None,
    elsewhere: Collection[str] = (),
) -> None:
    """Raise `LockOutdated`, with all that differs, if the lock must be made again.

    ``pyproject`` is the document of the project beside the lockfile or of a workspace member;
    with ``trees``, of the root of the workspace, all of whose other source trees these are.
    ``elsewhere`` are those of `OPTIONS` that it does not decide.
    """
    found = _alone(lock, pyproject) if trees is None else _all(lock, pyproject, trees, elsewhere)
    differences = tuple(found)
    if differences:
        raise LockOutdated(lock.path, differences)


def _alone(lock: Lock, pyproject: Table) -> Iterator[str]:
    """Compare one document, with nothing known of the others."""
    name = text(table(pyproject, "project"), "name")
    package = _package_of(lock, name)
    root = lock.project()
    if package is None and (name or root is not None):
        yield _other_name(name, root)
        return
    is_root = package is root
    sources = Sources.of(pyproject, is_complete=is_root)
    is_alone = not lock.manifest.members
    yield from _requires_python(lock, [pyproject], is_all=is_alone)
    yield from _declarations(lock, package, pyproject, sources)
    if is_root:
        yield from changed_settings(lock, pyproject, sources, OPTIONS)
        if is_alone:
            yield from changed_conflicts(lock, [pyproject])


def _all(
    lock: Lock, pyproject: Table, others: Sequence[Tree], elsewhere: Collection[str]
) -> Iterator[str]:
    """Compare every document that the lock was made from."""
    root = Tree(".", pyproject)
    members = [root, *(tree for tree in others if tree.is_member)]
    documents = [tree.pyproject for tree in members]
    sources = Sources.of(pyproject, is_complete=True)
    if len(members) == 1 and root.package(lock) is None and (root.name or lock.project()):
        yield _other_name(root.name, lock.project())
        return
    yield from changed_members(lock, members)
    yield from _requires_python(lock, documents, is_all=True)
    yield from _declarations(lock, root.package(lock), pyproject, sources)
    yield from _default_groups(lock, root)
    yield from changed_settings(lock, pyproject, sources, elsewhere)
    yield from changed_conflicts(lock, documents)
    for tree in sorted(others, key=lambda tree: tree.folder):
        lines = _tree(lock, tree, sources, [root, *others])
        yield from (f"{tree.folder}: {line}" for line in lines)


def _tree(lock: Lock, tree: Tree, of_root: Sources, trees: Iterable[Tree]) -> Iterator[str]:
    """Compare a member that is not the root, or a folder that is depended on."""
    package = tree.package(lock)
    if package is None or package.metadata is None:
        return
    own = Sources.of(tree.pyproject, is_complete=False, folder=tree.folder)
    sources = own.below(of_root) if tree.is_member else own
    if tree.is_member:
        yield from _default_groups(lock, tree)
    else:
        yield from changed_kind(tree, package, trees)
        yield from _version(package, tree)
    yield from _metadata(lock, package.metadata, tree.pyproject, sources)


def _default_groups(lock: Lock, tree: Tree) -> Iterator[str]:
    """Compare which groups are installed unasked, where the lock is of a revision that has them."""
    package = tree.package(lock)
    if package is None or lock.revision < _WITH_DEFAULT_GROUPS:
        return
    uv = table(tree.pyproject, "tool", "uv")
    told = items({"default-groups": ["dev"], **uv}, "default-groups")
    wanted = {str(canonicalize_name(each)) for each in told if isinstance(each, str)}
    if uv.get("default-groups") == "all":
        wanted = {"*"}
    if wanted != set(package.default_groups):
        yield "default-groups: changed"


def _version(package: Package, tree: Tree) -> Iterator[str]:
    """Compare the version of a folder that is depended on, which is not the project's own."""
    written = text(table(tree.pyproject, "project"), "version")
    try:
        declared = Version(written) if written else None
    except InvalidVersion:
        return
    if declared != package.version and (declared is not None or is_dynamic(tree, "version")):
        shown = [
            f"`{each}`" if each is not None else "dynamic" for each in (declared, package.version)
        ]
        yield f"version: {shown[0]} is declared, {shown[1]} is locked"


def _other_name(name: str, locked: Package | None) -> str:
    declared = f"`{canonicalize_name(name)}`" if name else "none"
    return f"name: {declared} is declared, {f'`{locked.name}`' if locked else 'none'} is locked"


def _declarations(
    lock: Lock, package: Package | None, pyproject: Table, sources: Sources
) -> Iterator[str]:
    """Compare what one document requires."""
    if package is None:
        yield from _groups(lock, lock.manifest.dependency_groups, pyproject, sources)
    elif package.metadata is not None:
        yield from _metadata(lock, package.metadata, pyproject, sources)


def _package_of(lock: Lock, name: str) -> Package | None:
    return Tree(".", {"project": {"name": name}}).package(lock)


def _requires_python(lock: Lock, documents: Sequence[Table], *, is_all: bool) -> Iterator[str]:
    """Compare the Pythons that all documents admit; ``is_all`` says that there are no others."""
    declared = SpecifierSet()
    for document in documents:
        try:
            declared &= SpecifierSet(text(table(document, "project"), "requires-python"))
        except InvalidSpecifier:
            return
        # The lock has what groups admit too.
        is_all = is_all and not table(document, "tool", "uv", "dependency-groups")
    fits = includes(declared, lock.requires_python)
    if str(declared) and (not fits or (is_all and not includes(lock.requires_python, declared))):
        yield f"requires-python: `{declared}` is declared, `{lock.requires_python}` is locked"


def _metadata(lock: Lock, metadata: Metadata, pyproject: Table, sources: Sources) -> Iterator[str]:
    found = list(_requires_dist(lock, metadata, pyproject, sources))
    dynamic = items(table(pyproject, "project"), "dynamic")
    if not found and not {"dependencies", "optional-dependencies"} & set(map(str, dynamic)):
        found = list(_names(metadata, table(pyproject, "project"), sources))
    yield from found
    yield from _groups(lock, metadata.requires_dev, pyproject, sources)


def _requires_dist(
    lock: Lock, metadata: Metadata, pyproject: Table, sources: Sources
) -> Iterator[str]:
    project = table(pyproject, "project")
    dynamic = items(project, "dynamic")
    if "dependencies" not in dynamic:
        declared = requirements(items(project, "dependencies"), sources)
        locked = [r for r in metadata.requires_dist if not _extras_in(r)]
        yield from section("dependencies", declared, locked, lock)
    if "optional-dependencies" not in dynamic:
        yield from _extras(lock, metadata, project, sources)


def _names(metadata: Metadata, project: Table, sources: Sources) -> Iterator[str]:
    """Compare the names alone, for what applies on no machine: there the lock has no extra."""
    extras = table(project, "optional-dependencies").values()
    lists = [items(project, "dependencies"), *(each for each in extras if isinstance(each, list))]
    texts = [each for some in lists for each in some]
    yield from changed_names(
        "dependencies",
        dict.fromkeys((each.name for each in requirements(texts, sources)), True),
        dict.fromkeys((each.name for each in metadata.requires_dist), True),
    )


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
            yield from section(f"extra `{extra}`", declared, locked, lock, extra=extra)


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
            yield from section(f"group `{group}`", wanted, locked[group], lock)
