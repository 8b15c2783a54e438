"""Which paths are there, or not there any more, after a command that makes or removes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.system.scripts.shell.words import Word

_ALL = frozenset({"mkdir", "touch"})
"""Commands that make all of their paths."""
_LAST = frozenset({"cp", "install", "ln", "mv", "ucf"})
"""Commands that make what they name last."""
_NONE = frozenset({"rm", "rmdir"})


def touched(words: Sequence[Word]) -> Iterator[tuple[str, bool]]:
    """Give absolute paths, each with whether it is there afterwards.

    >>> word = lambda text: Word(text, text)
    >>> list(touched([word("mv"), word("/a"), word("/b")]))
    [('/a', False), ('/b', True)]
    """
    values = [word.value or "" for word in words]
    name, paths = values[0] if values else "", [each for each in values[1:] if each[:1] == "/"]
    if name == "mv":
        yield from ((path, False) for path in paths[:-1])
    if name in _ALL:
        yield from ((path, True) for path in paths)
    elif name in _NONE:
        yield from ((path, False) for path in paths)
    elif name in _LAST and paths:
        yield paths[-1], True
