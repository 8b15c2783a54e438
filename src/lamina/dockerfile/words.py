"""The words of an instruction: flags, lists in JSON, words with quotes; each with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lamina.dockerfile.text import Joined

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD = re.compile(r"[^\t\v\f\r ]+")


class NotStrings(Exception):
    """A list in JSON that has something else than strings."""


def split_flags(text: Joined) -> tuple[list[Joined], Joined]:
    """Return the flags that an instruction begins with, without their quotes, and the rest."""
    flags: list[Joined] = []
    at, line = 0, text.text
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        if not line.startswith("--", at):
            return flags, text.slice(at).stripped()
        kept, at = _flag(line, at)
        if "".join(character for _, character in kept) == "--":
            break
        flags.append(text.pick(kept))
    return flags, text.slice(min(at, len(line))).stripped()


def _flag(line: str, at: int) -> tuple[list[tuple[int, str]], int]:
    """Return the characters of a flag, each with its offset, and where it ends."""
    kept: list[tuple[int, str]] = []
    quote = ""
    while at < len(line):
        character = line[at]
        if character == "\\":
            at += 1
            if at < len(line):
                kept.append((at, line[at]))
            else:
                quote = ""
        elif quote:
            if character == quote:
                quote = ""
            else:
                kept.append((at, character))
        elif character.isspace():
            break
        elif character in "'\"":
            quote = character
        else:
            kept.append((at, character))
        at += 1
    return kept, at


def plain_words(text: Joined) -> list[Joined]:
    """Return words between white space; quotes mean nothing."""
    return [text.slice(*match.span()) for match in _WORD.finditer(text.text)]


def quoted_words(text: Joined, escape: str) -> list[Joined]:
    """Return words between white space that is not quoted; the quotes are kept."""
    return [text.slice(start, end) for start, end in _quoted(text.text, escape)]


def _quoted(line: str, escape: str) -> Iterator[tuple[int, int]]:
    start, quote, at = None, "", 0
    while at < len(line):
        character = line[at]
        if start is None:
            if character.isspace():
                at += 1
                continue
            start = at
        if character == escape and quote != "'":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character.isspace():
            yield start, at
            start = None
        elif character in "'\"":
            quote = character
        at += 1
    if start is not None:
        # A lonely escape character at the end belongs to no word.
        end = len(line) - (at > len(line))
        if end > start:
            yield start, end


def is_json_list(text: str) -> bool:
    """Say whether arguments are a list of strings in JSON."""
    try:
        return json_words(Joined(text, ((0, 0),))) is not None
    except NotStrings:
        return False


def json_words(text: Joined) -> list[Joined] | None:
    r"""Return the strings of a list in JSON, or None if it is none. Raises `NotStrings`.

    >>> [word.text for word in json_words(Joined('["a", "b\\t"]', ((0, 0),)))]
    ['a', 'b\t']
    """
    if not text.text.lstrip().startswith("["):
        return None
    try:
        values = json.loads(text.text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        raise NotStrings
    matches = _STRING.finditer(text.text)
    return [
        Joined(value, ((0, text.origin(match.start() + 1)),))
        for value, match in zip(values, matches, strict=True)
    ]


def _refuse(constant: str) -> None:
    raise ValueError(constant)
