"""apt's configuration: options by name, in nested blocks (apt.conf(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r'(?P<skipped>\s+|//[^\n]*|#(?!clear|include)[^\n]*|/\*.*?\*/)|"(?P<quoted>[^"]*)"'
    r'|(?P<sign>[{};])|(?P<word>[^\s{};"]+)',
    re.DOTALL,
)
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


def option(texts: list[bytes], name: str) -> str:
    """Return what is set last of an option, empty if nothing is; names have no case.

    >>> option([b'APT { Default-Release "stable"; };'], "APT::Default-Release")
    'stable'
    """
    value = ""
    for text in texts:
        for key, found in _assignments(text.decode("utf-8", "replace")):
            if key.lower() == name.lower():
                value = found
            elif key.startswith("#clear ") and name.lower().startswith(key[7:].lower()):
                value = ""
    return value


def is_read(name: str) -> bool:
    """Say whether apt reads a file of that name in ``apt.conf.d``."""
    stem, dot, ending = name.rpartition(".")
    return bool(_NAME.fullmatch(name)) and (not dot or (ending == "conf" and bool(stem)))


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """Return each full name with its value, and ``#clear NAME`` with none."""
    outer: list[str] = []
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        if match["skipped"]:
            continue
        if match["sign"] == "{":
            outer.append(words[0] if words else "")
            words = []
        elif match["sign"] == "}":
            outer, words = outer[:-1], []
        elif match["sign"] == ";":
            if words[:1] == ["#clear"]:
                yield f"#clear {'::'.join([*outer, *words[1:2]])}", ""
            elif len(words) == 2:
                yield "::".join([*outer, words[0]]), words[1]
            words = []
        else:
            words.append(match["word"] or match["quoted"] or "")
