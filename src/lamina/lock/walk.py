"""Which packages of a lock an installation takes: the walk over its graph.

The steps are those of ``uv sync`` (``crates/uv-resolver/src/lock/installable.rs``). A marker on an
edge was simplified under what makes its parent reachable, so it is asked only on the way from
there; and two versions of one project are told apart by nothing but the edges that name them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lamina.lock.markers import Evaluator, Truth, encode, holds
from lamina.lock.model import ConflictItem, Dependency, Lock, LockError, Package, Requirement


class ConflictingRequest(LockError):
    """Extras or groups that the lock was told never to be installed together."""


class InconsistentLock(LockError):
    """A lock whose parts do not fit each other."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a lock: the packages to begin with, and what of them."""

    roots: tuple[Package, ...]
    extras: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


Node = tuple[int, str | None]
"""A package, by its place in the lock, and one of its extras; ``None`` for the package alone."""


def walk(lock: Lock, request: Request, evaluator: Evaluator) -> tuple[Package, ...]:
    """Return the packages that the request takes, roots included, in the order of the lock."""
    return _Walk(lock, evaluator).run(request)


@dataclass(slots=True)
class _Walk:
    """The state of one walk: what is active, and what is still to be visited."""

    lock: Lock
    evaluator: Evaluator
    by_name: dict[str, list[int]] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    requested: set[str] = field(default_factory=set)
    """The extras that were asked for, those without dependencies too, which never are active."""
    queue: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, package in enumerate(self.lock.packages):
            self.by_name.setdefault(package.name, []).append(number)

    def run(self, request: Request) -> tuple[Package, ...]:
        roots = [self._number(package) for package in request.roots]
        if self.lock.conflicts:
            self._activate_request(roots, request)
        for root in roots:
            self.queue.append((root, None))
            self.queue.extend((root, extra) for extra in sorted(request.extras))
        for root in roots:
            for group in sorted(request.groups):
                self._enter_group(self.lock.packages[root].dependency_groups.get(group, ()))
        self._enter_manifest(request.groups)
        if self.lock.conflicts:
            self._activate_reachable()
            self._refuse_conflicts()
        return tuple(self.lock.packages[number] for number in sorted(self._reach()))

    def _number(self, package: Package) -> int:
        return next(n for n in self.by_name[package.name] if self.lock.packages[n] is package)

    def _activate_request(self, roots: Iterable[int], request: Request) -> None:
        for root in roots:
            package = self.lock.packages[root]
            extras = request.extras & package.optional_dependencies.keys()
            groups = request.groups & package.dependency_groups.keys()
            self.requested |= {encode(ConflictItem(package.name, extra=e)) for e in request.extras}
            self.active.add(encode(ConflictItem(package.name)))
            self.active |= {encode(ConflictItem(package.name, extra=e)) for e in extras}
            self.active |= {encode(ConflictItem(package.name, group=g)) for g in groups}

    def _enter_group(self, edges: Iterable[Dependency]) -> None:
        for edge in edges:
            extras = _extras_of(edge)
            if holds(self.evaluator.condition(edge.marker), self.active | extras):
                self.active |= extras
                self.queue.extend(self._targets(edge))

    def _enter_manifest(self, groups: frozenset[str]) -> None:
        """Enter what a workspace without a project of its own, or a script, asks for itself."""
        manifest = self.lock.manifest
        named = [manifest.dependency_groups.get(group, ()) for group in sorted(groups)]
        for requirement in [*manifest.requirements, *(r for group in named for r in group)]:
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
            hint="To write the lockfile again, run `uv lock`",
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
        taken = self.active | self.requested
        clashes = [
            " and ".join(str(item) for item in both)
            for conflict in self.lock.conflicts
            if len(both := [item for item in conflict if encode(item) in taken]) > 1
        ]
        if clashes:
            raise ConflictingRequest(
                f"`{self.lock.path}` does not allow together: {'; '.join(sorted(set(clashes)))}",
                hint="Choose one of them with `--extra` or `--group`",
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


def _extras_of(edge: Dependency) -> set[str]:
    return {encode(ConflictItem(edge.name, extra=extra)) for extra in edge.extras}
