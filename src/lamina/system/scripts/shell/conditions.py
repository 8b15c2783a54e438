"""Whether commands that only ask something would succeed at a first installation.

Three answers: yes, no, and unknown. A command that does something is taken to succeed, since the
package could not be installed otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from lamina.system.scripts.shell.surroundings import Surroundings
from lamina.system.scripts.shell.words import Word

Truth: TypeAlias = bool | None
"""None is unknown."""

_ACCOUNT_FILES = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")
_ASKING = (
    " [ [[ aa-enabled aa-status awk cmp command cut diff dpkg dpkg-divert dpkg-query "
    "dpkg-vendor egrep expr fgrep find grep hash head let ls lsmod mountpoint openssl perl "
    "php ps python python3 read readlink ruby sed sort stat tail tr type udevadm uname "
    "update-alternatives wc which "
)
"""Commands whose outcome is not known; those among them that do something are seen as well."""
_EMPTY_VERSION = {
    "lt": True,
    "le": True,
    "eq": False,
    "ne": True,
    "ge": False,
    "gt": False,
    "lt-nl": False,
    "le-nl": False,
    "ge-nl": True,
    "gt-nl": True,
    "<<": True,
    "<=": True,
    "<": True,
    "=": False,
    ">=": False,
    ">>": False,
    ">": False,
}
"""How no version at all compares with any (dpkg(1), --compare-versions)."""


def outcome(words: Sequence[Word], surroundings: Surroundings) -> Truth:
    """Say whether a command would succeed."""
    values = [word.value for word in words]
    name = (values[0] or "").rpartition("/")[2] if values else ""
    match [name, *values[1:]]:
        case ["false", *_]:
            return False
        case ["test", *rest]:
            return check(rest, surroundings)
        case ["dpkg", "--compare-versions", "", str(relation), *_]:
            return _EMPTY_VERSION.get(relation)
        # An account that is there already is not made again, so that nothing depends on it.
        case ["getent", "passwd" | "group" | "shadow" | "gshadow", *_] | ["id", *_]:
            return False
        case ["grep" | "egrep" | "fgrep", *rest] if any(each in _ACCOUNT_FILES for each in rest):
            return False
        case ["dpkg-statoverride", *rest] if "--list" in rest:
            return False
        # At a first installation nobody has chosen an alternative of this package.
        case ["update-alternatives", "--list" | "--query" | "--display", *_]:
            return False
        case ["dpkg-maintscript-helper", "supports", *_]:
            return True
        case ["systemctl" | "pidof" | "pgrep" | "ischroot", *_]:
            return False
        case ["which" | "type" | "hash", str(program)] | ["command", "-v", str(program)]:
            return surroundings.has_program(program)
        case _:
            return None if not name or f" {name} " in _ASKING else True


def check(words: Sequence[str | None], surroundings: Surroundings) -> Truth:
    """Say whether `test` would succeed, as POSIX has it: ``!``, ``-a``, ``-o``, parentheses."""
    return _Test(list(words), surroundings).disjunction()


class _Test:
    """The words of one `test` while they are read from the left."""

    def __init__(self, words: list[str | None], surroundings: Surroundings) -> None:
        self._words = words
        self._around = surroundings

    def disjunction(self) -> Truth:
        """Read what ``-o`` joins."""
        left = self._conjunction()
        while self._words[:1] in (["-o"], ["||"]):
            del self._words[0]
            left = either(left, self._conjunction())
        return left

    def _conjunction(self) -> Truth:
        left = self._negation()
        while self._words[:1] in (["-a"], ["&&"]):
            del self._words[0]
            left = both(left, self._negation())
        return left

    def _negation(self) -> Truth:
        # `!` alone, or compared with something, is a word like others.
        if self._words[:1] == ["!"] and len(self._words) > 1 and not self._is_binary():
            del self._words[0]
            return opposite(self._negation())
        return self._primary()

    def _is_binary(self) -> bool:
        return len(self._words) > 2 and self._words[1] in _BINARY

    def _primary(self) -> Truth:
        words = self._words
        if not words:
            return False
        if self._is_binary():
            left, operator, right = words[:3]
            del words[:3]
            assert operator is not None
            return _compared(left, operator, right)
        if words[0] == "(":
            del words[0]
            inner = self.disjunction()
            del words[:1]
            return inner
        if len(words) > 1 and words[0] in _UNARY:
            asked = _UNARY[words[0]]
            operand = words[1]
            del words[:2]
            return None if operand is None else asked(self._around, operand)
        word = words.pop(0)
        return None if word is None else bool(word)


def opposite(truth: Truth) -> Truth:
    """Return yes for no, no for yes."""
    return None if truth is None else not truth


def both(left: Truth, right: Truth) -> Truth:
    """Return whether both hold."""
    if left is False or right is False:
        return False
    return True if left and right else None


def either(left: Truth, right: Truth) -> Truth:
    """Return whether one of both holds."""
    return opposite(both(opposite(left), opposite(right)))


def _compared(left: str | None, operator: str, right: str | None) -> Truth:
    if left is None or right is None:
        return None
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    numbers = [int(each) for each in (left, right) if each.strip().lstrip("-").isdecimal()]
    if operator not in _NUMERIC or len(numbers) != 2:
        return None
    return _NUMERIC[operator](*numbers)


_NUMERIC: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda left, right: left == right,
    "-ne": lambda left, right: left != right,
    "-lt": lambda left, right: left < right,
    "-le": lambda left, right: left <= right,
    "-gt": lambda left, right: left > right,
    "-ge": lambda left, right: left >= right,
}
_BINARY = frozenset({"=", "==", "!=", "=~", "<", ">", "-nt", "-ot", "-ef", *_NUMERIC})


def _is_link(around: Surroundings, path: str) -> Truth:
    # What a package ships at a path may be a link or not.
    return False if around.has(path) is False else None


def _never(_around: Surroundings, _operand: str) -> Truth:
    return False


_UNARY: dict[str | None, Callable[[Surroundings, str], Truth]] = {
    "-n": lambda _, text: bool(text),
    "-z": lambda _, text: not text,
    "-e": Surroundings.has,
    "-f": Surroundings.has,
    "-r": Surroundings.has,
    "-s": Surroundings.has,
    "-w": Surroundings.has,
    "-d": Surroundings.has_directory,
    "-x": lambda around, path: around.has_program(path) if path else False,
    "-h": _is_link,
    "-L": _is_link,
    "-S": _never,
    "-p": _never,
    "-b": _never,
    "-c": _never,
    "-t": _never,
    "-u": _is_link,
    "-g": _is_link,
    "-k": _is_link,
}
