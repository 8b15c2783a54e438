"""Words of commands: options, and the values that are good for an image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_OCTAL = re.compile(r"0*[0-7]{3,4}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
"""What may name an account; nothing that would break a line of `passwd`."""


class Unknown(Exception):
    """A form of a command that is not known."""


def options(
    words: Sequence[str], with_value: Mapping[str, str], flags: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the options by one name each, and the rest. Raises `Unknown` for any other."""
    found: dict[str, str] = {}
    rest: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            rest += left
            break
        if not word.startswith("-") or word == "-":
            rest.append(word)
        elif name.startswith("--") and equals and name in with_value:
            found[with_value[name]] = value
        elif word in with_value and left:
            found[with_value[word]] = left.pop(0)
        elif word in flags:
            found[flags[word]] = ""
        elif not word.startswith("--") and word[:2] in with_value and len(word) > 2:
            found[with_value[word[:2]]] = word[2:]
        elif not word.startswith("--") and all(f"-{letter}" in flags for letter in word[1:]):
            found |= {flags[f"-{letter}"]: "" for letter in word[1:]}
        else:
            raise Unknown
    return found, rest


def absolute(path: str) -> str:
    """Return an absolute path without detours. Raises `Unknown`."""
    parts = path.split("/")
    if not path.startswith("/") or {"..", ".", ""} & set(parts[1:]) or not path.isprintable():
        raise Unknown
    return path


def some(paths: list[str]) -> list[str]:
    """Return paths, of which there must be one. Raises `Unknown`."""
    if not paths:
        raise Unknown
    return paths


def account(name: str) -> str:
    """Return the name or number of an account. Raises `Unknown`."""
    if not (_NAME.fullmatch(name) or name.isdecimal()):
        raise Unknown
    return name


def field(text: str) -> str:
    """Return what may stand in a field of `passwd`. Raises `Unknown`."""
    if ":" in text or not text.isprintable():
        raise Unknown
    return text


def mode_of(text: str) -> int:
    """Return a mode that is written in octal digits. Raises `Unknown`."""
    if not _OCTAL.fullmatch(text):
        raise Unknown
    return int(text, 8)


def number(text: str | None) -> int | None:
    """Return the number of an account, if one is asked for. Raises `Unknown`."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Unknown
    return int(text)
