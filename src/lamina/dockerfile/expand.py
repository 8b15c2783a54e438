"""Variables in a Dockerfile, expanded as BuildKit does: it is no shell, though it looks like one.

Only what ARG and ENV set is known; ``~`` means nothing. These forms are known, and no others::

    $name  ${name}
    ${name:-word}  ${name-word}        word, if the variable is unset (or empty, with the colon)
    ${name:+word}  ${name+word}        word, if it is set (and not empty)
    ${name:?word}  ${name?word}        an error, if it is unset
    ${name#pattern}  ${name##pattern}  without what matches at the beginning, shortest or longest
    ${name%pattern}  ${name%%pattern}  the same at the end
    ${name/pattern/word}  ${name//pattern/word}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lamina.dockerfile.pattern import InvalidPattern, Pattern

_SPECIAL = frozenset("@*#?-$!0")
_DEEPEST = 60


class ExpansionError(Exception):
    """A word that a builder refuses to expand."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A word with its variables replaced."""

    text: str
    unset: frozenset[str]
    """The variables in it that nothing sets."""


Lookup = Callable[[str], str | None]


def expand(text: str, lookup: Lookup, escape: str = "\\") -> Expanded:
    """Return a word expanded, without its quotes. Raises `ExpansionError`, and what lookup does.

    >>> found = expand("'$A'/${B:-c}$D", {"A": "a"}.get)
    >>> found.text, sorted(found.unset)
    ('$A/c', ['B', 'D'])
    """
    lexer = Lexer(text, escape, lookup)
    return Expanded(lexer.text(), frozenset(lexer.unset))


class Lexer:
    """Reads one text; ``words`` divides it at white space that is not quoted."""

    def __init__(
        self,
        text: str,
        escape: str,
        lookup: Lookup = lambda _: None,
        *,
        keeps_quotes: bool = False,
        keeps_unset: bool = False,
    ) -> None:
        self._text = text
        self._at = 0
        self._escape = escape
        self._lookup = lookup
        self._keeps_quotes = keeps_quotes
        self._keeps_unset = keeps_unset
        self._keeps_escapes = keeps_quotes
        self._depth = 0
        self.unset: set[str] = set()

    def text(self) -> str:
        """Return the whole text, expanded."""
        return "".join(part for part, _ in self._until(""))

    def words(self) -> list[str]:
        """Return the words of the expanded text."""
        words: list[str] = []
        word = ""
        for part, is_raw in self._until(""):
            for character in part:
                if is_raw or not character.isspace():
                    word += character
                elif word:
                    words.append(word)
                    word = ""
        return [*words, word] if word else words

    def _until(self, stop: str) -> list[tuple[str, bool]]:
        """Return parts up to a character, each with whether white space in it is kept."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpansionError("substitutions are nested too deeply")
        parts: list[tuple[str, bool]] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == stop:
                self._at += 1
                break
            if character == "$":
                parts.append((self._dollar(), False))
            elif character == "'":
                parts.append((self._single(), True))
            elif character == '"':
                parts.append((self._double(), True))
            elif character == self._escape:
                parts.append((self._escaped(), True))
            else:
                self._at += 1
                parts.append((character, False))
        else:
            if stop:
                raise ExpansionError(f"syntax error: missing `{stop}`")
        self._depth -= 1
        return parts

    def _escaped(self) -> str:
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        return (self._escape if self._keeps_escapes else "") + following

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise ExpansionError("a single quote is not closed")
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return f"'{inner}'" if self._keeps_quotes else inner

    def _double(self) -> str:
        self._at += 1
        parts: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                inner = "".join(parts)
                return f'"{inner}"' if self._keeps_quotes else inner
            if character == "$":
                parts.append(self._dollar())
                continue
            self._at += 1
            if character == self._escape:
                parts.append(self._escaped_in_double())
            else:
                parts.append(character)
        raise ExpansionError("a double quote is not closed")

    def _escaped_in_double(self) -> str:
        kept = self._escape if self._keeps_escapes else ""
        following = self._text[self._at : self._at + 1]
        if following and following in ('"', "$", self._escape):
            self._at += 1
            return kept + following
        return kept + (self._escape if following else "")

    def _dollar(self) -> str:
        self._at += 1
        if not self._text.startswith("{", self._at):
            name = self._name()
            if not name:
                return "$"
            return self._plain(name, f"${name}")
        self._at += 1
        if self._text[self._at : self._at + 1] in ("", "{", "}", ":"):
            raise ExpansionError("syntax error: bad substitution")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._plain(name, f"${{{name}}}")
        if operator == "/":
            return self._replace(name)
        null_is_unset = operator == ":"
        operator = self._next() if null_is_unset else operator
        if not operator or operator not in "+-?#%":
            raise ExpansionError(f"unsupported modifier in `${{{name}...}}`")
        written = (":" if null_is_unset else "") + operator
        return self._modified(name, operator, written, null_is_unset)

    def _plain(self, name: str, written: str) -> str:
        value = self._value(name)
        return written if value is None and self._keeps_unset else value or ""

    def _modified(self, name: str, operator: str, written: str, null_is_unset: bool) -> str:
        word = self._word("}", raw=operator in "#%")
        value = self._value(name)
        if value is None and self._keeps_unset:
            return f"${{{name}{written}{word}}}"
        is_unset = value is None or (null_is_unset and not value)
        if operator == "-":
            return word if is_unset else value or ""
        if operator == "+":
            return "" if is_unset else word
        if operator == "?":
            if is_unset:
                raise ExpansionError(f"{name}: {word or 'is not allowed to be unset'}")
            return value or ""
        is_longest = word.startswith(operator)
        pattern = _pattern(word[1:] if is_longest else word)
        cut = pattern.without_prefix if operator == "#" else pattern.without_suffix
        return cut(value or "", longest=is_longest)

    def _replace(self, name: str) -> str:
        is_all = self._text.startswith("/", self._at)
        self._at += is_all
        pattern = self._word("/", raw=True)
        replacement = self._word("}", raw=True)
        value = self._value(name)
        if value is None and self._keeps_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        return _pattern(pattern).replaced(value or "", replacement, everywhere=is_all)

    def _word(self, stop: str, *, raw: bool) -> str:
        before, self._keeps_escapes = self._keeps_escapes, raw
        word = "".join(part for part, _ in self._until(stop))
        self._keeps_escapes = before
        return word

    def _value(self, name: str) -> str | None:
        value = self._lookup(name)
        if value is None:
            self.unset.add(name)
        return value

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1 : self._at]

    def _name(self) -> str:
        start = self._at
        first = self._text[start : start + 1]
        if first and first in _SPECIAL and not first.isdecimal():
            self._at += 1
        elif first.isdecimal():
            while self._text[self._at : self._at + 1].isdecimal():
                self._at += 1
        else:
            while (each := self._text[self._at : self._at + 1]) and (
                each.isalpha() or each.isdecimal() or each == "_"
            ):
                self._at += 1
        return self._text[start : self._at]


def _pattern(text: str) -> Pattern:
    try:
        return Pattern.parse(text)
    except InvalidPattern as error:
        raise ExpansionError(f"invalid pattern `{text}`: {error}") from None
