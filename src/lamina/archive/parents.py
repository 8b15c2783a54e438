"""The directories that lead to entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lamina.archive.entry import Entry, Kind, directory


def parents(path: str) -> list[str]:
    """Return the directories above ``path``, outermost first.

    >>> parents("a/b/c")
    ['a', 'a/b']
    """
    return [path[:at] for at, character in enumerate(path) if character == "/"]


def with_parents(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Give ``entries`` in their order, each after the directories that it lies in, once each.

    >>> [entry.path for entry in with_parents([Entry("a/b"), Entry("a/c/d")])]
    ['a', 'a/b', 'a/c', 'a/c/d']
    """
    seen: set[str] = set()
    for entry in entries:
        missing = []
        at = entry.path.rfind("/")
        while at > 0 and (parent := entry.path[:at]) not in seen:
            missing.append(parent)
            at = entry.path.rfind("/", 0, at)
        seen.update(missing)
        yield from map(directory, reversed(missing))
        if entry.kind is not Kind.DIRECTORY:
            yield entry
        elif entry.path not in seen:
            seen.add(entry.path)
            yield entry
