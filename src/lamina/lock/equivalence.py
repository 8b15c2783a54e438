"""Whether two ways to write a marker, or a specifier, mean the same.

uv writes what a project declares in its own normal form: ``platform_system == 'Windows'`` becomes
``sys_platform == 'win32'``, ``>=3.10,<3.11`` becomes ``==3.10.*``. Rather than to follow its
algebra, both sides are asked about every machine that could tell them apart. So two that mean the
same are never called different, which matters more here than that any difference is found.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from lamina.lock.markers import Evaluator, holds, literals

_MOST_MACHINES = 4000
"""With more than so many machines to ask, two markers are taken to mean the same."""

_SYSTEMS = (
    {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"},
    {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin"},
    {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows"},
)
"""Keys that belong together: uv knows that there is no ``win32`` with ``posix``."""

_IMPLEMENTATIONS = (
    {"implementation_name": "cpython", "platform_python_implementation": "CPython"},
    {"implementation_name": "pypy", "platform_python_implementation": "PyPy"},
)
_FREE = ("platform_machine", "platform_release", "platform_version")
_PYTHON = frozenset({"python_version", "python_full_version", "implementation_version"})


@dataclass(frozen=True, slots=True)
class Term:
    """Where a requirement applies: all of some markers hold, and none of others."""

    every: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def applies(self, evaluator: Evaluator, active: frozenset[str]) -> bool:
        """Say whether it applies on the machine of the evaluator, with these extras active."""
        return all(holds(evaluator.condition(marker), active) for marker in self.every) and not any(
            holds(evaluator.condition(marker), active) for marker in self.none
        )


def same_terms(
    one: Iterable[Term],
    other: Iterable[Term],
    *,
    requires_python: SpecifierSet,
    active: frozenset[str] = frozenset(),
) -> bool:
    """Say whether one of ``one`` applies exactly where one of ``other`` does."""
    one, other = frozenset(one), frozenset(other)
    if one == other:
        return True
    markers = sorted({m for term in one | other for m in (*term.every, *term.none)})
    for machine in _machines(markers, requires_python):
        evaluator = Evaluator(machine)
        if any(t.applies(evaluator, active) for t in one) != any(
            t.applies(evaluator, active) for t in other
        ):
            return False
    return True


def includes(outer: SpecifierSet, inner: SpecifierSet) -> bool:
    """Say whether each Python that ``inner`` admits is admitted by ``outer`` too."""
    texts = [specifier.version for specifier in (*outer, *inner)]
    return all(
        outer.contains(version, prereleases=True)
        for version in _pythons(texts)
        if inner.contains(version, prereleases=True)
    )


def _machines(markers: Sequence[str], requires_python: SpecifierSet) -> Iterator[Mapping[str, str]]:
    """Give every machine that could tell the markers apart; none if they are too many."""
    asked: dict[str, set[str]] = {}
    for marker in markers:
        for key, text in literals(marker):
            asked.setdefault(key, set()).add(text)
    axes: list[list[dict[str, str]]] = [
        _profiles(_SYSTEMS, asked),
        _profiles(_IMPLEMENTATIONS, asked),
        _python_axis(asked, requires_python),
        *([{key: text} for text in sorted({"", *asked.get(key, ())})] for key in _FREE),
    ]
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > _MOST_MACHINES:
        return
    for parts in itertools.product(*axes):
        yield {key: text for part in parts for key, text in part.items()}


def _profiles(
    known: Sequence[Mapping[str, str]], asked: Mapping[str, set[str]]
) -> list[dict[str, str]]:
    """Return the known profiles, and one with each text that none of them has."""
    keys = known[0].keys()
    if not asked.keys() & keys:
        return [dict(known[0])]
    other = dict.fromkeys(keys, "")
    unknown = [
        {**other, key: text}
        for key in keys
        for text in sorted(asked.get(key, ()))
        if all(profile[key] != text for profile in known)
    ]
    return [*map(dict, known), other, *unknown]


def _python_axis(
    asked: Mapping[str, set[str]], requires_python: SpecifierSet
) -> list[dict[str, str]]:
    texts = [text for key in sorted(_PYTHON) for text in sorted(asked.get(key, ()))]
    candidates = _pythons([*texts, *(specifier.version for specifier in requires_python)])
    admitted = [v for v in candidates if requires_python.contains(v, prereleases=True)]
    # Nothing to tell apart: any one Python will do.
    if not texts:
        admitted = admitted[:1]
    return [
        {
            "python_full_version": str(version),
            "python_version": f"{version.major}.{version.minor}",
            "implementation_version": str(version),
        }
        for version in admitted
    ]


def _pythons(texts: Iterable[str]) -> list[Version]:
    """Return the versions at, just before and just after each of those that are written."""
    found: set[tuple[int, int, int]] = {(3, 0, 0), (4, 0, 0)}
    for text in texts:
        for word in text.split():
            try:
                release = Version(word.removesuffix(".*")).release
            except InvalidVersion:
                continue
            major, minor, micro = (*release, 0, 0)[:3]
            if max(major, minor, micro) < 10_000:
                found |= {(major, minor, micro + step) for step in (-1, 0, 1, 100)}
                found |= {(major, minor + step, part) for step in (-1, 1) for part in (0, 100)}
                found |= {(major + 1, 0, 0)}
    return [Version(f"{a}.{b}.{c}") for a, b, c in sorted(found) if min(a, b, c) >= 0]
