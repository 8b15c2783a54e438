"""Patterns in substitutions: ``*`` and ``?``; matched in time that no input can blow up."""

from __future__ import annotations

from dataclasses import dataclass


class InvalidPattern(Exception):
    """A pattern that escapes what need not be."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as its characters; each with whether it is a wildcard."""

    tokens: tuple[tuple[str, bool], ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern. Raises `InvalidPattern`."""
        tokens: list[tuple[str, bool]] = []
        at = 0
        while at < len(text):
            character = text[at]
            if character == "\\":
                at += 1
                following = text[at : at + 1]
                if not following or following not in "*?\\}/":
                    raise InvalidPattern(f"`\\{following}` escapes nothing")
                tokens.append((following, False))
            else:
                tokens.append((character, character in "*?"))
            at += 1
        return cls(tuple(tokens))

    def without_prefix(self, value: str, *, longest: bool) -> str:
        """Return a value without what matches at its beginning.

        >>> Pattern.parse("*/").without_prefix("a/b/c", longest=False)
        'b/c'
        """
        ends = self._ends(value, 0)
        return value[(max if longest else min)(ends) :] if ends else value

    def without_suffix(self, value: str, *, longest: bool) -> str:
        """Return a value without what matches at its end."""
        turned = Pattern(self.tokens[::-1])
        return turned.without_prefix(value[::-1], longest=longest)[::-1]

    def replaced(self, value: str, replacement: str, *, everywhere: bool) -> str:
        """Return a value with the longest match replaced, or with all of them."""
        parts: list[str] = []
        at = 0
        while at < len(value):
            ends = self._ends(value, at)
            if ends and max(ends) > at:
                parts.append(replacement)
                at = max(ends)
                if not everywhere:
                    break
            else:
                parts.append(value[at])
                at += 1
        return "".join(parts) + value[at:]

    def _ends(self, value: str, start: int) -> set[int]:
        """Return where matches end that begin at ``start``: all of them, in one pass."""
        ends = {start}
        for character, is_wild in self.tokens:
            if is_wild and character == "*":
                ends = set(range(min(ends), len(value) + 1)) if ends else ends
            else:
                ends = {
                    end + 1
                    for end in ends
                    if end < len(value) and (is_wild or value[end] == character)
                }
        return ends
