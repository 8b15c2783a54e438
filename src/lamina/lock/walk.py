"""Which packages of a lock an installation takes: the walk over its graph.

The steps are those of ``uv sync`` (``crates/uv-resolver/src/lock/installable.rs``). A marker on an
edge was simplified under what makes its parent reachable, so it is asked only on the way from
there; and two versions of one project are told apart by nothing but the edges that name them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lamina.lock.markers import Evaluator, Truth, encode, holds
from lamina.lock.model import ConflictItem, Dependency, Lock, LockError, Package, Requirement
from lamina.lock.wanted import Extras, Groups


class ConflictingRequest(LockError):
    """Extras or groups that the lock was told never to be installed together."""


class InconsistentLock(LockError):
    """A lock whose parts do not fit each other."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a lock: the packages to begin with, and what of them."""

    roots: tuple[Package, ...]
    extras: Extras
    groups: Groups
    is_single: bool = False
    """Whether the roots are one project. The groups of the workspace's own root are then taken as
    well, but only those that are asked for and that the project lacks."""

    def groups_of(self, package: Package) -> list[str]:
        """Return which groups of a root are taken."""
        return [group for group in sorted(package.dependency_groups) if self.groups.takes(group)]

    def groups_beside(self, available: Iterable[str]) -> list[str]:
        """Return which groups are taken of the workspace's root, where that is no root here."""
        if not self.is_single:
            return []
        lacking = set(available) - {group for root in self.roots for group in groups_in(root)}
        return [group for group in sorted(lacking) if self.groups.asks(group)]


def groups_in(package: Package) -> set[str]:
    """Return the dependency groups of a package, the empty ones too."""
    declared = package.metadata.requires_dev if package.metadata is not None else {}
    return package.dependency_groups.keys() | declared.keys()


def extras_in(package: Package) -> set[str]:
    """Return the extras of a package, the empty ones too."""
    declared = package.metadata.provides_extras if package.metadata is not None else None
    return package.optional_dependencies.keys() | set(declared or ())


Node = tuple[int, str | None]
"""A package, by its place in the lock, and one of its extras; ``None`` for the package alone."""


def walk(lock: Lock, request: Request, evaluator: Evaluator) -> tuple[Package, ...]:
    """Return the packages that the request takes, in the order of the lock.

    The roots are among them, unless only groups are taken and none of those names them.
    """
    _refuse_request(lock, request)
    return _Walk(lock, evaluator).run(request)


@dataclass(slots=True)
class _Walk:
    """The state of one walk: what is active, and what is still to be visited."""

    lock: Lock
    evaluator: Evaluator
    by_name: dict[str, list[int]] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    queue: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, package in enumerate(self.lock.packages):
            self.by_name.setdefault(package.name, []).append(number)

    def run(self, request: Request) -> tuple[Package, ...]:
        groups = list(self._groups(request))
        if self.lock.conflicts:
            self._activate_request(request, groups)
        if request.groups.takes_projects:
            for root in request.roots:
                number = self._number(root)
                self.queue.append((number, None))
                self.queue.extend((number, extra) for extra in _extras_taken(request, root))
        for package, group in groups:
            self._enter_group(package.dependency_groups[group])
        self._enter_manifest(request)
        if self.lock.conflicts:
            self._activate_reachable()
            self._refuse_conflicts()
        return tuple(self.lock.packages[number] for number in sorted(self._reach()))

    def _number(self, package: Package) -> int:
        return next(n for n in self.by_name[package.name] if self.lock.packages[n] is package)

    def _groups(self, request: Request) -> Iterator[tuple[Package, str]]:
        """Give the groups that are taken, each with the package that it is of."""
        for root in request.roots:
            yield from ((root, group) for group in request.groups_of(root))
        beside = self.lock.project()
        if beside is not None and beside not in request.roots:
            available = beside.dependency_groups
            yield from ((beside, group) for group in request.groups_beside(available))

    def _activate_request(self, request: Request, groups: Iterable[tuple[Package, str]]) -> None:
        items = [ConflictItem(package.name, group=group) for package, group in groups]
        if request.groups.takes_projects:
            for root in request.roots:
                items.append(ConflictItem(root.name))
                items += [ConflictItem(root.name, extra=e) for e in _extras_taken(request, root)]
        self.active |= {encode(item) for item in items}

    def _enter_group(self, edges: Iterable[Dependency]) -> None:
        for edge in edges:
            extras = _extras_of(edge)
            if holds(self.evaluator.condition(edge.marker), self.active | extras):
                self.active |= extras
                self.queue.extend(self._targets(edge))

    def _enter_manifest(self, request: Request) -> None:
        """Enter what a workspace without a project of its own, or a script, asks for itself."""
        available = self.lock.manifest.dependency_groups
        if request.is_single:
            groups = request.groups_beside(available)
        else:
            groups = [group for group in sorted(available) if request.groups.takes(group)]
        named = [requirement for group in groups for requirement in available[group]]
        for requirement in [*self.lock.manifest.requirements, *named]:
            if holds(self.evaluator.condition(requirement.marker), frozenset()):
                number = self._by_markers(requirement)
                self.queue.append((number, None))
                self.queue.extend((number, extra) for extra in requirement.extras)

    def _by_markers(self, requirement: Requirement) -> int:
        """Return the package that a requirement of the manifest means, which names no version."""
        numbers = [
            number
            for number in self.by_name.get(requirement.name, ())
            if not (markers := self.lock.packages[number].resolution_markers)
            or self.evaluator.can_hold(markers)
        ]
        if len(numbers) != 1:
            raise self._inconsistent(f"{len(numbers)} packages fit `{requirement.name}`")
        return numbers[0]

    def _edges(self, node: Node) -> tuple[Dependency, ...]:
        package = self.lock.packages[node[0]]
        if node[1] is None:
            return package.dependencies
        return package.optional_dependencies.get(node[1], ())

    def _targets(self, edge: Dependency) -> Iterator[Node]:
        number = self._resolve(edge)
        yield number, None
        for extra in edge.extras:
            yield number, extra

    def _resolve(self, edge: Dependency) -> int:
        """Return the package that an edge names; version and source stand there if they must."""
        numbers = self.by_name.get(edge.name, [])
        if len(numbers) == 1:
            return numbers[0]
        fitting = [
            number
            for number in numbers
            if self.lock.packages[number].version == edge.version
            and edge.source in (None, self.lock.packages[number].source)
        ]
        if len(fitting) != 1:
            named = edge.name if edge.version is None else f"{edge.name} {edge.version}"
            raise self._inconsistent(f"{len(fitting)} packages fit the dependency `{named}`")
        return fitting[0]

    def _inconsistent(self, reason: str) -> InconsistentLock:
        return InconsistentLock(
            f"Unable to follow `{self.lock.path}`: {reason}",
            hint=self.lock.remedy,
        )

    def _activate_reachable(self) -> None:
        """Add to ``active`` each extra that is reached, until no more are.

        The condition under which a node is reached travels along, since extras that become active
        later may decide it.
        """
        queue = deque(self.queue)
        reached: dict[Node, Truth] = dict.fromkeys(self.queue, True)
        while queue:
            node = queue.popleft()
            for edge in self._edges(node):
                extras = _extras_of(edge)
                condition = self.evaluator.both(
                    self.evaluator.condition(edge.marker), reached[node]
                )
                if not holds(condition, self.active | extras):
                    continue
                self.active |= extras
                for target in self._targets(edge):
                    before = reached.get(target, False)
                    reached[target] = self.evaluator.either(before, condition)
                    if reached[target] is not before:
                        queue.append(target)

    def _refuse_conflicts(self) -> None:
        """Refuse extras that do not go together, and that the dependencies ask for."""
        _refuse(
            self.lock,
            [
                [
                    item
                    for item in conflict
                    if item.extra is not None and encode(item) in self.active
                ]
                for conflict in self.lock.conflicts
            ],
        )

    def _reach(self) -> set[int]:
        """Return the packages that are reached while what is active stays as it is."""
        seen = set(self.queue)
        queue = deque(seen)
        while queue:
            for edge in self._edges(queue.popleft()):
                if holds(self.evaluator.condition(edge.marker), self.active):
                    for target in self._targets(edge):
                        if target not in seen:
                            seen.add(target)
                            queue.append(target)
        return {number for number, _ in seen}


def _refuse_request(lock: Lock, request: Request) -> None:
    """Refuse what was asked for if it cannot go together, even if there is nothing in it."""
    roots = {root.name: root for root in request.roots}

    def is_asked(item: ConflictItem) -> bool:
        if item.package not in roots:
            return False
        if item.group is not None:
            return request.groups.takes(item.group)
        if item.extra is not None:
            return request.groups.takes_projects and request.extras.takes(item.extra)
        return request.groups.takes_projects

    _refuse(lock, [list(filter(is_asked, items)) for items in lock.conflicts])


def _refuse(lock: Lock, together: Iterable[Sequence[ConflictItem]]) -> None:
    clashes = {" and ".join(map(str, items)) for items in together if len(items) > 1}
    if clashes:
        raise ConflictingRequest(
            f"`{lock.path}` does not allow together: {'; '.join(sorted(clashes))}",
            hint="Choose one of them: see `--extra`, `--no-extra`, `--group`, `--no-group` and "
            "`--package`",
        )


def _extras_taken(request: Request, root: Package) -> list[str]:
    return [extra for extra in sorted(root.optional_dependencies) if request.extras.takes(extra)]


def _extras_of(edge: Dependency) -> set[str]:
    return {encode(ConflictItem(edge.name, extra=extra)) for extra in edge.extras}
